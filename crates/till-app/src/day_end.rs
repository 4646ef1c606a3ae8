//! X and Z: what there is to tell since the last Z, and closing the day.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use till_core::{
    Carried, CashMove, DrawerCount, Exception, Fen, Opened, Refund, Report, ReportHead, ReportInput, Shift,
    ShiftLine, ShiftSums, State, Takings, Tally, UserId, WithoutCash, ZNumber,
};
use till_store::{Read, StoredZ, Told};

use crate::report::{Copy, ExportJob};
use crate::shift::words;
use crate::till::{Refusal, Till};

/// What the journal writes when something is out of the ordinary.
const EXCEPTIONS: [&str; 11] = [
    "approved",
    "pin_wrong",
    "price_changed",
    "discount_over_limit",
    "drawer_opened",
    "dead_letter",
    "adopted",
    "no_money_came",
    "cash_given_back",
    "z_copied",
    "restored",
];

/// A report and what goes with it on the screen.
#[derive(Debug, Clone)]
pub struct ReportPicture {
    /// The report; of WeChat alone while it is counted blind.
    pub report: Report,
    /// A shift that it tells of goes on and is counted blind: nothing here tells what should be in the drawer.
    pub blind: bool,
    /// The seal; an X has none.
    pub seal: Option<Seal>,
    /// The Z before and its digest, with which it is sealed.
    pub previous: Option<(ZNumber, String)>,
    /// The Z after it, if there is one; of an X, what closing the day would make.
    pub next: Option<ZNumber>,
    /// The same day of the week before, if anything was sold then.
    pub week_before: Option<Compared>,
}

/// What a Z is sealed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Over the Z, its stretch of the journal and the Z before it; SHA-256 in hex.
    pub digest: String,
    /// The first and the last row of its stretch of the journal.
    pub rows: (i64, i64),
    /// The digest of that last row.
    pub journal_digest: String,
}

impl Seal {
    fn of(digest: String, told: &Told) -> Self {
        Self {
            digest,
            rows: (told.from.journal.row.saturating_add(1), told.to.journal.row),
            journal_digest: told.to.journal.digest.to_string(),
        }
    }
}

/// Another day to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Which.
    pub day: Date,
    /// Sold on it.
    pub sold: Tally,
    /// Its net.
    pub net: Fen,
}

/// A Z in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZBrief {
    /// Its number.
    pub number: ZNumber,
    /// Its day.
    pub day: Date,
    /// When it was made.
    pub closed_at: Timestamp,
    /// What was taken less what went back.
    pub net: Fen,
    /// Sales.
    pub sold: Tally,
    /// How many things it carried over.
    pub unsettled: u32,
}

impl Till {
    /// What a Z would be if the day were closed now. Changes nothing.
    pub fn x_report(&self, now: Timestamp) -> Result<ReportPicture, Refusal> {
        let read = self.db.read();
        let told = read.z_reports().untold().map_err(Refusal::NotSaved)?;
        let report = self.report(now, None, &told, "")?;
        let last = read.z_reports().last().map_err(Refusal::NotSaved)?;
        let previous = last.map(|z| (z.number, z.digest.to_string()));
        self.report_picture(report, &told, None, previous)
    }

    /// Closes the day: makes the next Z, for ever. Always possible; what is not settled is named and goes on. The same
    /// `click` is the same Z, however often it comes.
    pub fn close_day(&mut self, now: Timestamp, click: &str, note: &str) -> Result<ReportPicture, Refusal> {
        self.unlocked()?;
        let note = words(note)?;
        let known = self.db.read().z_reports().by_click(click);
        if let Some(number) = self.saved(known)? {
            return self.z_report(number);
        }
        let read = self.db.read();
        let told = read.z_reports().untold().map_err(Refusal::NotSaved)?;
        let last = read.z_reports().last().map_err(Refusal::NotSaved)?;
        let number = next_number(read)?;
        let report = self.report(now, Some(number), &told, &note)?;
        let net = report.takings.net().map_err(|_| Refusal::AmountOutOfRange)?;
        let who = self.staff.who().to_owned();
        // All that can fail is done before: once the Z is in the ledger, the answer is the Z.
        let previous = last.map(|z| (z.number, z.digest.to_string()));
        let picture = self.report_picture(report.clone(), &told, None, previous)?;
        // One thread writes: nothing has come to the ledger since it was read.
        let written = self.db.write(|tx| {
            let digest = tx.z_reports().keep(click, number, &report, net, told.to)?;
            let detail = format!("{}: {who}, net {net}, {digest}", number.0);
            tx.journal().add(now, "z_made", None, None, &detail)?;
            Ok(digest)
        });
        let digest = self.saved(written)?;
        self.backups.z_made();
        self.changed();
        Ok(ReportPicture {
            seal: Some(Seal::of(digest.to_string(), &told)),
            ..picture
        })
    }

