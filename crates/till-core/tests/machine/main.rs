//! The payment machine under anything at all, and against a gateway that tells the truth but loses answers.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod examples;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use till_core::*;

const TOTAL: Fen = Fen::new(2980);

fn start() -> Timestamp {
    "2026-11-23T06:22:10Z".parse().unwrap()
}

fn number(nth: usize) -> OutTradeNo {
    OutTradeNo::parse(&format!("T01-261123-{nth:06}-7F3K")).unwrap()
}

fn payment(total: i64, fee_type: &str, time_end: Timestamp, transaction: u8) -> Payment {
    Payment {
        transaction_id: format!("42000000000000000000000000{transaction:02}"),
        total_fee: Fen::new(total),
        fee_type: fee_type.to_owned(),
        cash_fee: Fen::new(total),
        coupon_fee: Fen::ZERO,
        time_end,
        found_by: FoundBy::Query,
    }
}

/// How a sale of the first test begins.
#[derive(Debug, Clone)]
enum Begins {
    AskingWechat,
    /// So many fen in cash, the rest by WeChat; the whole in cash if that is all.
    WithCash(i64),
}

/// A step of the first test: time passes, something happens to one attempt, a new QR code is asked for, or cash comes and
/// goes.
#[derive(Debug, Clone)]
enum Step {
    Wait(i64),
    Happens(usize, Happening),
    PayAgain,
    /// So many fen, or whatever is due if that is less; the rest is asked for by a new order.
    TakeCash(i64),
    GiveCashBack,
}

#[derive(Debug, Clone)]
enum Happening {
    Input(Input),
    /// Money, paid so many seconds from now.
    Money {
        notify: bool,
        as_asked: bool,
        ago: i64,
        transaction: u8,
    },
    Refunded {
        transaction: u8,
    },
}

fn retry_after() -> impl Strategy<Value = RetryAfter> {
    prop_oneof![3 => Just(0), 1 => Just(10), 1 => Just(65)]
        .prop_map(|seconds| RetryAfter(SignedDuration::from_secs(seconds)))
}

