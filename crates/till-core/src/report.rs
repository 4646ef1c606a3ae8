//! X and Z: one calculation over what was put on the books since the last Z.
//!
//! An X is the Z that would come of closing now, and changes nothing. Each entry of the books and each movement of cash
//! belongs to exactly one Z, by its place in the ledger: money of yesterday that WeChat tells of today is in today's Z, and
//! is named there as yesterday's.

mod blind;
mod shift_line;
mod z_number;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    Booked, Booking, Calendar, CashMove, Fen, GivenUp, MoneyError, MoveKind, OutTradeNo, VoidedSums,
};

pub use blind::WithoutCash;
pub use shift_line::ShiftLine;
pub use z_number::{NotTheLast, ZNumber, ZsAside};

/// How many and how much. Below zero where more was taken back than written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// How many.
    pub count: i64,
    /// How much.
    pub sum: Fen,
}

/// One hour of the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourTally {
    /// 0 to 23.
    pub hour: i8,
    /// Sales paid in it.
    pub sold: Tally,
}

/// What the books say, added up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Takings {
    /// Orders paid at WeChat for sales.
    pub wechat_paid: Tally,
    /// Orders paid late or twice, taken over as sales.
    pub wechat_late: Tally,
    /// Orders paid that are no sale's and go back.
    pub wechat_surplus: Tally,
    /// Sales paid in cash alone.
    pub cash_sales: Tally,
    /// Cash parts of sales; their orders count them.
    pub cash_parts: Tally,
    /// Refunds that WeChat took on.
    pub refunds: Tally,
    /// Refunds that a person has to hand over, or has handed over.
    pub refunds_by_hand: Tally,
    /// Refunds that WeChat gave up: the money stayed.
    pub refunds_closed: Tally,
    /// Refunded in cash out of the drawer.
    pub cash_refunds: Tally,
    /// Closed unpaid at the deadline.
    pub closed_at_deadline: Tally,
    /// Cancelled and closed unpaid.
    pub closed_by_cancel: Tally,
    /// Closed unpaid otherwise.
    pub closed_otherwise: Tally,
    /// Not taken by WeChat.
    pub refused: Tally,
    /// Of what was taken, money of a business day before the first of this report: it was heard of late.
    pub of_earlier_days: Tally,
    /// Sales by the hour they were paid in; 24 rows.
    pub hours: Vec<HourTally>,
}

/// What was sold, or came back, of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemLine {
    /// Its name as it was rung up; of a category, the category's.
    pub name: String,
    /// Which category; of a category, empty.
    pub category: String,
    /// Pieces.
    pub pieces: i64,
    /// What they came to.
    pub sum: Fen,
}

/// Cash put in or taken out by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedMove {
    /// When.
    pub at: Timestamp,
    /// Put in, or taken out.
    pub kind: MoveKind,
    /// How much.
    pub amount: Fen,
    /// Why.
    pub reason: String,
    /// By whom; empty on a till without users.
    pub by: String,
}

/// The drawer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Drawer {
    /// Taken from customers, the change taken off, whether or not a sale came of it.
    pub taken: Tally,
    /// Given back to customers whose sale was never paid in full.
    pub given_back: Tally,
    /// Put in by name.
    pub paid_in: Tally,
    /// Taken out by name.
    pub paid_out: Tally,
    /// The movements by name, oldest first.
    pub moves: Vec<NamedMove>,
    /// The shifts closed in this time, and the one that goes on, oldest first.
    pub shifts: Vec<ShiftLine>,
    /// In the drawer for sales that are not paid in full, when the report was made.
    pub in_hand: Tally,
}

/// What is not settled when the report is made, and goes on after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The order's number, or the refund's.
    pub number: String,
    /// What is open.
    pub what: Opened,
    /// How much.
    pub amount: Fen,
    /// Since when.
    pub since: Timestamp,
}

/// What may be open at the end of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opened {
    /// An order that may yet be paid.
    Payment,
    /// Money that a person has to decide about.
    Review,
    /// A refund that WeChat has not taken, or has not finished.
    Refund,
    /// A refund that a person has to see to.
    RefundByHand,
}

/// Something out of the ordinary, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// What, as the journal has it.
    pub what: String,
    /// How often.
    pub count: u32,
}

/// Sums over all Zs of this till, this one included; never set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GrandTotals {
    /// Sales.
    pub sold: Tally,
    /// Refunds.
    pub refunded: Tally,
    /// What was taken less what went back.
    pub net: Fen,
}

