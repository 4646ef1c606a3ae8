//! A day to be held against a bill, with what was planted in it and the differences that must therefore be named.

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use till_core::*;

pub(crate) const DAY: Date = date(2026, 11, 22);
pub(crate) const RATE: u32 = 6_000;

pub(crate) fn till() -> TillId {
    TillId::parse("T01").unwrap()
}

/// That many seconds after the day's first.
pub(crate) fn at(seconds: i64) -> Timestamp {
    bill_bounds(DAY).unwrap().0 + SignedDuration::from_secs(seconds)
}

pub(crate) fn noon(nth: usize) -> Timestamp {
    at(12 * 3600 + i64::try_from(nth).unwrap())
}

pub(crate) fn number(nth: usize) -> String {
    format!("T01-261122-{nth:06}-7F3K")
}

pub(crate) fn order(nth: usize, fen: i64, state: State) -> Attempt {
    Attempt {
        out_trade_no: OutTradeNo::parse(&number(nth)).unwrap(),
        total_fee: Fen::new(fen),
        placed_at: noon(nth),
        deadline: noon(nth),
        state,
        next: None,
        doubts: 0,
        unconfirmed: None,
        adopted: None,
        unasked: false,
    }
}

pub(crate) fn payment(nth: usize, fen: i64, time_end: Timestamp) -> Payment {
    Payment {
        transaction_id: format!("42000000000000000000{nth:08}"),
        total_fee: Fen::new(fen),
        fee_type: "CNY".to_owned(),
        cash_fee: Fen::new(fen),
        coupon_fee: Fen::ZERO,
        time_end,
        found_by: FoundBy::Query,
    }
}

pub(crate) fn paid(nth: usize, fen: i64, time_end: Timestamp) -> Attempt {
    order(nth, fen, State::Paid(payment(nth, fen, time_end)))
}

pub(crate) fn rate() -> Rate {
    Rate::parse("0.60%").unwrap()
}

/// WeChat's fee on that many fen, rounded half up to the fen.
pub(crate) fn fee(fen: i64) -> MicroYuan {
    MicroYuan::new((fen * 60 + 5_000) / 10_000 * 10_000)
}

/// The same, not rounded.
pub(crate) fn expected_fee(fen: i64) -> MicroYuan {
    MicroYuan::new(fen * i64::from(RATE) / 100)
}

pub(crate) fn line(nth: usize, fen: i64, at: Timestamp) -> BillLine {
    BillLine {
        at,
        transaction_id: payment(nth, fen, at).transaction_id,
        out_trade_no: number(nth),
        fee_type: "CNY".to_owned(),
        fee: Some(fee(fen)),
        rate: Ok(rate()),
        entry: BillEntry::Payment {
            amount: Fen::new(fen),
            settled: Fen::new(fen),
        },
    }
}

pub(crate) fn refund_here(nth: usize, fen: i64, standing: RefundStanding) -> RefundHere {
    RefundHere {
        out_refund_no: format!("R{nth}"),
        out_trade_no: OutTradeNo::parse(&number(nth)).unwrap(),
        amount: Fen::new(fen),
        at: noon(nth),
        standing,
    }
}

pub(crate) fn refund_line(nth: usize, fen: i64, standing: RefundStanding) -> BillLine {
    BillLine {
        fee: Some(MicroYuan::new(-fee(fen).get())),
        entry: BillEntry::Refund {
            out_refund_no: format!("R{nth}"),
            amount: Fen::new(fen),
            settled: Fen::new(fen),
            standing,
        },
        ..line(nth, fen, noon(nth))
    }
}

/// What is planted in one place of a day.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Plant {
    Same,
    SameInTheLastSecond,
    OnlyHere,
    OnlyHereInTheNight,
    OnlyThere,
    NotPaid(NotPaid),
    Review(ReviewReason, bool),
    Amount(i64),
    OtherPayment,
    Currency,
    Revoked,
    OnTomorrowsBill,
    OnYesterdaysBill,
    PaidYesterday,
    PaidTomorrow,
    ReviewOnTomorrowsBill,
    Fee(i64),
    FeeMissing,
    RateUnreadable,
    FeeToo(i64),
    Twice,
    OtherTill,
    OtherSystem,
    ClosedAndNotThere,
    Refunded,
    RefundFee(i64),
    RefundFeeTaken,
    RefundFeeMissing,
    RefundRateUnreadable,
    RefundFailed(i64),
    RefundUnderWayThere,
    RefundOnlyHere,
    RefundOnlyThere,
    RefundAmount(i64),
    RefundUnheard,
    RefundFailedThere,
    RefundNotTaken,
    RefundTwice,
    RefundOnTomorrowsBill,
}