    /// A Z as it was made.
    pub fn z_report(&self, number: ZNumber) -> Result<ReportPicture, Refusal> {
        let read = self.db.read();
        let z = read.z_reports().get(number).map_err(Refusal::NotSaved)?;
        let z = z.ok_or(Refusal::NoSuchZ)?;
        let told = read.z_reports().told_by(&z).map_err(Refusal::NotSaved)?;
        let before = read.z_reports().one_before(number).map_err(Refusal::NotSaved)?;
        let seal = Seal::of(z.digest.to_string(), &told);
        let previous = before.map(|z| (z.number, z.digest.to_string()));
        self.report_picture(z.report, &told, Some(seal), previous)
    }

    /// The Zs before this one, or the last ones; newest first.
    pub fn z_reports(&self, before: Option<ZNumber>, limit: u32) -> Result<Vec<ZBrief>, Refusal> {
        let found = self.db.read().z_reports().before(before, limit);
        let found = found.map_err(Refusal::NotSaved)?;
        found.iter().map(|z| self.brief(z)).collect()
    }

    /// What is needed to write a report to a file: a Z, or what one would be now. The work itself is [`ExportJob::run`]; for
    /// what others take for paper see [`Self::pdf`].
    pub fn export(
        &self,
        now: Timestamp,
        number: Option<ZNumber>,
        training: bool,
    ) -> Result<ExportJob, Refusal> {
        let read = self.db.read();
        let (picture, told) = match number {
            None => {
                let told = read.z_reports().untold().map_err(Refusal::NotSaved)?;
                (self.x_report(now)?, told)
            }
            Some(number) => {
                let z = read.z_reports().get(number).map_err(Refusal::NotSaved)?;
                let told = read
                    .z_reports()
                    .told_by(&z.ok_or(Refusal::NoSuchZ)?)
                    .map_err(Refusal::NotSaved)?;
                (self.z_report(number)?, told)
            }
        };
        Ok(ExportJob {
            picture,
            provider: None,
            reader: self.db.reader().map_err(Refusal::NotSaved)?,
            pages: told.bookings(),
            shop: self.config.shop.clone(),
            locale: self.locale,
            training,
            copy: Copy::First,
            now,
            folder: self.config.reports.folder.clone(),
        })
    }

    fn report_picture(
        &self,
        report: Report,
        told: &Told,
        seal: Option<Seal>,
        previous: Option<(ZNumber, String)>,
    ) -> Result<ReportPicture, Refusal> {
        let week_before = self.compared(&report)?;
        let zs = self.db.read();
        let next = match report.head.number {
            None => Some(next_number(zs)?),
            Some(number) => zs.z_reports().number_after(number).map_err(Refusal::NotSaved)?,
        };
        let blind = self.is_counted_blind(&report);
        let report = if blind {
            self.of_wechat_alone(report, told)?
        } else {
            report
        };
        Ok(ReportPicture {
            report,
            blind,
            seal,
            previous,
            next,
            week_before,
        })
    }

    /// Whether a report would tell a cashier what should be in a drawer that is yet to be counted blind. A manager who has
    /// signed in may see it.
    fn is_counted_blind(&self, report: &Report) -> bool {
        let Some(open) = self.blind_shift() else {
            return false;
        };
        let mut goes_on = report.drawer.shifts.iter().filter(|it| it.counted.is_none());
        goes_on.any(|it| it.id == open.id)
    }