fn plain_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        Just(Input::Place(PlaceAnswer::Placed {
            code_url: "weixin://wxpay/bizpayurl/up?pr=a".to_owned()
        })),
        Just(Input::Place(PlaceAnswer::Refused {
            code: "PARAM_ERROR".to_owned()
        })),
        Just(Input::Place(PlaceAnswer::AlreadyPaid)),
        Just(Input::Place(PlaceAnswer::AlreadyClosed)),
        Just(Input::Place(PlaceAnswer::NumberTaken)),
        retry_after().prop_map(|it| Input::Place(PlaceAnswer::Unknown(it))),
        any::<bool>().prop_map(|user_paying| Input::Query(QueryAnswer::NotPaid { user_paying })),
        Just(Input::Query(QueryAnswer::Closed)),
        Just(Input::Query(QueryAnswer::NoSuchOrder)),
        Just(Input::Query(QueryAnswer::Strange)),
        retry_after().prop_map(|it| Input::Query(QueryAnswer::Unknown(it))),
        Just(Input::Close(CloseAnswer::Closed)),
        Just(Input::Close(CloseAnswer::Paid)),
        Just(Input::Close(CloseAnswer::NotYet)),
        Just(Input::Close(CloseAnswer::NoSuchOrder)),
        retry_after().prop_map(|it| Input::Close(CloseAnswer::Unknown(it))),
        Just(Input::Cancel),
        Just(Input::Deadline(Timer::Own)),
        Just(Input::Deadline(Timer::Broker)),
        Just(Input::PaidOtherwise),
        Just(Input::RestChanged),
        Just(Input::CheckNow),
        (0i64..60).prop_map(|s| Input::Resume {
            hold_back: SignedDuration::from_secs(s)
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let happening = prop_oneof![
        6 => plain_input().prop_map(Happening::Input),
        1 => (any::<bool>(), prop::bool::weighted(0.8), 0i64..4000, 0u8..3)
            .prop_map(|(notify, as_asked, ago, transaction)| Happening::Money { notify, as_asked, ago, transaction }),
        1 => (0u8..3).prop_map(|transaction| Happening::Refunded { transaction }),
    ];
    prop_oneof![
        3 => (0i64..1000).prop_map(Step::Wait),
        8 => (0usize..3, happening).prop_map(|(nth, happening)| Step::Happens(nth, happening)),
        1 => Just(Step::PayAgain),
        1 => prop_oneof![1i64..TOTAL.get(), Just(TOTAL.get())].prop_map(Step::TakeCash),
        1 => Just(Step::GiveCashBack),
    ]
}

fn begins() -> impl Strategy<Value = Begins> {
    prop_oneof![
        2 => Just(Begins::AskingWechat),
        1 => prop_oneof![1i64..TOTAL.get(), Just(TOTAL.get())].prop_map(Begins::WithCash),
    ]
}

/// Cash for what is due, or a part of it with a new order for the rest, as one transaction. `None`: refused.
fn cash(sale: &Sale, fen: i64, now: Timestamp, timing: &Timing) -> Option<(Sale, Fen, Vec<Effect>)> {
    let amount = Fen::new(fen).min(sale.rest());
    let (taken, mut effects) = sale.clone().take_cash(amount, now, timing).ok()?;
    if taken.is_paid_in_cash() {
        return Some((taken, amount, effects));
    }
    let next = number(taken.attempts.len());
    let (asked, more) = taken.pay_again(next, now, timing).ok()?;
    effects.extend(more);
    Some((asked, amount, effects))
}

fn input_of(happening: Happening, asked_for: Fen, now: Timestamp) -> Input {
    match happening {
        Happening::Input(input) => input,
        Happening::Money {
            notify,
            as_asked,
            ago,
            transaction,
        } => {
            let total = if as_asked {
                asked_for.get()
            } else {
                asked_for.get() + 1
            };
            let paid = payment(total, "CNY", now - SignedDuration::from_secs(ago), transaction);
            if notify {
                Input::Notify(paid)
            } else {
                Input::Query(QueryAnswer::Paid(paid))
            }
        }
        Happening::Refunded { transaction } => Input::Query(QueryAnswer::Refunded(payment(
            asked_for.get(),
            "CNY",
            now,
            transaction,
        ))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever happens, in whatever order, however absurd.
    #[test]
    fn money_is_never_lost_nor_counted_twice(begins in begins(), steps in prop::collection::vec(step(), 1..60)) {
        let timing = Timing::default();
        let mut now = start();
        let (mut sold, mut held) = (0, 1);
        // What lies in the drawer for it.
        let mut drawer = Fen::ZERO;
        let mut sale = match begins {
            Begins::AskingWechat => Sale::new(SaleId(1), TOTAL, number(0), now, &timing),
            Begins::WithCash(fen) => {
                let rung_up = Sale::rung_up(SaleId(1), TOTAL);
                let (sale, amount, effects) = cash(&rung_up, fen, now, &timing).unwrap();
                drawer = amount;
                if effects == [Effect::Sell] {
                    (sold, held) = (1, 0);
                } else {
                    prop_assert_eq!(effects, [], "after a part the goods are held for the rest");
                }
                sale
            }
        };
        for step in steps {
            let before = sale.clone();
            let mut reported = None;
            let effects = match step {
                Step::Wait(seconds) => {
                    now += SignedDuration::from_secs(seconds);
                    continue;
                }
                Step::PayAgain => match sale.clone().pay_again(number(sale.attempts.len()), now, &timing) {
                    Ok((next, effects)) => {
                        sale = next;
                        effects
                    }
                    Err(_) => continue,
                },
                Step::TakeCash(fen) => match cash(&sale, fen, now, &timing) {
                    Some((next, amount, effects)) => {
                        sale = next;
                        drawer = drawer.plus(amount).unwrap();
                        effects
                    }
                    None => {
                        prop_assert!(sale.can_take_cash().is_err(), "cash for what is due is refused only where nothing is due");
                        continue;
                    }
                },
                Step::GiveCashBack => match sale.clone().give_cash_back(now, &timing) {
                    Ok((next, amount, effects)) => {
                        prop_assert!(amount > Fen::ZERO, "nothing is not given back");
                        sale = next;
                        drawer = drawer.minus(amount).unwrap();
                        effects
                    }
                    Err(_) => continue,
                },
                Step::Happens(..) if sale.attempts.is_empty() => continue,
                Step::Happens(nth, happening) => {
                    let nth = nth % sale.attempts.len();
                    let input = input_of(happening, sale.attempts[nth].total_fee, now);
                    if matches!(&input, Input::Notify(_) | Input::Query(QueryAnswer::Paid(_) | QueryAnswer::Refunded(_))) {
                        reported = Some(nth);
                    }
                    let (next, effects) = sale.handle(now, &timing, &number(nth), input);
                    sale = next;
                    effects
                }
            };
            for effect in effects {
                match effect {
                    Effect::Reserve => held += 1,
                    Effect::Sell => { held -= 1; sold += 1; }
                    Effect::GiveBack => held -= 1,
                    Effect::Hold => { held += 1; sold -= 1; }
                }
                prop_assert!((0..=1).contains(&held), "goods are held once or not at all");
            }
            prop_assert!(sold <= 1, "one sale is sold once");
            prop_assert_eq!(held == 1, sale.stock == StockHold::Held, "what is said of the stock is what was done");
            if let Some(nth) = reported {
                prop_assert!(sale.attempts[nth].payment().is_some(), "reported money stays with its order");
            }
            let paid: Vec<_> = sale.attempts.iter().filter(|it| matches!(it.state, State::Paid(_))).collect();
            prop_assert!(paid.len() <= 1, "one sale is paid by one order; a second one is for a person");
            for attempt in &paid {
                let all = attempt.payment().unwrap().total_fee.plus(sale.cash);
                prop_assert_eq!(all, Ok(TOTAL), "paid means the whole amount, the cash counted in, once");
            }
            prop_assert_eq!(sale.cash, drawer, "the cash of a sale is what lies in the drawer for it");
            prop_assert!((Fen::ZERO..=TOTAL).contains(&sale.cash), "nobody pays more cash than is due");
            prop_assert!(!sale.is_paid_in_cash() || paid.is_empty(), "what cash has paid no order pays");
            for shown in sale.attempts.iter().filter(|it| it.can_cancel()) {
                prop_assert_eq!(shown.total_fee, sale.rest(), "a code on show asks for exactly what is due");
            }
            let denied = sale.attempts.iter().filter(|it| is_denied(it)).count();
            let in_cash = usize::from(sale.is_paid_in_cash());
            prop_assert_eq!(
                paid.len() + denied + in_cash,
                sold,
                "sold if and only if paid, by an order or in cash, or sold when a notify said so"
            );
            if sold == 0 && !sale.attempts.iter().any(Attempt::can_cancel) {
                prop_assert_eq!(sale.cash_in_hand(), drawer, "cash that made no sale is in hand");
                prop_assert_eq!(
                    sale.can_give_cash_back().is_ok(),
                    drawer > Fen::ZERO,
                    "and can be given back as soon as no code is on show"
                );
            }
            for (old, new) in before.attempts.iter().zip(&sale.attempts) {
                // What a notify alone has said gives way to what WeChat says itself.
                let by_wechat = old.unconfirmed.is_some() && new.unconfirmed.is_none();
                if let (Some(money), false) = (old.payment(), by_wechat) {
                    prop_assert_eq!(new.payment(), Some(money), "money once known is never forgotten or replaced");
                }
                prop_assert!(old.payment().is_none() || new.payment().is_some(), "nor does it go nowhere");
                if matches!(old.state, State::Paid(_)) && !(is_denied(new) && old.unconfirmed.is_some()) && !by_wechat {
                    prop_assert_eq!(&new.state, &old.state, "paid stays paid, unless WeChat denies what a notify alone said");
                }
                if by_wechat {
                    prop_assert!(new.payment().is_some_and(|it| it.found_by == FoundBy::Query) || new.payment() == old.payment(), "and only to that");
                }
                if old.payment().is_some() && old.unconfirmed.is_none() {
                    prop_assert_eq!(new.unconfirmed, None, "what WeChat has answered once need not be confirmed again");
                }
            }
            if sale.stock == StockHold::Returned && before.stock == StockHold::Held {
                let free = sale.attempts.iter().all(|it| matches!(it.state, State::Closed { .. } | State::Refused { .. }));
                prop_assert!(free, "goods go back only when no order of the sale can be paid");
                prop_assert_eq!(drawer, Fen::ZERO, "and no cash for them is left in the drawer");
            }
        }
    }
}

/// A notify said that it is paid, and WeChat's answers went on denying it.
fn is_denied(attempt: &Attempt) -> bool {
    matches!(
        attempt.state,
        State::Review {
            why: ReviewReason::NotConfirmed,
            ..
        }
    )
}

/// WeChat's side of one order, truthful.
#[derive(Debug, Default, Clone)]
struct Truth {
    exists: bool,
    closed: bool,
    paid: Option<Payment>,
    placed_at: Option<Timestamp>,
}

/// What the second test decides at each question.
#[derive(Debug, Clone, Copy)]
struct Luck {
    /// 0: answered; 1: lost on the way there; 2: lost on the way back.
    lost: u8,
    /// The customer, who kept the code, pays before the question arrives, 1 in 20.
    pays: u8,
    /// The cashier cancels, 1 in 30.
    cancels: u8,
    /// A notify comes if it is paid, 1 in 8: the first, or one more.
    notifies: u8,
    /// The query reads an old copy, 1 in 4.
    stale: u8,
    /// The broker's deadline comes, 1 in 20.
    broker: u8,
}

/// No reading lags for longer than that many questions.
const STALE_MAX: u32 = 5;

fn luck() -> impl Strategy<Value = Luck> {
    (0u8..3, 0u8..20, 0u8..30, 0u8..8, 0u8..4, 0u8..20).prop_map(
        |(lost, pays, cancels, notifies, stale, broker)| Luck {
            lost,
            pays,
            cancels,
            notifies,
            stale,
            broker,
        },
    )
}

impl Truth {
    fn answer(&mut self, ask: Ask, now: Timestamp) -> Input {
        match ask {
            Ask::Place => Input::Place(if self.paid.is_some() {
                PlaceAnswer::AlreadyPaid
            } else if self.closed {
                PlaceAnswer::AlreadyClosed
            } else {
                self.exists = true;
                self.placed_at.get_or_insert(now);
                PlaceAnswer::Placed {
                    code_url: "weixin://wxpay/bizpayurl/up?pr=a".to_owned(),
                }
            }),
            Ask::Query => Input::Query(match (&self.paid, self.exists, self.closed) {
                (Some(payment), _, _) => QueryAnswer::Paid(payment.clone()),
                (None, false, _) => QueryAnswer::NoSuchOrder,
                (None, true, true) => QueryAnswer::Closed,
                (None, true, false) => QueryAnswer::NotPaid { user_paying: false },
            }),
            Ask::Close => Input::Close(match (&self.paid, self.placed_at) {
                (Some(_), _) => CloseAnswer::Paid,
                (None, None) => CloseAnswer::NoSuchOrder,
                (None, Some(at)) if now < at + SignedDuration::from_mins(5) => CloseAnswer::NotYet,
                (None, Some(_)) => {
                    self.closed = true;
                    CloseAnswer::Closed
                }
            }),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Lost questions, lost answers, stale readings, notifies early, late and twice, cancels and payments at any moment;
    /// afterwards the books agree with WeChat's.
    #[test]
    fn fault_14_17_19_20_21_27_49_every_order_ends_as_wechat_has_it(
        luck in prop::collection::vec(luck(), 0..400),
    ) {
        let timing = Timing::default();
        let mut now = start();
        let mut truth = Truth::default();
        let mut sale = Sale::new(SaleId(1), TOTAL, number(0), now, &timing);
        let mut luck = luck.into_iter();
        let mut given_back = false;
        let mut stale = 0;
        // After its luck ran out everything is answered, so that it must end: 30 minutes of polling and some closing.
        for _ in 0..3000 {
            let Some(at) = sale.attempts[0].due_at() else { break };
            now = now.max(at);
            let attempt = &sale.attempts[0];
            let mut inputs = Vec::new();
            if attempt.can_cancel() && now >= attempt.deadline {
                inputs.push(Input::Deadline(Timer::Own));
            } else if let Some(due) = attempt.next {
                let luck = luck.next().unwrap_or(Luck { lost: 0, pays: 1, cancels: 1, notifies: 1, stale: 1, broker: 1 });
                if luck.broker == 0 {
                    inputs.push(Input::Deadline(Timer::Broker));
                }
                if luck.pays == 0 && truth.exists && !truth.closed && truth.paid.is_none() {
                    prop_assert!(!given_back, "goods of a payable order were given back");
                    truth.paid = Some(payment(TOTAL.get(), "CNY", now, 1));
                }
                let unknown = match due.ask {
                    Ask::Place => Input::Place(PlaceAnswer::Unknown(RetryAfter::NONE)),
                    Ask::Query => Input::Query(QueryAnswer::Unknown(RetryAfter::NONE)),
                    Ask::Close => Input::Close(CloseAnswer::Unknown(RetryAfter::NONE)),
                };
                if luck.notifies == 0 && let Some(paid) = &truth.paid {
                    inputs.push(Input::Notify(Payment { found_by: FoundBy::Notify, ..paid.clone() }));
                }
                let old = luck.stale == 0 && due.ask == Ask::Query && truth.exists && stale < STALE_MAX;
                stale = if old { stale + 1 } else { 0 };
                match luck.lost {
                    1 => inputs.push(unknown),
                    _ if old => inputs.push(Input::Query(QueryAnswer::NotPaid { user_paying: false })),
                    2 => { truth.answer(due.ask, now); inputs.push(unknown); }
                    _ => inputs.push(truth.answer(due.ask, now)),
                }
                if luck.cancels == 0 {
                    inputs.push(Input::Cancel);
                }
            }
            for input in inputs {
                let (next, effects) = sale.handle(now, &timing, &number(0), input);
                sale = next;
                given_back |= effects.contains(&Effect::GiveBack);
            }
        }
        let attempt = &sale.attempts[0];
        prop_assert!(attempt.is_done(), "every order ends once WeChat answers again: {:?}", attempt);
        let transaction = |payment: &Payment| payment.transaction_id.clone();
        prop_assert_eq!(attempt.payment().map(transaction), truth.paid.as_ref().map(transaction), "our money is WeChat's money");
        prop_assert_eq!(attempt.unconfirmed, None, "WeChat has said so itself, whoever was first");
        prop_assert_eq!(given_back, truth.paid.is_none(), "goods go back if and only if nobody paid");
        if given_back {
            prop_assert!(truth.closed || !truth.exists, "and nobody can pay any more");
        }
    }
}