pub(crate) fn plant() -> impl Strategy<Value = Plant> {
    let standing = prop_oneof![
        Just(NotPaid::Waiting),
        Just(NotPaid::Refused),
        Just(NotPaid::Closed(CloseReason::Deadline)),
        Just(NotPaid::Closed(CloseReason::Cancelled)),
    ];
    let why = prop_oneof![
        Just(ReviewReason::PaidAfterCancel),
        Just(ReviewReason::PaidTwice),
        Just(ReviewReason::RefundedElsewhere),
    ];
    let by = || (-99i64..100).prop_filter("an amount that differs", |by| *by != 0);
    let plain = prop::sample::select(vec![
        Plant::SameInTheLastSecond,
        Plant::OnlyHere,
        Plant::OnlyHereInTheNight,
        Plant::OnlyThere,
        Plant::OtherPayment,
        Plant::Currency,
        Plant::Revoked,
        Plant::OnTomorrowsBill,
        Plant::OnYesterdaysBill,
        Plant::PaidYesterday,
        Plant::PaidTomorrow,
        Plant::ReviewOnTomorrowsBill,
        Plant::FeeMissing,
        Plant::RateUnreadable,
        Plant::Twice,
        Plant::OtherTill,
        Plant::OtherSystem,
        Plant::ClosedAndNotThere,
        Plant::Refunded,
        Plant::RefundFeeTaken,
        Plant::RefundFeeMissing,
        Plant::RefundRateUnreadable,
        Plant::RefundUnderWayThere,
        Plant::RefundOnlyHere,
        Plant::RefundOnlyThere,
        Plant::RefundUnheard,
        Plant::RefundFailedThere,
        Plant::RefundNotTaken,
        Plant::RefundTwice,
        Plant::RefundOnTomorrowsBill,
    ]);
    prop_oneof![
        20 => Just(Plant::Same),
        30 => plain,
        2 => standing.prop_map(Plant::NotPaid),
        2 => (why, any::<bool>()).prop_map(|(why, there)| Plant::Review(why, there)),
        1 => by().prop_map(Plant::Amount),
        1 => by().prop_map(Plant::RefundAmount),
        1 => (1i64..100).prop_map(Plant::Fee),
        1 => (1i64..100).prop_map(Plant::FeeToo),
        1 => (2i64..100).prop_map(Plant::RefundFee),
        1 => (0i64..3).prop_map(Plant::RefundFailed),
    ]
}

/// A day with what was planted in it, and the differences that must be named.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) orders: Vec<Attempt>,
    pub(crate) refunds: Vec<RefundHere>,
    pub(crate) bill: Bill,
    pub(crate) yesterday: Bill,
    pub(crate) tomorrow: Bill,
    pub(crate) expected: Vec<Difference>,
}

impl World {
    pub(crate) fn expect(&mut self, subject: Subject, at: Timestamp, here: i64, there: i64, cause: Cause) {
        let (here, there) = (Fen::new(here), Fen::new(there));
        self.expected.push(Difference {
            subject,
            at,
            here,
            there,
            cause,
        });
    }

    pub(crate) fn both(&mut self, nth: usize, fen: i64, at: Timestamp) {
        self.orders.push(paid(nth, fen, at));
        self.bill.lines.push(line(nth, fen, at));
    }