/// Which shop, when and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportHead {
    /// Name of the shop.
    pub shop: String,
    /// What the shop is registered under; empty where the configuration names nothing.
    pub legal_id: String,
    /// The till.
    pub till: String,
    /// Version of the program.
    pub version: String,
    /// The number; `None` for an X.
    pub number: Option<ZNumber>,
    /// The business day it is of ([`Report::day_of`]).
    pub day: Date,
    /// Since when: the end of the Z before, or the first entry of all.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Who made it; empty on a till without users.
    pub by: String,
    /// What there is to say.
    pub note: String,
}

/// An X or a Z, whole: what is shown, printed, exported and kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Which shop, when and by whom.
    pub head: ReportHead,
    /// The money.
    pub takings: Takings,
    /// The drawer.
    pub drawer: Drawer,
    /// Lines sold below their list price, and by how much; a Z of before prices could be lowered has none.
    #[serde(default)]
    pub discounts: Tally,
    /// Items sold, best first.
    pub items: Vec<ItemLine>,
    /// Categories sold, best first.
    pub categories: Vec<ItemLine>,
    /// Items that came back with refunds.
    pub returned: Vec<ItemLine>,
    /// Refunds that WeChat gave up, oldest first; a Z of before they were named has none.
    #[serde(default)]
    pub given_up: Vec<GivenUp>,
    /// What goes on after it.
    pub carried: Vec<Carried>,
    /// Carts laid aside.
    pub held_carts: u32,
    /// What was taken out of carts; a Z of before it was counted has none.
    #[serde(default)]
    pub voided: VoidedSums,
    /// What was out of the ordinary.
    pub exceptions: Vec<Exception>,
    /// Zs between the one before and this that lie in a ledger set aside, in their order; mostly none.
    #[serde(default)]
    pub aside: Vec<ZsAside>,
    /// All Zs so far; of an X, what they would be.
    pub totals: GrandTotals,
}

/// What a report is made of: the stretch of the ledger since the last Z.
#[derive(Debug)]
pub struct ReportInput<B, C> {
    /// Which shop, when and by whom.
    pub head: ReportHead,
    /// The books.
    pub bookings: B,
    /// Movements of cash, and by whom.
    pub cash: C,
    /// The shifts, oldest first.
    pub shifts: Vec<ShiftLine>,
    /// Cash in hand for sales that are not paid in full.
    pub in_hand: Tally,
    /// Lines sold below their list price, and by how much.
    pub discounts: Tally,
    /// Items sold.
    pub items: Vec<ItemLine>,
    /// Items that came back.
    pub returned: Vec<ItemLine>,
    /// Refunds that WeChat gave up, oldest first.
    pub given_up: Vec<GivenUp>,
    /// What goes on after it.
    pub carried: Vec<Carried>,
    /// Carts laid aside.
    pub held_carts: u32,
    /// What was taken out of carts.
    pub voided: VoidedSums,
    /// What was out of the ordinary.
    pub exceptions: Vec<Exception>,
    /// Zs that lie in a ledger set aside.
    pub aside: Vec<ZsAside>,
    /// The Zs before.
    pub before: GrandTotals,
}

impl Tally {
    /// Adds an entry, or takes one away.
    fn enter(&mut self, amount: Fen, reversed: bool) -> Result<(), MoneyError> {
        if reversed {
            self.count = self.count.checked_sub(1).ok_or(MoneyError::OutOfRange)?;
            self.sum = self.sum.minus(amount)?;
        } else {
            self.count = self.count.checked_add(1).ok_or(MoneyError::OutOfRange)?;
            self.sum = self.sum.plus(amount)?;
        }
        Ok(())
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            count: self
                .count
                .checked_add(other.count)
                .ok_or(MoneyError::OutOfRange)?,
            sum: self.sum.plus(other.sum)?,
        })
    }
}

impl Takings {
    /// Adds the books up. `since` is where the stretch begins; money of a business day before that day is named.
    pub fn of(
        calendar: &Calendar,
        since: Timestamp,
        bookings: impl IntoIterator<Item = Booking>,
    ) -> Result<Self, MoneyError> {
        let first_day = calendar.day_of(since);
        let starts = calendar.bounds(first_day).map_or(since, |(start, _)| start);
        let mut takings = Self {
            hours: (0..24)
                .map(|hour| HourTally {
                    hour,
                    sold: Tally::default(),
                })
                .collect(),
            ..Self::default()
        };
        let mut clock = WallClock::default();
        for booking in bookings {
            takings.add(&booking, starts, clock.hour(calendar, booking.at))?;
        }
        Ok(takings)
    }

    /// Sales paid, each once, with all that was paid for them.
    pub fn sold(&self) -> Result<Tally, MoneyError> {
        let whole = self.wechat_paid.plus(self.wechat_late)?.plus(self.cash_sales)?;
        Ok(Tally {
            sum: whole.sum.plus(self.cash_parts.sum)?,
            ..whole
        })
    }

