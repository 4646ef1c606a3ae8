//! The HTTP face on a free port, with and without TLS, used by the real client.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use wechat_pay::client::{HttpConfig, HttpTransport};
use wechat_pay::pay_notify::{self, Notify};
use wechat_pay::{
    Client, CloseOrder, Doubt, Fen, Merchant, NativeOrder, Nonce, OrderQuery, OrderState, Outcome, SignType,
    UnifiedOrder,
};
use wechat_pay_sim::{Call, Fault, PayWith, Simulator, Times, Tls, serve, serve_tls};

use crate::desk::{APPID, MCH_ID, config, key};

const NUMBER: &str = "T1-261123-1";

/// A simulator being served; stops when it is dropped.
pub(crate) struct Served {
    pub(crate) simulator: Simulator,
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

pub(crate) async fn served(simulator: Simulator, tls: Option<Tls>) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move { drop(stopped.await) };
    let handle = simulator.clone();
    let task = tokio::spawn(async move {
        match tls {
            None => serve(listener, handle, shutdown).await.unwrap(),
            Some(tls) => serve_tls(listener, handle, tls, shutdown).await.unwrap(),
        }
    });
    Served {
        simulator,
        address,
        stop,
        task,
    }
}

fn merchant() -> Merchant {
    Merchant {
        appid: APPID.to_owned(),
        mch_id: MCH_ID.to_owned(),
        api_key: key(),
        previous_key: None,
        sign_type: SignType::HmacSha256,
    }
}

pub(crate) fn client(http: &HttpConfig) -> Client<HttpTransport> {
    Client::new(merchant(), HttpTransport::new(http).unwrap())
}

pub(crate) fn order(notify_url: &str) -> UnifiedOrder {
    let order = NativeOrder {
        body: "测试门店-咖啡".to_owned(),
        out_trade_no: NUMBER.to_owned(),
        total_fee: Fen::new(1234),
        spbill_create_ip: "127.0.0.1".parse().unwrap(),
        notify_url: notify_url.to_owned(),
        product_id: "P1".to_owned(),
        device_info: Some("T1".to_owned()),
        attach: None,
        detail: None,
        fee_type: None,
        time_start: None,
        time_expire: None,
        goods_tag: None,
        limit_pay: None,
        scene_info: None,
    };
    UnifiedOrder::native(&merchant(), &order).unwrap()
}

/// A merchant's server: gives each notification's body to the test and answers as told.
async fn merchants_server(reply: &'static str) -> (String, mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/notify", listener.local_addr().unwrap());
    let (bodies, received) = mpsc::unbounded_channel();
    let receive = move |body: axum::body::Bytes| async move {
        let _ = bodies.send(body.to_vec());
        reply
    };
    let app = axum::Router::new().route("/notify", axum::routing::post(receive));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, received)
}

async fn within<T>(seconds: u64, wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(seconds), wait)
        .await
        .expect("a bounded wait")
}