    pub(crate) fn plant(&mut self, nth: usize, fen: i64, plant: Plant) {
        let noon = noon(nth);
        let night = at(24 * 3600 - 120);
        let subject = Subject::Order {
            out_trade_no: number(nth),
        };
        let boundary = |here: Date, there: Option<Date>| Cause::DayBoundary { here, there };
        let (tomorrow, yesterday) = (DAY.tomorrow().unwrap(), DAY.yesterday().unwrap());
        match plant {
            Plant::Same => self.both(nth, fen, noon),
            Plant::SameInTheLastSecond => self.both(nth, fen, at(24 * 3600 - 1)),
            Plant::OnlyHere => {
                self.orders.push(paid(nth, fen, noon));
                self.expect(subject, noon, fen, 0, Cause::OnlyHere);
            }
            // The next day's bill is there and does not have it either.
            Plant::OnlyHereInTheNight => {
                self.orders.push(paid(nth, fen, night));
                self.expect(subject, night, fen, 0, Cause::OnlyHere);
            }
            Plant::OnlyThere => {
                self.bill.lines.push(line(nth, fen, noon));
                self.expect(subject, noon, 0, fen, Cause::OnlyThere);
            }
            Plant::NotPaid(how) => {
                let state = match how {
                    NotPaid::Waiting => State::Placing,
                    NotPaid::Closed(why) => State::Closed { why },
                    NotPaid::Refused => State::Refused {
                        code: "NOAUTH".to_owned(),
                    },
                };
                self.orders.push(order(nth, fen, state));
                self.bill.lines.push(line(nth, fen, noon));
                self.expect(subject, noon, 0, fen, Cause::NotPaidHere(how));
            }
            Plant::Review(why, on_bill) => {
                let payment = Some(payment(nth, fen, noon));
                self.orders.push(order(nth, fen, State::Review { why, payment }));
                if on_bill {
                    self.bill.lines.push(line(nth, fen, noon));
                }
                let cause = Cause::Review {
                    why,
                    amount: Fen::new(fen),
                    on_bill,
                };
                self.expect(subject, noon, 0, if on_bill { fen } else { 0 }, cause);
            }
            Plant::Amount(by) => {
                self.orders.push(paid(nth, fen, noon));
                self.bill.lines.push(line(nth, fen + by, noon));
                self.expect(subject, noon, fen, fen + by, Cause::AmountDiffers);
            }
            Plant::OtherPayment => {
                self.both(nth, fen, noon);
                let line = self.bill.lines.last_mut().unwrap();
                line.transaction_id = "another".to_owned();
                let here = payment(nth, fen, noon).transaction_id;
                let there = "another".to_owned();
                self.expect(subject, noon, fen, fen, Cause::PaymentDiffers { here, there });
            }
            Plant::Currency => {
                self.both(nth, fen, noon);
                self.bill.lines.last_mut().unwrap().fee_type = "USD".to_owned();
                let there = "USD".to_owned();
                self.expect(subject, noon, fen, fen, Cause::CurrencyDiffers { there });
            }
            Plant::Revoked => {
                self.both(nth, fen, noon);
                self.bill.lines.last_mut().unwrap().entry = BillEntry::Other("REVOKED".to_owned());
                let there = "REVOKED".to_owned();
                self.expect(subject, noon, fen, 0, Cause::StateDiffers { there });
            }
            Plant::OnTomorrowsBill => {
                self.orders.push(paid(nth, fen, night));
                self.tomorrow.lines.push(line(nth, fen, at(24 * 3600)));
                self.expect(subject, night, fen, 0, boundary(DAY, Some(tomorrow)));
            }
            Plant::OnYesterdaysBill => {
                self.orders.push(paid(nth, fen, at(0)));
                self.yesterday.lines.push(line(nth, fen, at(-1)));
                self.expect(subject, at(0), fen, 0, boundary(DAY, Some(yesterday)));
            }
            Plant::PaidYesterday => {
                self.orders.push(paid(nth, fen, at(-1)));
                self.bill.lines.push(line(nth, fen, at(0)));
                self.expect(subject, at(0), 0, fen, boundary(yesterday, Some(DAY)));
            }
            Plant::PaidTomorrow => {
                self.orders.push(paid(nth, fen, at(24 * 3600)));
                self.bill.lines.push(line(nth, fen, at(24 * 3600 - 1)));
                self.expect(subject, at(24 * 3600 - 1), 0, fen, boundary(tomorrow, Some(DAY)));
            }
            // Named by the day whose bill it is on.
            Plant::ReviewOnTomorrowsBill => {
                let state = State::Review {
                    why: ReviewReason::PaidAfterCancel,
                    payment: Some(payment(nth, fen, night)),
                };
                self.orders.push(order(nth, fen, state));
                self.tomorrow.lines.push(line(nth, fen, at(24 * 3600)));
            }
            Plant::Fee(by) => {
                self.both(nth, fen, noon);
                let cause = self.take(fee(fen), by, expected_fee(fen));
                self.expect(subject, noon, fen, fen, cause);
            }
            Plant::FeeMissing => {
                self.both(nth, fen, noon);
                self.last().fee = None;
                self.expect(subject, noon, fen, fen, Cause::FeeMissing);
            }
            Plant::RateUnreadable => {
                self.both(nth, fen, noon);
                let cause = self.unread(fee(fen));
                self.expect(subject, noon, fen, fen, cause);
            }
            // What explains itself hides no fee.
            Plant::FeeToo(by) => {
                self.orders.push(paid(nth, fen, at(-1)));
                self.bill.lines.push(line(nth, fen, at(0)));
                self.expect(subject.clone(), at(0), 0, fen, boundary(yesterday, Some(DAY)));
                let cause = self.take(fee(fen), by, expected_fee(fen));
                self.expect(subject, at(0), 0, 0, cause);
            }
            Plant::Twice => {
                self.both(nth, fen, noon);
                self.bill.lines.push(line(nth, fen, noon));
                self.expect(subject, noon, 0, fen, Cause::TwiceThere);
            }
            Plant::OtherTill | Plant::OtherSystem => {
                let out_trade_no = match plant {
                    Plant::OtherTill => format!("T02-{nth}"),
                    _ => format!("ticket|{nth}"),
                };
                self.bill.lines.push(BillLine {
                    out_trade_no,
                    ..line(nth, fen, noon)
                });
            }
            Plant::ClosedAndNotThere => {
                let why = CloseReason::Deadline;
                self.orders.push(order(nth, fen, State::Closed { why }));
            }
            Plant::Refunded
            | Plant::RefundFee(_)
            | Plant::RefundFeeTaken
            | Plant::RefundFeeMissing
            | Plant::RefundRateUnreadable
            | Plant::RefundFailed(_)
            | Plant::RefundUnderWayThere
            | Plant::RefundOnlyHere
            | Plant::RefundOnlyThere
            | Plant::RefundAmount(_)
            | Plant::RefundUnheard
            | Plant::RefundFailedThere
            | Plant::RefundNotTaken
            | Plant::RefundTwice
            | Plant::RefundOnTomorrowsBill => {
                self.both(nth, fen, noon);
                self.plant_refund(nth, fen, plant);
            }
        }
    }

