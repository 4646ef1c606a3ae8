//! What is taken, what is answered, and what then lies in the queue.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use notify_bus::{Address, Kind, Route, Subscription};
use scantill_tests::broker::Letter;
use scantill_tests::caller::Caller;
use scantill_tests::counter::MCH_ID;
use scantill_tests::relay::{
    NOTIFY_PATH, OTHER_MCH_ID, merchant, notify, other_merchant, our_merchant, paid, signed,
};
use serde::Deserialize;
use wechat_pay::pay_notify::{self, NotifyReply, notify_reply};
use wechat_pay::{Fields, Nonce, SignType, refund_notify};

use super::{UNROUTED, relay, relay_with};

/// The bodies that `wechat-pay` is tested with.
#[derive(Deserialize)]
struct Manifest {
    appid: String,
    mch_id: String,
    key: String,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    file: String,
    should_accept: bool,
    firm: bool,
    expect: BTreeMap<String, String>,
}

/// What is taken where the manifest leaves the choice; `wechat-pay`'s own test of these bodies says why.
const TAKEN_BY_CHOICE: [&str; 3] = ["ok-result-fail.xml", "bom-utf8.xml", "collision-ampersand.xml"];

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/wechat-pay/tests/vectors/notify")
}

#[tokio::test]
async fn every_body_gets_its_verdict_its_answer_and_its_place() -> anyhow::Result<()> {
    let manifest: Manifest = serde_json::from_slice(&fs::read(vectors().join("manifest.json"))?)?;
    let (relay, vhost) =
        relay_with(|setup| setup.table(&merchant(&manifest.appid, &manifest.mch_id, &manifest.key))).await?;
    let mut taken = 0;
    for entry in &manifest.entries {
        let file = &entry.file;
        let body = fs::read(vectors().join(file))?;
        let accept = if entry.firm {
            entry.should_accept
        } else {
            TAKEN_BY_CHOICE.contains(&file.as_str())
        };
        let reply = if accept {
            NotifyReply::Taken
        } else {
            NotifyReply::SendAgain
        };
        let answer = relay.post(&body).await?;
        if body.len() > pay_notify::CAP {
            assert_eq!(answer.status, 413, "{file}: too long to be read");
        } else {
            assert_eq!(
                answer.status, 200,
                "{file}: what was read is answered in WeChat's form"
            );
            assert_eq!(
                answer.body,
                notify_reply(reply),
                "{file}: the verdict, and nothing besides"
            );
        }
        let letters = vhost.take(UNROUTED, 2).await?;
        assert_eq!(
            letters.len(),
            usize::from(accept),
            "{file}: answered SUCCESS and lying in the queue are one and the same"
        );
        for letter in letters {
            check_letter(file, &body, &letter, &entry.expect)?;
            taken += 1;
        }
    }
    assert_eq!(manifest.entries.len(), 55, "the manifest is whole");
    assert!(taken >= 20, "and not all of it was refused: {taken}");
    Ok(())
}

fn check_letter(
    file: &str,
    body: &[u8],
    letter: &Letter,
    expect: &BTreeMap<String, String>,
) -> anyhow::Result<()> {
    let posted = Fields::from_xml(body, body.len())?;
    let posted: BTreeMap<&str, &str> = posted.iter().collect();
    let lies: BTreeMap<String, String> = serde_json::from_slice(&letter.body)?;
    let lies_there: BTreeMap<&str, &str> = lies.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(
        lies_there, posted,
        "{file}: all fields, decoded, the sign among them"
    );
    for (name, value) in expect {
        assert_eq!(
            lies.get(name),
            Some(value),
            "{file}: {name} as the manifest has it"
        );
    }
    let named = posted
        .get("transaction_id")
        .or_else(|| posted.get("out_trade_no"));
    assert_eq!(
        letter.properties["message_id"].as_str(),
        named.copied(),
        "{file}: named by the transaction"
    );
    assert_eq!(letter.properties["type"], "wechat.notify", "{file}: of this kind");
    assert_eq!(letter.properties["delivery_mode"], 2, "{file}: written to disk");
    Ok(())
}