    /// Taken by WeChat, for whatever.
    pub fn wechat(&self) -> Result<Tally, MoneyError> {
        self.wechat_paid.plus(self.wechat_late)?.plus(self.wechat_surplus)
    }

    /// Given back by WeChat.
    pub fn wechat_refunded(&self) -> Result<Tally, MoneyError> {
        self.refunds.plus(self.refunds_by_hand)
    }

    /// Cash that sales were made of.
    pub fn cash(&self) -> Result<Tally, MoneyError> {
        self.cash_sales.plus(self.cash_parts)
    }

    /// Given back either way.
    pub fn refunded(&self) -> Result<Tally, MoneyError> {
        self.wechat_refunded()?.plus(self.cash_refunds)
    }

    /// Taken at WeChat less what went back.
    pub fn wechat_net(&self) -> Result<Fen, MoneyError> {
        self.wechat()?.sum.minus(self.wechat_refunded()?.sum)
    }

    /// Cash that sales were made of, less what went back.
    pub fn cash_net(&self) -> Result<Fen, MoneyError> {
        self.cash()?.sum.minus(self.cash_refunds.sum)
    }

    /// All that was taken, less all that went back.
    pub fn net(&self) -> Result<Fen, MoneyError> {
        self.wechat_net()?.plus(self.cash_net()?)
    }

    /// Orders that no sale came of.
    pub fn not_sold(&self) -> Result<Tally, MoneyError> {
        self.closed_at_deadline
            .plus(self.closed_by_cancel)?
            .plus(self.closed_otherwise)?
            .plus(self.refused)
    }

    fn add(&mut self, it: &Booking, starts: Timestamp, hour: i8) -> Result<(), MoneyError> {
        let (tally, sale, money) = match it.what {
            Booked::WechatPaid => (&mut self.wechat_paid, Some(true), true),
            Booked::WechatLate => (&mut self.wechat_late, Some(true), true),
            Booked::WechatSurplus => (&mut self.wechat_surplus, None, true),
            Booked::CashSale => (&mut self.cash_sales, Some(true), true),
            // The order that brought the rest counts the sale.
            Booked::CashPart => (&mut self.cash_parts, Some(false), true),
            Booked::CashRefund => (&mut self.cash_refunds, None, false),
            Booked::Refund => (&mut self.refunds, None, false),
            Booked::RefundByHand => (&mut self.refunds_by_hand, None, false),
            Booked::RefundClosed => (&mut self.refunds_closed, None, false),
            Booked::ClosedAtDeadline => (&mut self.closed_at_deadline, None, false),
            Booked::ClosedByCancel => (&mut self.closed_by_cancel, None, false),
            Booked::ClosedOtherwise => (&mut self.closed_otherwise, None, false),
            Booked::Refused => (&mut self.refused, None, false),
        };
        tally.enter(it.amount, it.reversed)?;
        if money && it.at < starts {
            self.of_earlier_days.enter(it.amount, it.reversed)?;
        }
        let Some(counts) = sale else { return Ok(()) };
        if let Some(row) = self.hours.iter_mut().find(|row| row.hour == hour) {
            let count = row.sold.count;
            row.sold.enter(it.amount, it.reversed)?;
            if !counts {
                row.sold.count = count;
            }
        }
        Ok(())
    }
}

/// The hour of the wall clock, worked out once for what came in the same minute: a day's entries come in order.
#[derive(Default)]
struct WallClock {
    known: Option<(i64, i8)>,
}

impl WallClock {
    fn hour(&mut self, calendar: &Calendar, at: Timestamp) -> i8 {
        let minute = at.as_second().div_euclid(60);
        match self.known {
            Some((known, hour)) if known == minute => hour,
            Some(_) | None => {
                let hour = at.to_zoned(calendar.zone().clone()).hour();
                self.known = Some((minute, hour));
                hour
            }
        }
    }
}

impl Report {
    /// The business day of a report over these books: of the last money in them, or, where there is none, of the moment it
    /// is made. A shop that closes after midnight closes the day it has sold on.
    #[must_use]
    pub fn day_of(calendar: &Calendar, bookings: &[Booking], now: Timestamp) -> Date {
        let money = bookings.iter().filter(|it| it.moves_money() && !it.reversed);
        let last = money.map(|it| it.at).max();
        calendar.day_of(last.map_or(now, |last| last.min(now)))
    }

