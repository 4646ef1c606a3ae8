//! Opening the drawer: without a sale for a reason, in the journal before the printer is told, and seen by what the printer got.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use scantill_tests::printer;
use scantill_tests::shop::{Line, Shop};
use till_app::Refusal;
use till_app::approval::Act;
use till_app::config::Config;
use till_app::house::HouseRules;
use till_app::open_drawer::{DrawerJob, DrawerShut};
use till_app::report::Printed;
use till_paper::escpos::OPEN_DRAWER;

use super::users::{journal, managers_pin, staffed_with};

/// Longer than any printer of a test needs.
const SOON: Duration = Duration::from_secs(20);

fn with_drawer(address: SocketAddr, drawer: bool) -> impl FnOnce(&mut Config) {
    move |config| {
        config.printer = Some(printer::at(address, drawer));
    }
}

async fn told(job: DrawerJob) -> Printed {
    tokio::task::spawn_blocking(move || job.run()).await.unwrap()
}

fn pulses(got: &[u8]) -> usize {
    got.windows(OPEN_DRAWER.len())
        .filter(|it| *it == OPEN_DRAWER)
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_opens_for_a_reason_that_is_in_the_journal_first_and_in_x_and_z() {
    let (address, receive) = printer::listening().unwrap();
    let line = Line::open().await.unwrap();
    let mut shop = staffed_with(&line, with_drawer(address, true)).await;
    let now = shop.now();
    let none = shop.till.open_drawer(now, "  ", None);
    assert!(
        matches!(none, Err(Refusal::ReasonMissing)),
        "for nothing it stays shut: {none:?}"
    );
    let job = shop.till.open_drawer(now, "换零钱", None).unwrap();
    assert_eq!(
        journal(&shop, "drawer_opened"),
        ["王敏, 换零钱"],
        "it is written down before anything is sent"
    );
    assert!(receive.try_recv().is_err(), "and nothing was sent yet");
    assert!(
        matches!(told(job).await, Printed::Yes),
        "the printer has been told"
    );
    let got = receive.recv_timeout(SOON).unwrap();
    assert_eq!(pulses(&got), 1, "to open the drawer, once: {got:?}");
    assert!(!got.contains(&b'@'), "and to print nothing: {got:?}");
    let count = |shop: &Shop| {
        let x = shop.till.x_report(shop.now()).unwrap().report;
        let found = x.exceptions.iter().find(|it| it.what == "drawer_opened");
        found.map_or(0, |it| it.count)
    };
    assert_eq!(count(&shop), 1, "the X counts it");
    let now = shop.now();
    shop.till.close_day(now, "close", "").unwrap();
    assert_eq!(count(&shop), 0, "the Z has it, and the next X begins anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_may_want_a_managers_pin_for_it() {
    let (address, receive) = printer::listening().unwrap();
    let line = Line::open().await.unwrap();
    let mut shop = staffed_with(&line, with_drawer(address, true)).await;
    let now = shop.now();
    let yes = shop
        .till
        .approve(now, Act::HouseRules, Some(&managers_pin("4711")))
        .unwrap();
    let rules = HouseRules {
        drawer_needs_manager: true,
        ..HouseRules::default()
    };
    shop.till.set_house(now, rules, yes).unwrap();
    let alone = shop.till.open_drawer(now, "换零钱", None);
    assert!(
        matches!(alone, Err(Refusal::NeedsManager)),
        "not the cashier alone: {alone:?}"
    );
    assert_eq!(
        journal(&shop, "drawer_opened"),
        [""; 0],
        "nothing is written down"
    );
    let job = shop
        .till
        .open_drawer(now, "换零钱", Some(&managers_pin("4711")))
        .unwrap();
    assert_eq!(
        journal(&shop, "drawer_opened"),
        ["王敏, 换零钱, approved by 李娜"],
        "and with a yes whose that was"
    );
    assert!(matches!(told(job).await, Printed::Yes), "then it opens");
    assert_eq!(pulses(&receive.recv_timeout(SOON).unwrap()), 1, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_drawer_or_with_a_printer_that_is_off_it_is_said() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let nobody = closed.local_addr().unwrap();
    drop(closed);
    let line = Line::open().await.unwrap();
    let mut none = Shop::open(&line, "T01").await.unwrap();
    let mut printer_alone = Shop::open_with(&line, "T02", with_drawer(nobody, false))
        .await
        .unwrap();
    for shop in [&mut none, &mut printer_alone] {
        let now = shop.now();
        let refused = shop.till.open_drawer(now, "换零钱", None);
        assert!(
            matches!(refused, Err(Refusal::NoDrawer)),
            "there is none: {refused:?}"
        );
        assert!(shop.till.drawer_job().is_none(), "nor for cash");
        assert!(!shop.till.snapshot().has_drawer, "and the page knows beforehand");
        assert_eq!(shop.journal("drawer_opened").unwrap().len(), 0, "none was opened");
    }
    let mut off = Shop::open_with(&line, "T03", with_drawer(nobody, true))
        .await
        .unwrap();
    let now = off.now();
    let job = off.till.open_drawer(now, "换零钱", None).unwrap();
    let said = told(job).await;
    assert!(matches!(said, Printed::No(_)), "nobody listens there: {said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drawer_that_stays_shut_for_cash_is_said_until_it_opens_and_blocks_nothing() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let nobody = closed.local_addr().unwrap();
    drop(closed);
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open_with(&line, "T01", with_drawer(nobody, true))
        .await
        .unwrap();
    let pulse = async |shop: &mut Shop| {
        let said = told(shop.till.drawer_for_cash().unwrap()).await;
        let now = shop.now();
        shop.till.drawer_told(now, &said);
    };
    pulse(&mut shop).await;
    let shut = shop.till.snapshot().drawer_shut;
    assert_eq!(
        shut,
        Some(DrawerShut {
            at: shop.now(),
            certain: true
        }),
        "nobody listens: it is shut, and the page knows"
    );
    assert!(
        shop.till.drawer_for_cash().is_some() && shop.till.snapshot().drawer_shut.is_none(),
        "with the next cash nothing is known yet"
    );
    let now = shop.now();
    shop.till
        .drawer_told(now, &Printed::Unknown("cut off".to_owned()));
    let shut = shop.till.snapshot().drawer_shut;
    assert!(shut.is_some_and(|it| !it.certain), "it may have opened: {shut:?}");
    shop.till.drawer_told(now, &Printed::Yes);
    assert_eq!(
        shop.till.snapshot().drawer_shut,
        None,
        "one that opened is no matter any more"
    );
}
