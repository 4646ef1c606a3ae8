//! What a person decides about money in review, and what follows for the sale and its goods.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use till_core::self_check::check_goods;
use till_core::*;

const TOTAL: Fen = Fen::new(2980);

fn start() -> Timestamp {
    "2026-11-23T06:22:10Z".parse().unwrap()
}

fn number(nth: usize) -> OutTradeNo {
    OutTradeNo::parse(&format!("T01-261123-{nth:06}-7F3K")).unwrap()
}

fn money(fen: i64, transaction: usize) -> Payment {
    Payment {
        transaction_id: format!("42000000000000000000000000{transaction:02}"),
        total_fee: Fen::new(fen),
        fee_type: "CNY".to_owned(),
        cash_fee: Fen::new(fen),
        coupon_fee: Fen::ZERO,
        time_end: start() + SignedDuration::from_mins(1),
        found_by: FoundBy::Query,
    }
}

fn hear(sale: Sale, nth: usize, input: Input) -> Sale {
    sale.handle(start(), &Timing::default(), &number(nth), input).0
}

fn paid(sale: Sale, nth: usize) -> Sale {
    let answer = Input::Query(QueryAnswer::Paid(money(TOTAL.get(), nth)));
    hear(sale, nth, answer)
}

/// Cancelled, and paid all the same.
fn late() -> Sale {
    let sale = Sale::new(SaleId(1), TOTAL, number(0), start(), &Timing::default());
    paid(hear(sale, 0, Input::Cancel), 0)
}

/// Cancelled, a new code, and both were paid.
fn twice() -> Sale {
    let sale = Sale::new(SaleId(1), TOTAL, number(0), start(), &Timing::default());
    let sale = hear(sale, 0, Input::Cancel);
    let (sale, _) = sale.pay_again(number(1), start(), &Timing::default()).unwrap();
    paid(paid(sale, 1), 0)
}

/// Closed, its goods given back, and paid all the same.
fn after_closed() -> Sale {
    let sale = Sale::new(SaleId(1), TOTAL, number(0), start(), &Timing::default());
    let sale = hear(sale, 0, Input::Query(QueryAnswer::Closed));
    assert_eq!(sale.stock, StockHold::Returned, "closed: the goods are free");
    paid(sale, 0)
}

fn adopt(sale: Sale, nth: usize, shelf: Shelf) -> Result<(Sale, Vec<Effect>), NotNow> {
    sale.adopt(&number(nth), start(), &Timing::default(), shelf)
}

#[test]
fn a_late_payment_becomes_the_sale_or_goes_back() {
    let (sale, effects) = adopt(late(), 0, Shelf::Stocked).unwrap();
    assert_eq!(effects, [Effect::Sell], "the goods that were held are sold");
    assert!(
        matches!(&sale.attempts[0].state, State::Paid(payment) if *payment == money(TOTAL.get(), 0)),
        "paid, with WeChat's own time"
    );
    assert_eq!(
        sale.attempts[0].adopted,
        Some(ReviewReason::PaidAfterCancel),
        "and that it was taken over, and why, stays known"
    );

    let (sale, effects) = late().give_back(&number(0)).unwrap();
    assert_eq!(
        (effects, sale.stock),
        (vec![Effect::GiveBack], StockHold::Returned),
        "the goods are free again"
    );
    assert!(
        sale.attempts[0].payment().is_some(),
        "the money is not forgotten: a refund is to follow"
    );
    assert!(sale.is_final(), "nobody has to decide any more");
    let again = sale.clone().undecide(&number(0));
    assert_eq!(
        again.attempts[0].state,
        late().attempts[0].state,
        "a refund that comes to nothing puts it back on the list"
    );
}

#[test]
fn a_payment_after_closing_sells_what_is_there() {
    let (sale, effects) = adopt(after_closed(), 0, Shelf::Stocked).unwrap();
    assert_eq!(
        (effects, sale.stock),
        (vec![Effect::Reserve, Effect::Sell], StockHold::Sold),
        "taken off the shelf now"
    );
    let (sale, effects) = adopt(after_closed(), 0, Shelf::Empty).unwrap();
    assert_eq!(
        (effects, sale.stock),
        (Vec::new(), StockHold::Returned),
        "a sale without counted goods where there are none"
    );
    assert!(sale.is_paid(), "but a sale");
}