    /// Makes one. The same input gives the same report, whether it is looked at or kept.
    pub fn make<B, C>(calendar: &Calendar, input: ReportInput<B, C>) -> Result<Self, MoneyError>
    where
        B: IntoIterator<Item = Booking>,
        C: IntoIterator<Item = (CashMove, String)>,
    {
        // Money of the report's own day is of no earlier one, though the Z before was closed after midnight.
        let starts = calendar.bounds(input.head.day).map(|(start, _)| start);
        let takings = Takings::of(
            calendar,
            starts.map_or(input.head.from, |start| start.min(input.head.from)),
            input.bookings,
        )?;
        let drawer = Drawer {
            shifts: input.shifts,
            in_hand: input.in_hand,
            ..Drawer::of(input.cash)?
        };
        let totals = GrandTotals {
            sold: input.before.sold.plus(takings.sold()?)?,
            refunded: input.before.refunded.plus(takings.refunded()?)?,
            net: input.before.net.plus(takings.net()?)?,
        };
        let mut carried = input.carried;
        carried.sort_by(|one, other| {
            (one.what, one.since, &one.number).cmp(&(other.what, other.since, &other.number))
        });
        Ok(Self {
            categories: categories(&input.items)?,
            items: best_first(input.items),
            returned: best_first(input.returned),
            given_up: input.given_up,
            head: input.head,
            takings,
            drawer,
            discounts: input.discounts,
            carried,
            held_carts: input.held_carts,
            voided: input.voided,
            exceptions: input.exceptions,
            aside: input.aside,
            totals,
        })
    }

    /// What was sold, at list prices.
    pub fn gross(&self) -> Result<Fen, MoneyError> {
        self.takings.sold()?.sum.plus(self.discounts.sum)
    }

    /// Pieces sold.
    #[must_use]
    pub fn pieces(&self) -> i64 {
        self.items.iter().fold(0, |sum, it| sum.saturating_add(it.pieces))
    }

    /// How many of a kind go on after it, and how much.
    pub fn open(&self, what: Opened) -> Result<Tally, MoneyError> {
        let mut open = Tally::default();
        for it in self.carried.iter().filter(|it| it.what == what) {
            open.enter(it.amount, false)?;
        }
        Ok(open)
    }
}

impl Drawer {
    /// Adds up what moved, and by whom.
    pub fn of(cash: impl IntoIterator<Item = (CashMove, String)>) -> Result<Self, MoneyError> {
        let mut drawer = Self::default();
        for (it, by) in cash {
            drawer.add(it, by)?;
        }
        Ok(drawer)
    }

    fn add(&mut self, it: CashMove, by: String) -> Result<(), MoneyError> {
        let (tally, named) = match it.kind {
            MoveKind::Sale => (&mut self.taken, false),
            MoveKind::GivenBack => (&mut self.given_back, false),
            MoveKind::PaidIn => (&mut self.paid_in, true),
            MoveKind::PaidOut => (&mut self.paid_out, true),
            // On the books, among the takings.
            MoveKind::Refund => return Ok(()),
        };
        tally.enter(it.amount, false)?;
        if named {
            self.moves.push(NamedMove {
                at: it.at,
                kind: it.kind,
                amount: it.amount,
                reason: it.reason,
                by,
            });
        }
        Ok(())
    }

    /// What was counted too much, or below zero too little, over all shifts that were closed.
    pub fn difference(&self) -> Result<Fen, MoneyError> {
        let differences = self
            .shifts
            .iter()
            .filter_map(|shift| Some(shift.counted?.minus(shift.expected)));
        Fen::sum(differences.collect::<Result<Vec<_>, _>>()?)
    }
}

impl Carried {
    /// An order that goes on.
    #[must_use]
    pub fn order(number: &OutTradeNo, what: Opened, amount: Fen, since: Timestamp) -> Self {
        Self {
            number: number.to_string(),
            what,
            amount,
            since,
        }
    }
}

fn categories(items: &[ItemLine]) -> Result<Vec<ItemLine>, MoneyError> {
    let mut found: Vec<ItemLine> = Vec::new();
    for item in items {
        let at = found.iter().position(|known| known.name == item.category);
        let at = at.unwrap_or_else(|| {
            found.push(ItemLine {
                name: item.category.clone(),
                category: String::new(),
                pieces: 0,
                sum: Fen::ZERO,
            });
            found.len() - 1
        });
        let known = &mut found[at];
        known.pieces = known
            .pieces
            .checked_add(item.pieces)
            .ok_or(MoneyError::OutOfRange)?;
        known.sum = known.sum.plus(item.sum)?;
    }
    Ok(best_first(found))
}

fn best_first(mut items: Vec<ItemLine>) -> Vec<ItemLine> {
    items.sort_by(|one, other| (other.sum, other.pieces, &one.name).cmp(&(one.sum, one.pieces, &other.name)));
    items
}
