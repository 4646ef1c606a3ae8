//! What a customer and the cashier before them do: drawn once, then acted out on invented time.

use jiff::{SignedDuration, Timestamp};
use rand::RngExt as _;
use rand::rngs::StdRng;
use till_core::{Fen, OutRefundNo, OutTradeNo, ProductId};
use wechat_pay_sim::{Coupon, CouponKind, PayWith};

/// How a visit goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Scans and pays.
    Prompt,
    /// Pays a part with coupons.
    Coupons,
    /// Is declined at first.
    DeclinedFirst,
    /// Never scans; nobody cancels.
    Leaves,
    /// Scans, closes the pay sheet; nobody cancels.
    WalksAway,
    /// Pays around the deadline, to the millisecond.
    LastMoment,
    /// The cashier cancels; nobody pays.
    Cancelled,
    /// Has the code on the phone when the cashier cancels, and pays all the same, some time later.
    PaysAfterCancel,
    /// The same, in the very instant in which the close arrives.
    PaysAtClose,
    /// Cancelled; a new code is asked for and paid.
    AgainPaysNew,
    /// Cancelled; a new code is asked for, the old one is paid.
    AgainPaysOld,
    /// Cancelled; a new code is asked for, both are paid.
    AgainPaysBoth,
    /// Pays in cash.
    Cash,
    /// Pays a part in cash and scans for the rest.
    Split,
    /// Has the code on the phone, pays in cash instead, and now and then by the code as well.
    CashInstead,
}

/// One customer at a counter.
#[derive(Debug)]
pub struct Visit {
    /// At which counter.
    pub counter: usize,
    /// How it goes.
    pub manner: Manner,
    /// What is rung up, piece by piece.
    pub basket: Vec<ProductId>,
    /// What came into the cart.
    pub sold: Vec<ProductId>,
    /// Its orders, oldest first.
    pub numbers: Vec<OutTradeNo>,
    /// How much less than the list prices was asked for it.
    pub off: Fen,
    /// The sum that the till named.
    pub total: Fen,
    /// The codes on the phone, with the order each is of.
    pub codes: Vec<(OutTradeNo, String)>,
    /// What the cashier cancelled.
    pub cancelled: Vec<Cancelled>,
    /// Cash handed over for it, the change taken off, and when the last of it was, by the till's clock.
    pub cash: Option<(Fen, Timestamp)>,
    /// That cash has paid all of it.
    pub in_cash: bool,
    /// A refund that was wished for, and the goods that come back with it.
    pub refund: Option<(OutRefundNo, Vec<ProductId>)>,
    /// Cash that went back of a paid sale: when by the till's clock, how much, and the goods that came with it.
    pub cash_refunds: Vec<(Timestamp, Fen, Vec<ProductId>)>,
}

/// An order that was cancelled.
#[derive(Debug, Clone)]
pub struct Cancelled {
    /// Which.
    pub number: OutTradeNo,
    /// When.
    pub at: Timestamp,
    /// What the till took the time for.
    pub shown: Timestamp,
}

/// Something that somebody does, or that happens.
#[derive(Debug)]
pub enum Act {
    /// The customer comes; the cashier rings up and presses 收款.
    Arrive,
    /// The customer looks at the display, so many times already in vain.
    Look {
        /// How often before.
        tried: u32,
    },
    /// The customer enters the password for the nth code on the phone.
    Pay {
        /// Which code.
        nth: usize,
    },
    /// The payment fails.
    Decline,
    /// The customer closes the pay sheet.
    WalkAway,
    /// The cashier cancels the newest order.
    Cancel,
    /// The cashier asks for a new code.
    PayAgain,
    /// The cashier wants to know now.
    CheckNow,
    /// The cashier puts it into the background, or back to the front.
    Shuffle,
    /// The cashier presses 收款 twice.
    SecondClick,
    /// The customer pays what is due in cash.
    CashInstead,
    /// The customer wants money back.
    Refund,
    /// The customer wants cash back that the sale was made of, for the nth time.
    RefundCash {
        /// Which time.
        nth: u32,
    },
}

impl Visit {
    /// Draws a visit.
    pub fn draw(rng: &mut StdRng, counter: usize, goods: usize) -> Self {
        let manner = match rng.random_range(0..115) {
            0..58 => Manner::Prompt,
            58..65 => Manner::Coupons,
            65..71 => Manner::DeclinedFirst,
            71..74 => Manner::Leaves,
            74..77 => Manner::WalksAway,
            77..80 => Manner::LastMoment,
            80..85 => Manner::Cancelled,
            85..89 => Manner::PaysAfterCancel,
            89..92 => Manner::PaysAtClose,
            92..95 => Manner::AgainPaysNew,
            95..97 => Manner::AgainPaysOld,
            97..100 => Manner::AgainPaysBoth,
            100..106 => Manner::Cash,
            106..111 => Manner::Split,
            _ => Manner::CashInstead,
        };
        let pieces = rng.random_range(1..5);
        let basket = (0..pieces)
            .map(|_| ProductId(rng.random_range(1..=i64::try_from(goods).unwrap_or(1))))
            .collect();
        Self {
            counter,
            manner,
            basket,
            sold: Vec::new(),
            off: Fen::ZERO,
            numbers: Vec::new(),
            total: Fen::ZERO,
            codes: Vec::new(),
            cancelled: Vec::new(),
            cash: None,
            in_cash: false,
            refund: None,
            cash_refunds: Vec::new(),
        }
    }