#[test]
fn a_double_payment_becomes_a_sale_of_its_own() {
    assert_eq!(
        adopt(twice(), 0, Shelf::Stocked).unwrap_err(),
        NotNow::Settled,
        "one sale has one payment"
    );
    let (rest, apart, effects) = twice()
        .adopt_apart(&number(0), SaleId(2), Shelf::Stocked)
        .unwrap();
    assert_eq!(
        (rest.attempts.len(), rest.stock, rest.is_paid()),
        (1, StockHold::Sold, true),
        "the first sale stays as it was"
    );
    assert_eq!(
        (apart.id, apart.is_paid(), effects),
        (SaleId(2), true, vec![Effect::Reserve, Effect::Sell]),
        "the second one sells the same goods again"
    );
    let (sale, effects) = twice().give_back(&number(0)).unwrap();
    assert_eq!(
        (effects, sale.stock),
        (Vec::new(), StockHold::Sold),
        "given back, it touches no goods"
    );
}

#[test]
fn what_no_money_is_in_can_not_be_decided() {
    let waiting = Sale::new(SaleId(1), TOTAL, number(0), start(), &Timing::default());
    let strange = hear(waiting.clone(), 0, Input::Query(QueryAnswer::Strange));
    for sale in [waiting.clone(), strange, paid(waiting, 0)] {
        assert!(
            sale.clone().give_back(&number(0)).is_err() && sale.clone().give_back(&number(7)).is_err(),
            "no money of it waits for a decision: {:?}",
            sale.attempts
        );
        assert!(
            adopt(sale.clone(), 0, Shelf::Stocked).is_err(),
            "nor can it be taken over: {:?}",
            sale.attempts
        );
    }
}

#[test]
fn an_adopted_payment_makes_the_other_codes_disappear() {
    let sale = Sale::new(SaleId(1), TOTAL, number(0), start(), &Timing::default());
    let sale = hear(sale, 0, Input::Cancel);
    let (sale, _) = sale.pay_again(number(1), start(), &Timing::default()).unwrap();
    let code = PlaceAnswer::Placed {
        code_url: "weixin://wxpay/bizpayurl/up?pr=a".to_owned(),
    };
    let sale = paid(hear(sale, 1, Input::Place(code)), 0);
    let (sale, effects) = adopt(sale, 0, Shelf::Stocked).unwrap();
    assert_eq!(effects, [Effect::Sell], "sold by the old code");
    assert!(
        matches!(
            sale.attempts[1].state,
            State::Closing {
                why: CloseReason::PaidOtherwise,
                ..
            }
        ),
        "so the new one is gone from the screens and is closed"
    );
}