#[tokio::test]
async fn the_real_client_places_pays_queries_and_hears_of_it() {
    let sim = served(Simulator::new(config()), None).await;
    let (url, mut notifies) = merchants_server("<xml><return_code>SUCCESS</return_code></xml>").await;
    let client = client(&HttpConfig::new(format!("http://{}", sim.address)));
    let placed = client.send(&order(&url), Nonce::random()).await.outcome;
    let Outcome::Yes(placed) = placed else {
        panic!("a good order is placed, not {placed:?}")
    };
    let query = OrderQuery::by_out_trade_no(NUMBER).unwrap();
    let waiting = client.send(&query, Nonce::random()).await.outcome;
    assert!(
        matches!(waiting, Outcome::Yes(OrderState::NotPay)),
        "nobody has paid: {waiting:?}"
    );
    let close = client
        .send(&CloseOrder::new(NUMBER).unwrap(), Nonce::random())
        .await
        .outcome;
    assert!(
        matches!(close, Outcome::No(_)),
        "not within five minutes: {close:?}"
    );

    sim.simulator.with(|gateway, now| {
        gateway.scan(now, &placed.code_url).unwrap();
        gateway.pay(now, NUMBER, &PayWith::default()).unwrap();
    });
    let body = within(10, notifies.recv()).await.unwrap();
    let (_, notify) = pay_notify::from_bytes(&body, &merchant()).unwrap();
    let Notify::Paid(told) = notify else {
        panic!("paid is what a notification says, not {notify:?}")
    };
    let asked = client.send(&query, Nonce::random()).await.outcome;
    let Outcome::Yes(state) = asked else {
        panic!("a paid order can be queried: {asked:?}")
    };
    assert_eq!(
        state.payment(),
        Some(&*told),
        "notification and query tell the same payment"
    );
    let accepted = async {
        while sim.simulator.with(|gateway, _| gateway.next_notify()).is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within(10, accepted).await;
    sim.stop.send(()).unwrap();
    within(10, sim.task).await.unwrap();
}

#[tokio::test]
async fn an_unanswered_notify_comes_again_on_a_fast_clock() {
    let sim = served(Simulator::new(config()), None).await;
    let (url, mut notifies) = merchants_server("success").await;
    let client = client(&HttpConfig::new(format!("http://{}", sim.address)));
    client.send(&order(&url), Nonce::random()).await;
    sim.simulator.set_speed(60_000.0);
    sim.simulator
        .with(|gateway, now| gateway.pay(now, NUMBER, &PayWith::default()).unwrap());
    let first = within(10, notifies.recv()).await.unwrap();
    for n in 2..=16 {
        let again = within(20, notifies.recv()).await.unwrap();
        assert_eq!(
            again, first,
            "post {n} repeats the first, since `success` is no reply"
        );
    }
    let given_up = async {
        while sim
            .simulator
            .with(|gateway, now| gateway.order(now, NUMBER).unwrap().notifies_open)
            > 0
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within(10, given_up).await;
}

#[tokio::test]
async fn fault_16_and_39_lost_answers_leave_the_client_in_doubt() {
    let sim = served(Simulator::new(config()), None).await;
    let http = HttpConfig {
        read_timeout: Duration::from_millis(200),
        ..HttpConfig::new(format!("http://{}", sim.address))
    };
    let client = client(&http);
    for (fault, doubt, placed) in [
        (Fault::DropBefore, Doubt::CutOff, false),
        (Fault::HangBefore, Doubt::Timeout, false),
        (Fault::Html502, Doubt::HttpStatus(502), false),
        (Fault::Redirect, Doubt::Redirected, false),
        (Fault::DropAfter, Doubt::CutOff, true),
        (Fault::Hang, Doubt::Timeout, true),
    ] {
        sim.simulator.with(|gateway, _| {
            gateway
                .faults_mut()
                .set(Call::UnifiedOrder, fault, Times::Count(1))
        });
        let outcome = client
            .send(&order("http://127.0.0.1:9/n"), Nonce::random())
            .await
            .outcome;
        assert!(
            matches!(&outcome, Outcome::Unknown(seen) if *seen == doubt),
            "{fault:?} leaves {outcome:?}"
        );
        let there = sim
            .simulator
            .with(|gateway, now| gateway.order(now, NUMBER).is_some());
        assert_eq!(
            there, placed,
            "{fault:?}: whether the order was placed is what the client can't know"
        );
    }
    sim.stop.send(()).unwrap();
    within(5, sim.task).await.unwrap();
}

#[tokio::test]
async fn the_customers_endpoints_drive_an_order() {
    let sim = served(Simulator::new(config()), None).await;
    let base = format!("http://{}", sim.address);
    let client = client(&HttpConfig::new(&base));
    let placed = client
        .send(&order("http://127.0.0.1:9/n"), Nonce::random())
        .await
        .outcome;
    let Outcome::Yes(placed) = placed else {
        panic!("placed, not {placed:?}")
    };
    let http = reqwest::Client::new();
    let post = |path: String, body: Value| {
        let request = http.post(format!("{base}{path}")).body(body.to_string());
        async move {
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            (
                status,
                serde_json::from_str::<Value>(&response.text().await.unwrap()).unwrap(),
            )
        }
    };
    let (status, scanned) = post("/sim/scan".to_owned(), json!({ "code_url": placed.code_url })).await;
    assert_eq!(
        (status, &scanned["state"], &scanned["scanned"]),
        (200, &json!("NOTPAY"), &json!(true)),
        "the phone has read the code"
    );
    let (status, nothing) = post(
        "/sim/scan".to_owned(),
        json!({ "code_url": "https://example.com" }),
    )
    .await;
    assert_eq!(
        (status, &nothing["code"]),
        (404, &json!("unknown_code")),
        "any other code is refused"
    );
    let order = |action: &str| format!("/sim/orders/{NUMBER}/{action}");
    let (status, declined) = post(order("decline"), json!({})).await;
    assert_eq!(
        (status, &declined["order"]["state"]),
        (200, &json!("NOTPAY")),
        "declined stays payable"
    );
    let (status, _) = post(order("pay"), json!({ "coupons": [{ "fee": 9999 }] })).await;
    assert_eq!(status, 422, "coupons worth more than the order");
    let (status, _) = post(order("pay"), json!({ "cupons": [] })).await;
    assert_eq!(status, 400, "a misspelt field would silently pay in cash");
    let (status, paid) = post(
        order("pay"),
        json!({ "coupons": [{ "fee": 34, "kind": "CASH" }] }),
    )
    .await;
    assert_eq!(
        (status, &paid["receipt"]["cash_fee"]),
        (200, &json!(1200)),
        "a coupon and cash"
    );
    let (status, again) = post(order("pay"), json!({})).await;
    assert_eq!(
        (status, &again["code"]),
        (409, &json!("already_paid")),
        "not twice"
    );
    let (status, _) = post(order("steal"), json!({})).await;
    assert_eq!(status, 404, "no such action");
    let list = http
        .get(format!("{base}/sim/orders"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(!list.contains("openid"), "the list shows no openid");
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(
        list["orders"][0]["state"],
        json!("SUCCESS"),
        "the list shows the payment"
    );
    let page = http.get(format!("{base}/phone")).send().await.unwrap();
    assert!(
        page.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("default-src 'none'"),
        "closed"
    );
    let page = page.text().await.unwrap();
    assert!(
        !page.contains("http://") && !page.contains("https://"),
        "the page needs nothing from elsewhere"
    );
}

#[tokio::test]
async fn faults_and_clock_are_set_over_http() {
    let sim = served(Simulator::new(config()), None).await;
    let url = format!("http://{}/sim/faults", sim.address);
    let http = reqwest::Client::new();
    let set = |body: &str| http.post(&url).body(body.to_owned()).send();
    let body = r#"{"orderquery": {"systemerror": 1}, "notify": {"lost": "forever"}, "clock_speed": 60, "clock_advance_seconds": 86400}"#;
    let before = sim.simulator.now();
    assert_eq!(set(body).await.unwrap().status(), 200, "the documented shape");
    assert!(
        sim.simulator.now().duration_since(before) >= SignedDuration::from_hours(24),
        "a day ahead"
    );
    let shown: Value =
        serde_json::from_str(&http.get(&url).send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(
        shown["orderquery"]["systemerror"],
        json!(1),
        "what is set can be read"
    );
    assert_eq!(shown["clock_speed"], json!(60.0), "the clock's speed too");
    for bad in [
        r#"{"orderquery": {"sistemerror": 1}}"#,
        r#"{"clock_speed": 0}"#,
        r#"{"clock_speed": "fast"}"#,
        "[",
        "[]",
    ] {
        assert_eq!(set(bad).await.unwrap().status(), 400, "{bad} is refused");
    }
    let cleared = http.delete(&url).send().await.unwrap().text().await.unwrap();
    let cleared: Value = serde_json::from_str(&cleared).unwrap();
    assert_eq!(cleared.get("orderquery"), None, "all taken back");
    assert_eq!(cleared["clock_speed"], json!(1.0), "and natural speed");
}

#[tokio::test]
async fn get_and_overlong_bodies_are_refused() {
    let sim = served(Simulator::new(config()), None).await;
    let url = format!("http://{}/pay/orderquery", sim.address);
    let http = reqwest::Client::new();
    let got = http.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(got.contains("REQUIRE_POST_METHOD"), "WeChat wants POST: {got}");
    let long = http.post(&url).body(vec![b'x'; 70_000]).send().await.unwrap();
    assert_eq!(long.status(), 413, "no request is that long");
    let none = http.post(&url).send().await.unwrap().text().await.unwrap();
    assert!(
        none.contains("<return_code><![CDATA[FAIL]]>"),
        "an empty body is a refusal, not a crash: {none}"
    );
    // Half a request, then silence: others must not wait for it.
    let mut stuck = tokio::net::TcpStream::connect(sim.address).await.unwrap();
    stuck
        .write_all(b"POST /pay/orderquery HTTP/1.1\r\nHost: x\r\n")
        .await
        .unwrap();
    let other = within(5, http.get(format!("http://{}/sim/orders", sim.address)).send())
        .await
        .unwrap();
    assert_eq!(other.status(), 200, "another client is served meanwhile");
    sim.stop.send(()).unwrap();
    within(5, sim.task).await.unwrap();
    let mut rest = Vec::new();
    within(5, stuck.read_to_end(&mut rest)).await.ok();
}

#[tokio::test]
async fn the_state_file_carries_open_orders_over_a_restart() {
    let folder = std::env::temp_dir().join(format!("wechat-pay-sim-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("state.json");
    let code_url = {
        let sim = served(Simulator::open(config(), &file).unwrap(), None).await;
        let client = client(&HttpConfig::new(format!("http://{}", sim.address)));
        let placed = client
            .send(&order("http://127.0.0.1:9/n"), Nonce::random())
            .await
            .outcome;
        let Outcome::Yes(placed) = placed else {
            panic!("placed, not {placed:?}")
        };
        sim.stop.send(()).unwrap();
        within(5, sim.task).await.unwrap();
        placed.code_url
    };
    let sim = served(Simulator::open(config(), &file).unwrap(), None).await;
    let client = client(&HttpConfig::new(format!("http://{}", sim.address)));
    let state = client
        .send(&OrderQuery::by_out_trade_no(NUMBER).unwrap(), Nonce::random())
        .await
        .outcome;
    assert!(
        matches!(state, Outcome::Yes(OrderState::NotPay)),
        "the open order is known again: {state:?}"
    );
    let scanned = sim.simulator.with(|gateway, now| gateway.scan(now, &code_url));
    assert!(scanned.is_ok(), "and its code on the screen can still be scanned");
    std::fs::write(&file, "{").unwrap();
    assert!(
        Simulator::open(config(), &file).is_err(),
        "a damaged file is reported, not overwritten"
    );
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        "{",
        "it is left as it is"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}