    fn of_wechat_alone(&self, report: Report, told: &Told) -> Result<Report, Refusal> {
        let (books, pages) = (self.db.read().bookings(), told.bookings());
        let booked = books.on(pages).map_err(Refusal::NotSaved)?;
        let wechat = booked.into_iter().filter(|it| !it.what.is_cash());
        let calendar = &self.config.shop.calendar;
        let takings =
            Takings::of(calendar, report.head.from, wechat).map_err(|_| Refusal::AmountOutOfRange)?;
        let sold = books.sold_without_cash_on(pages).map_err(Refusal::NotSaved)?;
        let rest = WithoutCash {
            takings,
            discounts: sold.discounts,
            items: sold.items,
            returned: books.returned_without_cash_on(pages).map_err(Refusal::NotSaved)?,
        };
        report
            .of_wechat_alone(rest)
            .map_err(|_| Refusal::AmountOutOfRange)
    }

    fn brief(&self, z: &StoredZ) -> Result<ZBrief, Refusal> {
        let out_of_range = |_| Refusal::AmountOutOfRange;
        let takings = &z.report.takings;
        let (net, sold) = if self.is_counted_blind(&z.report) {
            (
                takings.wechat_net(),
                takings.wechat_paid.plus(takings.wechat_late),
            )
        } else {
            (takings.net(), takings.sold())
        };
        Ok(ZBrief {
            number: z.number,
            day: z.report.head.day,
            closed_at: z.closed_at,
            net: net.map_err(out_of_range)?,
            sold: sold.map_err(out_of_range)?,
            unsettled: u32::try_from(z.report.carried.len()).unwrap_or(u32::MAX),
        })
    }

    fn compared(&self, report: &Report) -> Result<Option<Compared>, Refusal> {
        let Ok(day) = report.head.day.checked_sub(1.week()) else {
            return Ok(None);
        };
        let figures = self.day(day, false)?.figures;
        let sold = Tally {
            count: i64::from(figures.paid.count),
            sum: figures.paid.sum,
        };
        let net = figures.net().map_err(|_| Refusal::AmountOutOfRange)?;
        Ok((sold.count > 0).then_some(Compared { day, sold, net }))
    }