#[tokio::test]
async fn each_merchants_news_reaches_its_own_till() -> anyhow::Result<()> {
    let (relay, vhost) = relay().await?;
    let address = Address::parse(&vhost.amqp_url())?;
    let till = |mch_id: &str| -> anyhow::Result<Subscription> {
        Ok(Subscription::start(
            address.clone(),
            "till",
            &Route::new(mch_id, "T01")?,
            8,
        ))
    };
    let (mut ours, mut others) = (till(MCH_ID)?, till(OTHER_MCH_ID)?);
    for till in [&ours, &others] {
        till.health()
            .wait_for(|health| matches!(health, notify_bus::Health::Up))
            .await?;
    }
    let (merchant, other) = (our_merchant(), other_merchant());
    let md5 = |mut merchant: wechat_pay::Merchant| {
        merchant.sign_type = SignType::Md5;
        merchant
    };
    let nonce = Nonce::random();
    let refund = Fields::new()
        .with("transaction_id", "4200-1")
        .with("out_trade_no", "T01-1")
        .with("refund_id", "5000-1")
        .with("out_refund_no", "R-1")
        .with("total_fee", "1780")
        .with("refund_fee", "1780")
        .with("refund_status", "SUCCESS");
    let refund = refund_notify::write(&refund, &merchant, &nonce);
    let probe = Fields::new()
        .with("return_code", "SUCCESS")
        .with("result_code", "SUCCESS")
        .with("appid", &merchant.appid)
        .with("mch_id", &merchant.mch_id)
        .with("nonce_str", nonce.as_str())
        .with("out_trade_no", "T01-probe")
        .with("scantill_probe", "probe-7");
    let bodies = [
        (
            signed(paid(&merchant, "T01-1"), &merchant),
            Kind::Notify,
            "4200-T01-1",
        ),
        (
            signed(paid(&merchant, "T01-2"), &md5(merchant.clone())),
            Kind::Notify,
            "4200-T01-2",
        ),
        (refund.to_xml(), Kind::Notify, "5000-1"),
        (signed(probe, &merchant), Kind::Probe, "probe-7"),
    ];
    let foreign = signed(paid(&other, "T01-9"), &other);
    assert!(relay.post(&foreign).await?.is_success(), "the other merchant's");
    for (body, kind, message_id) in bodies {
        assert!(relay.post(&body).await?.is_success(), "{message_id} is taken");
        let delivery = ours.next().await;
        assert_eq!(
            delivery.message_id, message_id,
            "in the order they came, and only its own"
        );
        let (found, fields) = delivery.content.clone()?;
        assert_eq!(found, kind, "{message_id}: of its kind");
        let again = Fields::try_from_iter(&fields)?;
        let posted = Fields::from_xml(body.as_bytes(), body.len())?;
        for (name, value) in posted.iter() {
            assert_eq!(
                again.get(name),
                Some(value),
                "{message_id}: {name} came through whole"
            );
        }
        if message_id == "5000-1" {
            assert!(
                refund_notify::read(&again, &merchant).is_ok(),
                "the till opens a refund itself"
            );
        }
        delivery.ack().await;
    }
    assert_eq!(
        others.next().await.message_id,
        "4200-T01-9",
        "each merchant's till has its own queue"
    );
    let (unrouted, _) = vhost.depth(UNROUTED).await?;
    assert_eq!(unrouted, 0, "nothing went astray");
    Ok(())
}

#[tokio::test]
async fn fault_60_a_replayed_notify_is_sent_again() -> anyhow::Result<()> {
    let (relay, vhost) = relay().await?;
    let body = notify("T01-260101-000001-ABCD");
    for _ in 0..3 {
        assert!(
            relay.post(&body).await?.is_success(),
            "the relay keeps nothing: the till makes a repetition harmless"
        );
    }
    let letters = vhost.take(UNROUTED, 10).await?;
    assert_eq!(letters.len(), 3, "one for each");
    for letter in &letters {
        assert_eq!(
            letter.properties["message_id"], "4200-T01-260101-000001-ABCD",
            "the same news has the same name"
        );
        assert_eq!(letter.body, letters[0].body, "and the same words");
    }
    Ok(())
}

#[tokio::test]
async fn a_connection_serves_many_notifies() -> anyhow::Result<()> {
    let (relay, vhost) = relay().await?;
    let mut caller = Caller::from(Ipv4Addr::new(127, 0, 0, 2), relay.address()).await?;
    for number in 0..20 {
        let answer = caller
            .post(NOTIFY_PATH, notify(&format!("T01-{number}")).as_bytes())
            .await?;
        assert!(answer.is_success(), "number {number} on one connection");
    }
    // One after the other without waiting, as a proxy that pipelines does.
    for number in 20..25 {
        let body = notify(&format!("T01-{number}"));
        caller
            .send(&scantill_tests::caller::request(NOTIFY_PATH, body.as_bytes()))
            .await?;
    }
    for number in 20..25 {
        assert!(
            caller.answer().await?.is_success(),
            "number {number} without waiting"
        );
    }
    assert_eq!(vhost.depth(UNROUTED).await?.0, 25, "all of them are there");
    Ok(())
}

#[tokio::test]
async fn a_previous_key_counts_while_it_is_named() -> anyhow::Result<()> {
    let key = "zyxwvutsrqponmlkjihgfedcba987654";
    let table = "[[merchant]]\nappid = \"wxd930ea5d5a258f4f\"\nmch_id = \"1900000300\"\n\
                 api_key = \"00000000000000000000000000000000\"\n\
                 previous_api_key = \"zyxwvutsrqponmlkjihgfedcba987654\"\n";
    let (relay, vhost) = relay_with(|setup| setup.table(table)).await?;
    let mut merchant = our_merchant();
    merchant.mch_id = "1900000300".to_owned();
    for (api_key, previous) in [(key, 1), ("00000000000000000000000000000000", 1)] {
        merchant.api_key = wechat_pay::ApiKey::parse(api_key)?;
        let body = signed(paid(&merchant, "T01-1"), &merchant);
        assert!(relay.post(body).await?.is_success(), "both keys count");
        assert_eq!(
            relay.counted("scantill_relay_previous_key_total").await?,
            previous,
            "the operator sees whether the old one is still in use"
        );
    }
    assert_eq!(vhost.depth(UNROUTED).await?.0, 2, "and both lie there");
    Ok(())
}