    /// What follows from 收款 at `now`, without anybody having seen a code yet.
    pub fn after_click(&self, rng: &mut StdRng) -> Vec<(SignedDuration, Act)> {
        let mut acts = vec![(seconds(rng, 1, 6), Act::Look { tried: 0 })];
        if rng.random_bool(0.08) {
            acts.push((
                SignedDuration::from_millis(rng.random_range(0..400)),
                Act::SecondClick,
            ));
        }
        if rng.random_bool(0.1) {
            acts.push((seconds(rng, 0, 90), Act::CheckNow));
        }
        if rng.random_bool(0.3) {
            acts.push((seconds(rng, 0, 20), Act::Shuffle));
        }
        match self.manner {
            // Often before the code is there at all.
            Manner::Cancelled => acts.push((seconds(rng, 0, 400), Act::Cancel)),
            Manner::Prompt
            | Manner::Coupons
            | Manner::DeclinedFirst
            | Manner::Leaves
            | Manner::WalksAway
            | Manner::LastMoment
            | Manner::PaysAfterCancel
            | Manner::PaysAtClose
            | Manner::AgainPaysNew
            | Manner::AgainPaysOld
            | Manner::AgainPaysBoth
            | Manner::Cash
            | Manner::Split
            | Manner::CashInstead => {}
        }
        acts
    }

    /// What follows once the nth code is on the phone; `deadline` is its order's, so far away.
    pub fn after_scan(
        &self,
        rng: &mut StdRng,
        nth: usize,
        deadline: SignedDuration,
    ) -> Vec<(SignedDuration, Act)> {
        let pay = (seconds(rng, 1, 15), Act::Pay { nth });
        match self.manner {
            Manner::Prompt | Manner::Coupons | Manner::Split => {
                let mut acts = vec![pay];
                if rng.random_bool(0.3) {
                    acts.push((seconds(rng, 20, 900), Act::Refund));
                }
                acts
            }
            Manner::CashInstead => {
                let cash = seconds(rng, 1, 60);
                let mut acts = vec![(cash, Act::CashInstead)];
                if rng.random_bool(0.4) {
                    acts.push((cash + seconds(rng, 0, 300), Act::Pay { nth }));
                }
                acts
            }
            Manner::DeclinedFirst => vec![
                (seconds(rng, 1, 10), Act::Decline),
                (seconds(rng, 11, 40), Act::Pay { nth }),
            ],
            Manner::Leaves | Manner::Cancelled | Manner::Cash => Vec::new(),
            Manner::WalksAway => vec![(seconds(rng, 1, 20), Act::WalkAway)],
            Manner::LastMoment => {
                // Past it by seconds: WeChat takes it where the till's clock is ahead and its close not there yet.
                let off =
                    [-3000, -1000, -999, -500, -1, 0, 1, 500, 1000, 3000, 9000][rng.random_range(0..11)];
                vec![(deadline + SignedDuration::from_millis(off), Act::Pay { nth })]
            }
            Manner::PaysAfterCancel => {
                let cancel = seconds(rng, 1, 60);
                vec![
                    (cancel, Act::Cancel),
                    (cancel + seconds(rng, 0, 400), Act::Pay { nth }),
                ]
            }
            Manner::PaysAtClose => vec![(seconds(rng, 1, 60), Act::Cancel)],
            Manner::AgainPaysNew | Manner::AgainPaysOld | Manner::AgainPaysBoth if nth == 0 => {
                let cancel = seconds(rng, 1, 60);
                // The new code may come long after the old order is closed, and be asked for while it is watched.
                let patience = if rng.random_bool(0.2) { 600 } else { 20 };
                let again = cancel + seconds(rng, 1, patience);
                let mut acts = vec![(cancel, Act::Cancel), (again, Act::PayAgain)];
                if self.manner != Manner::AgainPaysNew {
                    acts.push((again + seconds(rng, 0, 30), Act::Pay { nth }));
                }
                acts
            }
            Manner::AgainPaysNew | Manner::AgainPaysBoth => vec![pay],
            Manner::AgainPaysOld => Vec::new(),
        }
    }

    /// What the customer pays with.
    pub fn purse(&self, rng: &mut StdRng, code_url: &str) -> PayWith {
        let total = u64::try_from(self.total.get()).unwrap_or(0);
        let mut coupons = Vec::new();
        if self.manner == Manner::Coupons && total > 1 {
            let kind = if rng.random_bool(0.5) {
                CouponKind::Cash
            } else {
                CouponKind::NoCash
            };
            let fee = wechat_pay_sim::Fen::new(rng.random_range(1..=total));
            coupons.push(Coupon {
                id: String::new(),
                fee,
                kind,
            });
        }
        PayWith {
            coupons,
            bank_type: None,
            code_url: Some(code_url.to_owned()),
        }
    }
}

/// From so many seconds to before so many, to the millisecond.
fn seconds(rng: &mut StdRng, from: i64, to: i64) -> SignedDuration {
    SignedDuration::from_millis(rng.random_range(from * 1000..to * 1000))
}
