//! The pictures that the screens draw, taken from the till as it is.

use std::cmp::Reverse;

use jiff::Timestamp;
use till_core::{Attempt, Fen, OutTradeNo, Sale, State};

use crate::snapshot::{CustomerPicture, PaymentBrief, PaymentPicture, Snapshot, StaffPicture, Waiting};
use crate::till::{Refusal, Till, Watched};

/// More waiting payments than this are counted, but not listed.
const WAITING_MAX: usize = 200;

impl Till {
    /// Everything the till window shows.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let number = self.front.as_ref().map(|front| &front.number);
        let front = number.and_then(|number| match self.picture(number) {
            Ok(picture) => Some(picture),
            Err(error) => {
                tracing::error!(out_trade_no = %number, %error, "the payment in front can't be read");
                None
            }
        });
        let Waiting { listed, unlisted } = self.waiting();
        Snapshot {
            version: self.version,
            now: self.time,
            shop: self.config.shop.clone(),
            locale: self.locale,
            wechat: self.wechat,
            notify: self.notify.picture().clone(),
            clock_wrong: self.clock_back_at_start || self.clock_behind,
            disk_trouble: self.disk_trouble,
            cart: self.cart.clone(),
            held: self.held.clone(),
            front,
            waiting: listed,
            unlisted,
            refunds: self.open_refunds(),
            catalogue_version: self.catalogue_version,
            bills_version: self.bills_version,
            staff: StaffPicture {
                users: self.staff.users().to_vec(),
                at_till: self.staff.at_till().cloned(),
                locked: self.staff.is_locked(),
            },
            house: self.house,
            has_printer: self.config.printer.is_some(),
            has_drawer: self.drawer_job().is_some(),
            shift: self.shift.clone(),
            cash_due: self.cash_due(),
            cash_paid: self.cash_paid.clone(),
            drawer_shut: self.drawer_shut,
        }
    }

    /// Everything the customer display shows: only ever the order of whoever stands there, and its QR code only while it
    /// may be paid.
    #[must_use]
    pub fn customer(&self) -> CustomerPicture {
        CustomerPicture {
            version: self.version,
            now: self.time,
            shop: self.config.shop.clone(),
            locale: self.locale,
            stage: self.stage(),
        }
    }

    /// One payment whole.
    pub fn picture(&self, number: &OutTradeNo) -> Result<PaymentPicture, Refusal> {
        let read = self.db.read();
        let (sale, note) = match self.orders.get(number).and_then(|id| self.sales.get(id)) {
            Some(watched) => (watched.sale.clone(), watched.notes.get(number)),
            None => {
                let stored = read.sales().by_order(number).map_err(Refusal::NotSaved)?;
                (stored.ok_or(Refusal::NoSuchOrder)?.sale, None)
            }
        };
        let attempt = sale.attempt(number).ok_or(Refusal::NoSuchOrder)?.clone();
        let rows = read.evidence().of_order(number).map_err(Refusal::NotSaved)?;
        let run = note.and_then(|note| note.run.as_ref());
        let evidence = rows
            .into_iter()
            // The run that goes on is counted in memory.
            .map(|(id, row)| match run {
                Some(run) => run.brought_up_to_date(id, row),
                None => row,
            })
            .collect();
        let qr = match &attempt.state {
            State::AwaitingPayment { code_url, .. } if self.time < attempt.deadline => {
                self.last_drawn.draw(code_url)
            }
            State::Placing
            | State::AwaitingPayment { .. }
            | State::Closing { .. }
            | State::Paid(_)
            | State::Closed { .. }
            | State::Refused { .. }
            | State::GivenBack { .. }
            | State::Review { .. } => None,
        };
        let has_cash_part = attempt.state.paid().is_some() && sale.cash_kept() > Fen::ZERO;
        let cash_part = has_cash_part.then(|| self.cash_part(&sale)).transpose()?;
        Ok(PaymentPicture {
            cash_part,
            lines: read.sales().lines(sale.id).map_err(Refusal::NotSaved)?,
            evidence,
            last_check: note.and_then(|note| note.last_check.clone()),
            asking: self.timetable.is_asking(number),
            refunds: self.refunds_of(number)?,
            qr,
            can_pay_again: sale.can_pay_again().is_ok(),
            sale_total: sale.total,
            cash: sale.cash,
            cash_in_hand: sale.cash_in_hand(),
            can_take_cash: sale.can_take_cash().is_ok(),
            can_give_cash_back: sale.can_give_cash_back().is_ok(),
            attempt,
        })
    }

    pub(crate) fn find(&self, number: &OutTradeNo) -> Option<&Attempt> {
        self.orders
            .get(number)
            .and_then(|id| self.sales.get(id))?
            .sale
            .attempt(number)
    }

    /// What a person must decide, then what is not settled and cash in hand, both oldest first; then what was settled while
    /// nobody looked, newest first.
    fn waiting(&self) -> Waiting {
        let attempts = self.sales.values().flat_map(|watched| {
            let attempts = watched.sale.attempts.iter();
            attempts.map(move |attempt| (attempt, watched))
        });
        let ranked = attempts.filter_map(|(attempt, watched)| {
            let rank = self.rank(attempt, watched)?;
            Some((rank, &attempt.out_trade_no, attempt, watched))
        });
        let mut waiting: Vec<_> = ranked.collect();
        waiting.sort_unstable_by_key(|(rank, number, ..)| (*rank, *number));
        let unlisted = waiting.len().saturating_sub(WAITING_MAX);
        // Copied only now: what is not listed need not be.
        let listed = waiting.into_iter().take(WAITING_MAX);
        let listed = listed.map(|(_, _, attempt, watched)| PaymentBrief {
            attempt: attempt.clone(),
            first: watched.first.clone(),
            pieces: watched.pieces,
            cash_in_hand: watched.sale.cash_in_hand(),
        });
        Waiting {
            listed: listed.collect(),
            unlisted: u32::try_from(unlisted).unwrap_or(u32::MAX),
        }
    }

    /// Where in the list it stands, if it does.
    fn rank(&self, attempt: &Attempt, watched: &Watched) -> Option<Rank> {
        if matches!(attempt.state, State::Review { .. }) {
            return Some(Rank::ToDecide(attempt.placed_at));
        }
        if !attempt.is_final() || is_last_beside_cash(attempt, &watched.sale) {
            return Some(Rank::Open(attempt.placed_at));
        }
        let since = self.unseen.since(&attempt.out_trade_no)?;
        Some(Rank::Unseen(Reverse(since)))
    }
}

/// The order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    ToDecide(Timestamp),
    Open(Timestamp),
    Unseen(Reverse<Timestamp>),
}

/// Cash that made no sale is shown with the newest order of its sale.
fn is_last_beside_cash(attempt: &Attempt, sale: &Sale) -> bool {
    let last = sale.attempts.last();
    sale.cash_in_hand() > Fen::ZERO && last.is_some_and(|last| last.out_trade_no == attempt.out_trade_no)
}
