//! Bills brought by hand: good ones are taken, hostile ones refused in words, and nothing of those is kept.

use till_app::bill_file::BillFault;
use wechat_pay::bill::{HEADER_REFUND, HEADER_SUCCESS};

use super::*;
use crate::cash::users::{CASHIER, managers_pin, pin, staffed};
use scantill_tests::bill_text::gzip;
use till_app::approval::Act;

fn fault(shop: &Shop, file: &[u8]) -> BillFault {
    till_app::bill_file::read(file, &shop.config().merchant).expect_err("no bill of ours")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_brought_by_hand_is_taken_plain_or_compressed() -> anyhow::Result<()> {
    let (line, mut shop, day) = at_noon().await?;
    paid(&line, &mut shop, WATER, "a").await?;
    line.fault(Call::DownloadBill, Fault::SystemError, Times::Forever);
    next_morning(&mut shop).await?;
    line.clear_faults();
    let (_, client, _folder) = Shop::open(&line, "T09").await?.into_parts();
    let request = wechat_pay::DownloadBill {
        bill_date: day,
        bill_type: wechat_pay::BillType::All,
        gzip: true,
    };
    let Outcome::Yes(received) = client.send(&request, Nonce::random()).await.outcome else {
        panic!("the merchant platform has it")
    };
    let plain = BillText::read(&received.bytes)?.text()?;
    for file in [plain.as_bytes(), &received.bytes] {
        shop.import_bill(file)?;
        let picture = shop.agreement(day)?;
        let BillStanding::Here(row) = &picture.standing else {
            panic!("it is here")
        };
        assert_eq!(row.source, BillSource::Imported, "a person has brought it");
        assert!(
            shop.bill_file(day)? == file,
            "kept as it was brought, to the byte"
        );
        assert_eq!(differences(&picture), [], "and agrees");
    }
    let picture = shop.agreement(day)?;
    let yes = shop.yes(Act::SignOff)?;
    shop.till.sign_off(shop.now(), &picture, yes)?;
    assert!(shop.agreement(day)?.is_signed(), "as it stands it can be signed");
    shop.live(HOUR).await?;
    shop.fetch_bills().await?;
    let picture = shop.agreement(day)?;
    let BillStanding::Here(row) = &picture.standing else {
        panic!("it is here")
    };
    assert_eq!(
        row.source,
        BillSource::Fetched,
        "WeChat's own is asked for all the same, and takes its place"
    );
    assert!(
        !picture.is_signed(),
        "what was signed was held against another file"
    );
    assert!(
        !shop.till.step_bill(shop.now(), &shop.client).await,
        "and is asked for no more"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_by_hand_needs_a_manager_and_gives_way_to_wechats_own() -> anyhow::Result<()> {
    let line = Line::open().await?;
    line.simulator.set_speed(1e-6);
    let mut shop = staffed(&line).await;
    shop.live_until(NOON).await?;
    let (now, day) = (shop.now(), bill_date(shop.now()));
    shop.till.sign_in(now, CASHIER, &pin("1234"))?;
    shop.till.open_shift(now, Fen::ZERO)?;
    let number = paid(&line, &mut shop, WATER, "a").await?;
    paid(&line, &mut shop, WATER, "b").await?;
    let now = shop.now();
    let unasked = shop.till.approve(now, Act::Bill, None);
    assert!(
        matches!(unasked, Err(Refusal::NeedsManager)),
        "a cashier alone brings no bill: {unasked:?}"
    );

    // The merchant platform's file with a row taken out, before the till has asked for its own.
    let (_, client, _folder) = Shop::open(&line, "T09").await?.into_parts();
    shop.live_until(TEN).await?;
    let request = wechat_pay::DownloadBill {
        bill_date: day,
        bill_type: wechat_pay::BillType::All,
        gzip: true,
    };
    let Outcome::Yes(received) = client.send(&request, Nonce::random()).await.outcome else {
        panic!("the merchant platform has it")
    };
    let mut doctored = BillText::read(&received.bytes)?;
    let row = doctored.row_of(number.as_str())?;
    doctored.rows.remove(row);
    let file = doctored.gzip()?;
    let now = shop.now();
    let read = till_app::bill_file::read(&file, &shop.config().merchant)?;
    let yes = shop.till.approve(now, Act::Bill, Some(&managers_pin("4711")))?;
    shop.till.import_bill(now, read.date, &file, yes)?;
    assert_eq!(
        shop.journal("bill_imported")?,
        [format!("{day}: 李娜")],
        "the journal has who approved it"
    );
    assert_eq!(differences(&shop.agreement(day)?).len(), 1, "it counts for now");

    let mut shop = shop.restart(MINUTE)?;
    shop.fetch_bills().await?;
    let picture = shop.agreement(day)?;
    assert!(
        matches!(&picture.standing, BillStanding::Here(row) if row.source == BillSource::Fetched),
        "over a restart too, WeChat's own is asked for: {:?}",
        picture.standing
    );
    assert_eq!(differences(&picture), [], "and nothing is missing on it");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_and_wrong_files_are_refused_in_words_and_leave_nothing_behind() -> anyhow::Result<()> {
    let (line, mut shop, day) = at_noon().await?;
    let number = paid(&line, &mut shop, WATER, "a").await?;
    next_morning(&mut shop).await?;
    let file = shop.bill_file(day)?;
    let bill = BillText::read(&file)?;
    let text = bill.text()?;
    let edited = |edit: &dyn Fn(&mut BillText) -> anyhow::Result<()>| -> anyhow::Result<String> {
        let mut bill = bill.clone();
        edit(&mut bill)?;
        bill.text()
    };
    let other_merchant = edited(&|bill| bill.set(0, "商户号", "1900000999"))?;
    let two_days = edited(&|bill| {
        let mut row = bill.rows[0].clone();
        row[bill.column("交易时间")?] = format!("{} 12:00:00", day.yesterday()?);
        bill.rows.push(row);
        Ok(())
    })?;
    let no_rows = edited(&|bill| {
        bill.rows.clear();
        Ok(())
    })?;
    let (header, _) = text.split_once("\r\n").context("a header")?;
    let summary = &text[text.find("总交易单数").context("a summary")?..];
    let bomb = gzip(&vec![b'`'; 80 * 1024 * 1024])?;
    assert!(bomb.len() < 100_000, "a bomb is small outside");
    let wrong_amount = text.replacen("`2.00,", "`2.0O,", 1);
    for (what, file, expected) in [
        (
            "another CSV",
            b"a,b,c\n1,2,3\n".to_vec(),
            BillFault::Column("交易时间"),
        ),
        ("nothing", Vec::new(), BillFault::Column("交易时间")),
        ("a picture", b"\x89PNG\r\n\x1a\n".to_vec(), BillFault::NotText),
        (
            "GBK",
            b"\xbd\xbb\xd2\xd7\xca\xb1\xbc\xe4".to_vec(),
            BillFault::NotText,
        ),
        (
            "a truncated download",
            file[..file.len() - 9].to_vec(),
            BillFault::Gzip,
        ),
        ("a bomb", bomb, BillFault::TooLarge),
        (
            "a cut text",
            text.as_bytes()[..text.len() / 2].to_vec(),
            BillFault::CutOff,
        ),
        (
            "WeChat's error",
            b"<xml><return_code>FAIL</return_code><return_msg>No Bill Exist</return_msg></xml>".to_vec(),
            BillFault::NotABill,
        ),
        (
            "an entity",
            b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><xml>&a;</xml>".to_vec(),
            BillFault::NotABill,
        ),
        (
            "payments only",
            format!("{HEADER_SUCCESS}\r\n{summary}").into_bytes(),
            BillFault::NotAll,
        ),
        (
            "refunds only",
            format!("{HEADER_REFUND}\r\n{summary}").into_bytes(),
            BillFault::NotAll,
        ),
        ("no rows", no_rows.into_bytes(), BillFault::Empty),
        (
            "another merchant's",
            other_merchant.into_bytes(),
            BillFault::OtherMerchant("1900000999".to_owned()),
        ),
        (
            "two days",
            two_days.into_bytes(),
            BillFault::OtherDays {
                first: day.yesterday()?,
                last: day,
            },
        ),
        (
            "a column less",
            text.replacen(header, &header.replace("微信订单号", "wx"), 1)
                .into_bytes(),
            BillFault::Column("微信订单号"),
        ),
        (
            "a letter in an amount",
            wrong_amount.into_bytes(),
            BillFault::Row {
                line: 2,
                column: "应结订单金额",
            },
        ),
    ] {
        assert_eq!(
            fault(&shop, &file),
            expected,
            "{what}: told what is wrong with it"
        );
    }
    let mut today = bill.clone();
    today.set(0, "交易时间", &format!("{} 09:00:00", day.tomorrow()?))?;
    let early = shop.import_bill(&today.gzip()?);
    assert!(
        early.is_err_and(|error| error.to_string().contains("is not over")),
        "WeChat makes no bill of a day that is not over"
    );
    assert_eq!(
        shop.till.db().read().bills().since(day)?.len(),
        1,
        "nothing was kept beside the bill that was there"
    );
    assert_eq!(
        differences(&shop.agreement(day)?),
        [],
        "{number}: which still agrees"
    );
    Ok(())
}