    fn last(&mut self) -> &mut BillLine {
        self.bill.lines.last_mut().unwrap()
    }

    /// Gives the last row a fee that is so many fen off.
    fn take(&mut self, right: MicroYuan, by: i64, expected: MicroYuan) -> Cause {
        let charged = right.plus(MicroYuan::new(by * 10_000)).unwrap();
        self.last().fee = Some(charged);
        Cause::FeeDiffers {
            rate: rate(),
            expected,
            charged,
        }
    }

    /// Takes the last row's rate away.
    fn unread(&mut self, charged: MicroYuan) -> Cause {
        let said = "优惠".to_owned();
        self.last().rate = Err(said.clone());
        Cause::RateUnreadable { said, charged }
    }

    /// In a paid order that both sides have.
    fn plant_refund(&mut self, nth: usize, fen: i64, plant: Plant) {
        use RefundStanding::{Asked, Done, Failed, Processing};
        let noon = noon(nth);
        let subject = Subject::Refund {
            out_refund_no: format!("R{nth}"),
            out_trade_no: number(nth),
        };
        let here = |standing| refund_here(nth, fen, standing);
        let there = |standing| refund_line(nth, fen, standing);
        let back = MicroYuan::new(-fee(fen).get());
        let expected_back = MicroYuan::new(-expected_fee(fen).get());
        match plant {
            Plant::RefundFee(by) => {
                self.refunds.push(here(Done));
                self.bill.lines.push(there(Done));
                let cause = self.take(back, by, expected_back);
                self.expect(subject, noon, fen, fen, cause);
            }
            // The sign is wrong, as if it had been taken a second time: of less than a fen nobody can tell.
            Plant::RefundFeeTaken => {
                self.refunds.push(here(Done));
                self.bill.lines.push(there(Done));
                let twice = (fee(fen).get() + expected_fee(fen).get()) / 10_000;
                let cause = self.take(back, 2 * fee(fen).get() / 10_000, expected_back);
                if twice > 0 {
                    self.expect(subject, noon, fen, fen, cause);
                }
            }
            Plant::RefundFeeMissing => {
                self.refunds.push(here(Done));
                self.bill.lines.push(there(Done));
                self.last().fee = None;
                self.expect(subject, noon, fen, fen, Cause::FeeMissing);
            }
            Plant::RefundRateUnreadable => {
                self.refunds.push(here(Done));
                self.bill.lines.push(there(Done));
                let cause = self.unread(back);
                self.expect(subject, noon, fen, fen, cause);
            }
            // The fee came back with it or did not; another one is none of the two.
            Plant::RefundFailed(way) => {
                self.refunds.push(here(Failed));
                self.bill.lines.push(there(Failed));
                let cause = Cause::RefundDiffers {
                    here: Failed,
                    there: Failed,
                };
                self.expect(subject.clone(), noon, 0, fen, cause);
                match way {
                    0 => {}
                    1 => self.last().fee = Some(MicroYuan::ZERO),
                    _ => {
                        let cause = self.take(back, -2, expected_back);
                        self.expect(subject, noon, 0, 0, cause);
                    }
                }
            }
            Plant::RefundUnderWayThere => {
                self.refunds.push(here(Done));
                self.bill.lines.push(there(Processing));
            }
            Plant::RefundOnlyHere => {
                self.refunds.push(here(Done));
                self.expect(subject, noon, fen, 0, Cause::OnlyHere);
            }
            Plant::RefundOnlyThere => {
                self.bill.lines.push(there(Done));
                self.expect(subject, noon, 0, fen, Cause::OnlyThere);
            }
            Plant::RefundAmount(by) => {
                self.refunds.push(here(Done));
                self.bill.lines.push(refund_line(nth, fen + by, Done));
                self.expect(subject, noon, fen, fen + by, Cause::AmountDiffers);
            }
            Plant::RefundUnheard => {
                self.refunds.push(here(Asked));
                self.bill.lines.push(there(Done));
                let cause = Cause::RefundDiffers {
                    here: Asked,
                    there: Done,
                };
                self.expect(subject, noon, 0, fen, cause);
            }
            Plant::RefundFailedThere => {
                self.refunds.push(here(Done));
                self.bill.lines.push(there(Failed));
                let cause = Cause::RefundDiffers {
                    here: Done,
                    there: Failed,
                };
                self.expect(subject, noon, fen, fen, cause);
            }
            Plant::RefundNotTaken => self.refunds.push(here(Asked)),
            Plant::RefundTwice => {
                self.refunds.push(here(Done));
                self.bill.lines.extend([there(Done), there(Done)]);
                self.expect(subject, noon, 0, fen, Cause::TwiceThere);
            }
            Plant::RefundOnTomorrowsBill => {
                let mut refund = here(Done);
                refund.at = at(24 * 3600 - 1);
                self.refunds.push(refund);
                self.tomorrow.lines.push(there(Done));
                let cause = Cause::DayBoundary {
                    here: DAY,
                    there: Some(DAY.tomorrow().unwrap()),
                };
                self.expect(subject, at(24 * 3600 - 1), fen, 0, cause);
            }
            _ => {
                self.refunds.push(here(Processing));
                self.bill.lines.push(there(Processing));
            }
        }
    }

    pub(crate) fn reconcile(&self) -> Agreement {
        let here = Here {
            orders: &self.orders,
            refunds: &self.refunds,
        };
        let bills = Bills {
            of_day: &self.bill,
            day_before: Some(&self.yesterday),
            day_after: Some(&self.tomorrow),
        };
        reconcile(DAY, &till(), here, bills).unwrap()
    }
}

pub(crate) fn totals(bill: &Bill) -> BillTotals {
    let (mut paid, mut refunded) = (0, 0);
    for line in &bill.lines {
        match &line.entry {
            BillEntry::Payment { amount, .. } => paid += amount.get(),
            BillEntry::Refund { amount, .. } => refunded += amount.get(),
            BillEntry::Other(_) => {}
        }
    }
    let fees = bill.lines.iter().filter_map(|line| line.fee);
    let fee = fees.map(MicroYuan::get).sum();
    BillTotals {
        count: u64::try_from(bill.lines.len()).unwrap(),
        fee: Some(MicroYuan::new(fee)),
        paid: Some(Fen::new(paid)),
        refunded: Some(Fen::new(refunded)),
    }
}