#[derive(Debug, Clone)]
enum Step {
    Hear(usize, Input),
    PayAgain,
    Adopt(usize, Shelf),
    GiveBack(usize),
    Undecide(usize),
    /// A notify of money that nobody has paid, and all the denials that follow.
    Bogus(usize),
    Deny(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let money = (0usize..3).prop_map(|nth| (nth, Input::Query(QueryAnswer::Paid(money(TOTAL.get(), nth)))));
    let plain = prop_oneof![
        Just(Input::Cancel),
        Just(Input::Query(QueryAnswer::Closed)),
        Just(Input::Query(QueryAnswer::NotPaid { user_paying: false })),
        Just(Input::CheckNow),
        Just(Input::Query(QueryAnswer::Unknown(RetryAfter::NONE))),
    ];
    let shelf = prop_oneof![Just(Shelf::Stocked), Just(Shelf::Empty)];
    prop_oneof![
        3 => money.prop_map(|(nth, input)| Step::Hear(nth, input)),
        4 => (0usize..3, plain).prop_map(|(nth, input)| Step::Hear(nth, input)),
        2 => Just(Step::PayAgain),
        2 => (0usize..3, shelf).prop_map(|(nth, shelf)| Step::Adopt(nth, shelf)),
        2 => (0usize..3).prop_map(Step::GiveBack),
        1 => (0usize..3).prop_map(Step::Undecide),
        2 => (0usize..3).prop_map(Step::Bogus),
        2 => (0usize..3).prop_map(Step::Deny),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Decisions among everything else: one sale, one payment that counts; money is a sale's, waits for a decision or is on
    /// its way back, and is never forgotten; goods are held once, sold once.
    #[test]
    fn decisions_count_no_money_twice_and_lose_none(steps in prop::collection::vec(step(), 1..40)) {
        let timing = Timing::default();
        let mut sale = Sale::new(SaleId(1), TOTAL, number(0), start(), &timing);
        let mut apart: Vec<Sale> = Vec::new();
        let mut held = 1;
        for step in steps {
            let before = sale.clone();
            let effects = match step.clone() {
                Step::Hear(nth, input) => {
                    let (next, effects) = sale.clone().handle(start(), &timing, &number(nth), input);
                    sale = next;
                    effects
                }
                Step::PayAgain => match sale.clone().pay_again(number(sale.attempts.len() + apart.len()), start(), &timing) {
                    Ok((next, effects)) => { sale = next; effects }
                    Err(_) => continue,
                },
                Step::Adopt(nth, shelf) => match sale.clone().adopt(&number(nth), start(), &timing, shelf) {
                    Ok((next, effects)) => { sale = next; effects }
                    Err(NotNow::Settled) => match sale.clone().adopt_apart(&number(nth), SaleId(2), shelf) {
                        Ok((rest, own, effects)) => {
                            prop_assert!(effects.is_empty() == (own.stock == StockHold::Returned), "its own goods, if there are any");
                            sale = rest;
                            apart.push(own);
                            Vec::new()
                        }
                        Err(_) => continue,
                    },
                    Err(_) => continue,
                },
                Step::GiveBack(nth) => match sale.clone().give_back(&number(nth)) {
                    Ok((next, effects)) => { sale = next; effects }
                    Err(_) => continue,
                },
                Step::Undecide(nth) => { sale = sale.clone().undecide(&number(nth)); Vec::new() }
                Step::Bogus(nth) => {
                    let forged = Payment { found_by: FoundBy::Notify, ..money(TOTAL.get(), 9) };
                    let denied = Input::Query(QueryAnswer::NotPaid { user_paying: false });
                    let inputs = std::iter::once(Input::Notify(forged)).chain(std::iter::repeat_n(denied, 12));
                    let mut all = Vec::new();
                    for input in inputs {
                        let (next, effects) = sale.handle(start(), &timing, &number(nth), input);
                        sale = next;
                        all.extend(effects);
                    }
                    all
                }
                Step::Deny(nth) => match sale.clone().deny(&number(nth), start(), &timing) {
                    Ok((next, effects)) => { sale = next; effects }
                    Err(_) => continue,
                },
            };
            for effect in effects {
                match effect {
                    Effect::Reserve => held += 1,
                    Effect::Sell | Effect::GiveBack => held -= 1,
                    Effect::Hold => held += 1,
                }
                prop_assert!((0..=1).contains(&held), "goods are held once or not at all");
            }
            prop_assert_eq!(held == 1, sale.stock == StockHold::Held, "what is said of the stock is what was done");
            let paid = sale.attempts.iter().filter(|it| matches!(it.state, State::Paid(_))).count();
            prop_assert!(paid <= 1, "one sale, one payment that counts");
            let on_a_word = sale.attempts.iter().any(Attempt::sold_on_a_word);
            prop_assert!(sale.stock != StockHold::Sold || paid == 1 || on_a_word, "sold goods are paid for");
            prop_assert_eq!(check_goods(&sale), None, "the self-check holds");
            for own in &apart {
                prop_assert!(own.is_paid() && own.attempts.len() == 1, "a sale of its own has its own payment");
            }
            for old in &before.attempts {
                let new = sale.attempt(&old.out_trade_no).or_else(|| apart.iter().find_map(|it| it.attempt(&old.out_trade_no)));
                let new = new.unwrap();
                let proven = old.unconfirmed.is_none() || new.payment().is_some_and(|it| it.found_by == FoundBy::Notify);
                let denied = matches!(step, Step::Deny(nth) if number(nth) == old.out_trade_no);
                if let (Some(payment), true, false) = (old.payment(), proven, denied) {
                    prop_assert_eq!(new.payment(), Some(payment), "money once known is never forgotten or replaced");
                }
                if matches!(old.state, State::Paid(_)) {
                    prop_assert_eq!(&new.state, &old.state, "paid stays paid");
                }
            }
        }
    }
}
