//! Who may do what: signing in, locking, wrong PINs, and a manager's yes on the spot.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use jiff::SignedDuration;
use scantill_tests::shop::{Line, Shop, WATER};
use till_app::approval::{Act, Credential};
use till_app::house::HouseRules;
use till_app::{Config, Refusal};
use till_core::{Fen, Pin, Role, User, UserId, UserName, WrongPins};

pub(crate) fn name(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

pub(crate) fn pin(text: &str) -> Pin {
    Pin::parse(text).unwrap()
}

/// 李娜, manager, 4711.
pub(crate) const MANAGER: UserId = UserId(1);
/// 王敏, cashier, 1234.
pub(crate) const CASHIER: UserId = UserId(2);

pub(crate) fn managers_pin(digits: &str) -> Credential {
    Credential::Pin {
        manager: MANAGER,
        pin: pin(digits),
    }
}

/// A till with a manager and a cashier; the cashier is at it.
pub(crate) async fn staffed(line: &Line) -> Shop {
    staffed_with(line, |_| {}).await
}

/// The same, configured further.
pub(crate) async fn staffed_with(line: &Line, further: impl FnOnce(&mut Config)) -> Shop {
    let mut shop = Shop::open_with(line, "T01", further).await.unwrap();
    let now = shop.now();
    shop.till
        .add_first_manager(now, &name("李娜"), &pin("4711"))
        .unwrap();
    let approval = shop
        .till
        .approve(now, Act::Users, Some(&managers_pin("4711")))
        .unwrap();
    shop.till
        .add_user(now, &name("王敏"), Role::Cashier, &pin("1234"), approval)
        .unwrap();
    shop.till.sign_in(now, CASHIER, &pin("1234")).unwrap();
    shop
}

pub(crate) fn journal(shop: &Shop, what: &str) -> Vec<String> {
    let rows = shop.till.db().read().journal().after(0, 10_000).unwrap();
    rows.into_iter()
        .filter(|row| row.what == what)
        .map(|row| row.detail)
        .collect()
}

fn seconds(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

#[tokio::test]
async fn a_till_without_users_asks_for_no_pin_and_writes_down_what_was_confirmed() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let now = shop.now();
    assert!(
        shop.till.attend(now).is_ok(),
        "training and the first start need no sign-in"
    );
    shop.till.add(WATER, None).unwrap();
    assert!(shop.till.pay(now, "click").is_ok(), "and can sell");
    let unasked = shop.till.approve(now, Act::HouseRules, None);
    assert!(
        matches!(unasked, Err(Refusal::NeedsConfirmation)),
        "what would need a manager is at least confirmed: {unasked:?}"
    );
    let approval = shop
        .till
        .approve(now, Act::HouseRules, Some(&Credential::Confirmed))
        .unwrap();
    assert_eq!(approval.by(), None, "nobody's PIN stands behind it");
    assert_eq!(
        journal(&shop, "approved"),
        ["house_rules: confirmed, no users; at the till: nobody"],
        "and the journal says that it was only confirmed"
    );
}

#[tokio::test]
async fn with_users_the_till_is_locked_until_somebody_signs_in() {
    let line = Line::open().await.unwrap();
    let mut shop = staffed(&line).await.restart(seconds(60)).unwrap();
    let now = shop.now();
    assert!(
        shop.till.snapshot().staff.locked,
        "after a start nobody is at the till"
    );
    assert!(
        matches!(shop.till.attend(now), Err(Refusal::Locked)),
        "nothing is done for nobody"
    );
    shop.till.sign_in(now, CASHIER, &pin("1234")).unwrap();
    let at_till = shop.till.snapshot().staff.at_till.map(|user| user.name);
    assert_eq!(at_till, Some(name("王敏")), "the status bar shows who it is");
    shop.till.lock(now).unwrap();
    assert!(shop.till.snapshot().staff.locked, "the lock button locks");
    assert_eq!(
        journal(&shop, "signed_in"),
        ["王敏", "王敏"],
        "every sign-in is written down, before and after the restart"
    );
    let intruder = shop.till.add_first_manager(now, &name("路人"), &pin("0000"));
    assert!(
        matches!(intruder, Err(Refusal::NeedsManager)),
        "the first manager is made once: {intruder:?}"
    );
}

#[tokio::test]
async fn an_idle_till_locks_itself_and_its_payments_go_on() {
    let line = Line::open().await.unwrap();
    let mut shop = staffed(&line).await;
    let now = shop.now();
    shop.till.open_shift(now, Fen::ZERO).unwrap();
    let number = shop.sell(WATER, "click").unwrap();
    shop.catch_up().await.unwrap();
    line.simulator.advance(seconds(9 * 60 + 59));
    shop.till.lock_if_idle(shop.now());
    assert!(
        !shop.till.snapshot().staff.locked,
        "a second before ten minutes it is open"
    );
    let now = shop.now();
    shop.till.attend(now).unwrap();
    line.simulator.advance(seconds(10 * 60));
    shop.till.lock_if_idle(shop.now());
    assert!(
        shop.till.snapshot().staff.locked,
        "ten minutes after the last touch it is locked"
    );
    line.pay(&number).unwrap();
    shop.catch_up().await.unwrap();
    assert!(
        matches!(shop.state(&number).unwrap(), till_core::State::Paid(_)),
        "the customer has paid meanwhile, and a locked till sees it"
    );
    assert_eq!(
        journal(&shop, "locked_idle"),
        ["王敏"],
        "the journal says who was gone"
    );
}

#[tokio::test]
async fn wrong_pins_shut_the_door_over_a_restart_and_it_opens_again() {
    let line = Line::open().await.unwrap();
    let mut shop = staffed(&line).await;
    shop.till.lock(shop.now()).unwrap();
    for nth in 1..=3 {
        let refused = shop.till.sign_in(shop.now(), CASHIER, &pin("9999"));
        let shut = matches!(refused, Err(Refusal::PinShut { .. }));
        assert!(refused.is_err(), "a wrong PIN opens nothing");
        assert_eq!(
            shut,
            nth == 3,
            "the third wrong one in a row shuts the door: {refused:?}"
        );
    }
    let right = shop.till.sign_in(shop.now(), CASHIER, &pin("1234"));
    assert!(
        matches!(right, Err(Refusal::PinShut { .. })),
        "while it is shut not even the right PIN is looked at: {right:?}"
    );
    let mut shop = shop.restart(seconds(29)).unwrap();
    let early = shop.till.sign_in(shop.now(), CASHIER, &pin("1234"));
    assert!(
        matches!(early, Err(Refusal::PinShut { .. })),
        "switching the till off and on does not help: {early:?}"
    );
    line.simulator.advance(seconds(1));
    let now = shop.now();
    let fourth = shop.till.sign_in(now, CASHIER, &pin("9999"));
    let Err(Refusal::PinShut { until }) = fourth else {
        panic!("the fourth wrong PIN shuts it again: {fourth:?}");
    };
    assert_eq!(until.duration_since(now), seconds(60), "and for twice as long");
    line.simulator.advance(WrongPins::SHUT_MAX);
    shop.till.sign_in(shop.now(), CASHIER, &pin("1234")).unwrap();
    assert_eq!(
        journal(&shop, "pin_wrong").last().map(String::as_str),
        Some("王敏, 4 in a row"),
        "every wrong PIN is in the journal"
    );
    shop.till.lock(shop.now()).unwrap();
    let slip = shop.till.sign_in(shop.now(), CASHIER, &pin("9999"));
    assert!(
        matches!(slip, Err(Refusal::PinWrong)),
        "a right PIN has wiped the slate: {slip:?}"
    );
}

#[tokio::test]
async fn a_manager_approves_on_the_spot_and_the_cashier_stays_signed_in() {
    let line = Line::open().await.unwrap();
    let mut shop = staffed(&line).await;
    let now = shop.now();
    let asked = shop.till.approve(now, Act::HouseRules, None);
    assert!(
        matches!(asked, Err(Refusal::NeedsManager)),
        "the cashier alone may not: {asked:?}"
    );
    let merely_confirmed = shop
        .till
        .approve(now, Act::HouseRules, Some(&Credential::Confirmed));
    assert!(
        matches!(merely_confirmed, Err(Refusal::NeedsManager)),
        "where there are users a click is no approval: {merely_confirmed:?}"
    );
    let own = Credential::Pin {
        manager: CASHIER,
        pin: pin("1234"),
    };
    let own = shop.till.approve(now, Act::HouseRules, Some(&own));
    assert!(
        matches!(own, Err(Refusal::NeedsManager)),
        "nor is the cashier's own PIN: {own:?}"
    );
    let rules = HouseRules {
        blind_count: true,
        difference_limit: Fen::new(1000),
        ..HouseRules::default()
    };
    let approval = shop
        .till
        .approve(now, Act::Users, Some(&managers_pin("4711")))
        .unwrap();
    let other_act = shop.till.set_house(now, rules, approval);
    assert!(
        matches!(other_act, Err(Refusal::NeedsManager)),
        "a yes to one act is no yes to another: {other_act:?}"
    );
    let approval = shop
        .till
        .approve(now, Act::HouseRules, Some(&managers_pin("4711")))
        .unwrap();
    shop.till.set_house(now, rules, approval).unwrap();
    assert_eq!(shop.till.house(), rules, "with it the rules change");
    let snapshot = shop.till.snapshot();
    assert_eq!(
        snapshot.staff.at_till.map(|user| user.id),
        Some(CASHIER),
        "the cashier was never signed out"
    );
    assert_eq!(
        journal(&shop, "approved"),
        [
            "users: 李娜; at the till: 李娜",
            "users: 李娜; at the till: 王敏",
            "house_rules: 李娜; at the till: 王敏",
        ],
        "each override names the act, the manager, and who was at the till"
    );
    assert_eq!(
        shop.restart(seconds(1)).unwrap().till.house(),
        rules,
        "the rules outlive a restart"
    );
}

#[tokio::test]
async fn there_is_always_a_manager_and_nobody_has_two_names() {
    let line = Line::open().await.unwrap();
    let mut shop = staffed(&line).await;
    let now = shop.now();
    let approval = |shop: &mut Shop| {
        shop.till
            .approve(now, Act::Users, Some(&managers_pin("4711")))
            .unwrap()
    };
    let yes = approval(&mut shop);
    let gone = shop.till.put_off_duty(now, MANAGER, yes);
    assert!(
        matches!(gone, Err(Refusal::LastManager)),
        "without a manager nobody could change anything any more: {gone:?}"
    );
    let demoted = User {
        id: MANAGER,
        name: name("李娜"),
        role: Role::Cashier,
    };
    let yes = approval(&mut shop);
    let demoted = shop.till.change_user(now, &demoted, None, yes);
    assert!(
        matches!(demoted, Err(Refusal::LastManager)),
        "the same by another way: {demoted:?}"
    );
    let yes = approval(&mut shop);
    let twice = shop
        .till
        .add_user(now, &name("王敏"), Role::Cashier, &pin("5555"), yes);
    assert!(
        matches!(twice, Err(Refusal::NameTaken)),
        "two people with one name could not be told apart: {twice:?}"
    );
    let promoted = User {
        id: CASHIER,
        name: name("王小敏"),
        role: Role::Manager,
    };
    let yes = approval(&mut shop);
    shop.till
        .change_user(now, &promoted, Some(&pin("8765")), yes)
        .unwrap();
    let yes = approval(&mut shop);
    shop.till.put_off_duty(now, MANAGER, yes).unwrap();
    let former = shop.till.sign_in(now, MANAGER, &pin("4711"));
    assert!(
        matches!(former, Err(Refusal::NoSuchUser)),
        "who does not work here any more does not get in: {former:?}"
    );
    shop.till.sign_in(now, CASHIER, &pin("8765")).unwrap();
}