    fn report(
        &self,
        now: Timestamp,
        number: Option<ZNumber>,
        told: &Told,
        note: &str,
    ) -> Result<Report, Refusal> {
        let read = self.db.read();
        let calendar = &self.config.shop.calendar;
        let cash = read
            .cash_moves()
            .on(told.cash_moves())
            .map_err(Refusal::NotSaved)?;
        let cash: Vec<(CashMove, String)> = cash
            .into_iter()
            .map(|it| Ok((self.name(it.by)?, it)).map(|(by, it)| (it, by)))
            .collect::<Result<_, Refusal>>()?;
        let before = read.z_reports().last().map_err(Refusal::NotSaved)?;
        let exceptions = read
            .journal()
            .count_on(told.journal(), &EXCEPTIONS)
            .map_err(Refusal::NotSaved)?;
        let bookings = read.bookings().on(told.bookings()).map_err(Refusal::NotSaved)?;
        let (open, sum) = read.cash_moves().in_hand().map_err(Refusal::NotSaved)?;
        let sold = read
            .bookings()
            .sold_on(told.bookings())
            .map_err(Refusal::NotSaved)?;
        let input = ReportInput {
            head: ReportHead {
                shop: self.config.shop.name.clone(),
                legal_id: self.config.shop.legal_id.clone(),
                till: self.config.shop.till.to_string(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                number,
                day: Report::day_of(calendar, &bookings, now),
                from: match &before {
                    Some(z) => z.closed_at,
                    None => began(read, told, now)?,
                },
                to: now,
                by: self
                    .staff
                    .at_till()
                    .map_or_else(String::new, |user| user.name.to_string()),
                note: note.to_owned(),
            },
            bookings,
            cash,
            shifts: self.shift_lines(read, told)?,
            in_hand: Tally {
                count: i64::from(open),
                sum,
            },
            discounts: sold.discounts,
            items: sold.items,
            returned: read
                .bookings()
                .returned_on(told.bookings())
                .map_err(Refusal::NotSaved)?,
            given_up: read
                .bookings()
                .given_up_on(told.bookings())
                .map_err(Refusal::NotSaved)?,
            carried: carried(read)?,
            held_carts: u32::try_from(self.held.len()).unwrap_or(u32::MAX),
            voided: read
                .journal()
                .voided_on(told.journal())
                .map_err(Refusal::NotSaved)?,
            exceptions: exceptions
                .into_iter()
                .map(|(what, count)| Exception { what, count })
                .collect(),
            aside: read
                .journal()
                .zs_aside_on(told.journal())
                .map_err(Refusal::NotSaved)?,
            before: before.map_or_else(Default::default, |z| z.report.totals),
        };
        Report::make(calendar, input).map_err(|_| Refusal::AmountOutOfRange)
    }

    fn shift_lines(&self, read: Read<'_>, told: &Told) -> Result<Vec<ShiftLine>, Refusal> {
        let shifts = read.shifts().after(told.from.shifts).map_err(Refusal::NotSaved)?;
        let before = read.shifts().by_id(told.from.shifts).map_err(Refusal::NotSaved)?;
        let mut left = before.and_then(|shift| shift.end).map(|end| end.left);
        shifts
            .into_iter()
            .map(|shift| {
                let line = self.shift_line(read, shift, left)?;
                left = line.left;
                Ok(line)
            })
            .collect()
    }

    fn shift_line(
        &self,
        read: Read<'_>,
        shift: Shift,
        left_before: Option<Fen>,
    ) -> Result<ShiftLine, Refusal> {
        let line = ShiftLine {
            id: shift.id,
            opened_at: shift.opened_at,
            float: shift.float,
            closed_at: None,
            by: String::new(),
            expected: Fen::ZERO,
            counted: None,
            left: None,
            note: String::new(),
            opened_by: self.name(shift.opened_by)?,
            left_before,
            count: DrawerCount::default(),
            approved_by: None,
        };
        let out_of_range = |_| Refusal::AmountOutOfRange;
        match shift.end {
            Some(end) => Ok(ShiftLine {
                closed_at: Some(end.at),
                by: self.name(end.by)?,
                expected: end.expected,
                counted: Some(end.count.total().map_err(out_of_range)?),
                left: Some(end.left),
                note: end.note,
                count: end.count,
                approved_by: end.approved_by,
                ..line
            }),
            None => {
                let moves = read.cash_moves().of_shift(shift.id).map_err(Refusal::NotSaved)?;
                let sums = ShiftSums::of(shift.float, &moves).map_err(out_of_range)?;
                Ok(ShiftLine {
                    expected: sums.expected().map_err(out_of_range)?,
                    ..line
                })
            }
        }
    }

    fn name(&self, id: Option<UserId>) -> Result<String, Refusal> {
        let Some(id) = id else { return Ok(String::new()) };
        let user = self.db.read().users().by_id(id).map_err(Refusal::NotSaved)?;
        Ok(user.map_or_else(String::new, |user| user.name.to_string()))
    }
}

/// The number of the Z that closing the day now would make.
fn next_number(read: Read<'_>) -> Result<ZNumber, Refusal> {
    let issued = read.z_reports().issued().map_err(Refusal::NotSaved)?;
    ZNumber::after(issued).ok_or(Refusal::AmountOutOfRange)
}

/// When the till's first stretch began.
fn began(read: Read<'_>, told: &Told, now: Timestamp) -> Result<Timestamp, Refusal> {
    let first = read
        .journal()
        .first_at(told.journal())
        .map_err(Refusal::NotSaved)?;
    Ok(first.map_or(now, |first| first.min(now)))
}

/// Everything that is not settled, by name.
fn carried(read: Read<'_>) -> Result<Vec<Carried>, Refusal> {
    let mut carried = Vec::new();
    for stored in read.sales().live().map_err(Refusal::NotSaved)? {
        for attempt in &stored.sale.attempts {
            let what = match &attempt.state {
                State::Placing | State::AwaitingPayment { .. } | State::Closing { .. } => Opened::Payment,
                State::Review { .. } => Opened::Review,
                State::Paid(_) | State::Closed { .. } | State::Refused { .. } | State::GivenBack { .. } => {
                    continue;
                }
            };
            let amount = attempt.payment().map_or(attempt.total_fee, |it| it.total_fee);
            carried.push(Carried::order(
                &attempt.out_trade_no,
                what,
                amount,
                attempt.placed_at,
            ));
        }
    }
    for stored in read.refunds().open().map_err(Refusal::NotSaved)? {
        let refund: Refund = stored.refund;
        carried.push(Carried {
            number: refund.out_refund_no.to_string(),
            what: if refund.needs_person() {
                Opened::RefundByHand
            } else {
                Opened::Refund
            },
            amount: refund.refund_fee,
            since: refund.wished_at,
        });
    }
    Ok(carried)
}
