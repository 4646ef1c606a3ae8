//! The pictures that the screens draw, taken from the till as it is.

use till_core::{Attempt, Fen, OutTradeNo, Sale, State};

use crate::cash::CashDue;
use crate::qr;
use crate::snapshot::{CustomerPicture, CustomerStage, PaymentBrief, PaymentPicture, Snapshot, StaffPicture};
use crate::till::{Refusal, Till};

/// More waiting payments than this are not listed; the list says what matters long before.
const WAITING_MAX: usize = 200;

impl Till {
    /// Everything the till window shows.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let front = self.front.as_ref().and_then(|number| match self.picture(number) {
            Ok(picture) => Some(picture),
            Err(error) => {
                tracing::error!(out_trade_no = %number, %error, "the payment in front can't be read");
                None
            }
        });
        Snapshot {
            version: self.version,
            shop: self.config.shop.clone(),
            locale: self.locale,
            wechat: self.wechat,
            notify: self.notify.picture().clone(),
            clock_wrong: self.clock_wrong,
            disk_trouble: self.disk_trouble,
            cart: self.cart.clone(),
            held: self.held.clone(),
            front,
            waiting: self.waiting(),
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
            shift: self.shift.clone(),
            cash_due: self.cash_due(),
            cash_paid: self.cash_paid.clone(),
        }
    }

    /// Everything the customer display shows: only ever the payment in front, and its QR code only while it may be paid.
    #[must_use]
    pub fn customer(&self) -> CustomerPicture {
        CustomerPicture {
            version: self.version,
            shop: self.config.shop.clone(),
            locale: self.locale,
            stage: self.stage(),
        }
    }

    fn stage(&self) -> CustomerStage {
        if let Some(paid) = &self.cash_paid {
            return CustomerStage::PaidCash {
                total: paid.total,
                tendered: paid.tendered,
                change: paid.change,
            };
        }
        if let Some(CashDue { total, due, .. }) = self.cash_due() {
            return CustomerStage::Cash { total, due };
        }
        let front = self.front.as_ref().and_then(|number| self.find(number));
        match front {
            Some(attempt) => customer_stage(attempt),
            None if self.cart.is_empty() => CustomerStage::Idle,
            None => CustomerStage::Cart {
                lines: self.cart.lines().to_vec(),
                // A cart keeps its total within bounds.
                total: self.cart.total().unwrap_or_default(),
            },
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
            State::AwaitingPayment { code_url, .. } => qr::draw(code_url),
            State::Placing
            | State::Closing { .. }
            | State::Paid(_)
            | State::Closed { .. }
            | State::Refused { .. }
            | State::GivenBack { .. }
            | State::Review { .. } => None,
        };
        Ok(PaymentPicture {
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

    fn find(&self, number: &OutTradeNo) -> Option<&Attempt> {
        self.orders
            .get(number)
            .and_then(|id| self.sales.get(id))?
            .sale
            .attempt(number)
    }

    /// Payments not settled, settled ones that nobody has seen, reviews, and the last order of a sale with cash in hand;
    /// oldest first.
    fn waiting(&self) -> Vec<PaymentBrief> {
        let mut waiting: Vec<_> = self
            .sales
            .values()
            .flat_map(|watched| {
                watched
                    .sale
                    .attempts
                    .iter()
                    .map(move |attempt| (attempt, watched))
            })
            .filter(|(attempt, watched)| {
                !attempt.is_final()
                    || matches!(attempt.state, State::Review { .. })
                    || self.unseen.contains(&attempt.out_trade_no)
                    || is_last_beside_cash(attempt, &watched.sale)
            })
            .collect();
        waiting.sort_unstable_by_key(|(attempt, _)| (attempt.placed_at, &attempt.out_trade_no));
        // Copied only now: what is not listed need not be.
        let listed = waiting.into_iter().take(WAITING_MAX);
        listed
            .map(|(attempt, watched)| PaymentBrief {
                attempt: attempt.clone(),
                first: watched.first.clone(),
                pieces: watched.pieces,
                cash_in_hand: watched.sale.cash_in_hand(),
            })
            .collect()
    }
}

/// Cash that made no sale is shown with the newest order of its sale.
fn is_last_beside_cash(attempt: &Attempt, sale: &Sale) -> bool {
    let last = sale.attempts.last();
    sale.cash_in_hand() > Fen::ZERO && last.is_some_and(|last| last.out_trade_no == attempt.out_trade_no)
}

fn customer_stage(attempt: &Attempt) -> CustomerStage {
    let total = attempt.total_fee;
    match &attempt.state {
        State::Placing => CustomerStage::Wait { total },
        State::AwaitingPayment { code_url, .. } => match qr::draw(code_url) {
            Some(qr) => CustomerStage::Scan {
                qr,
                total,
                out_trade_no: attempt.out_trade_no.to_string(),
                deadline: attempt.deadline,
            },
            None => CustomerStage::Wait { total },
        },
        State::Paid(payment) => CustomerStage::Paid {
            total,
            transaction_id: payment.transaction_id.clone(),
        },
        // What became of it is between the cashier and the customer; the screen asks for patience.
        State::Closing { .. } | State::Review { .. } => CustomerStage::Wait { total },
        State::Closed { .. } | State::Refused { .. } | State::GivenBack { .. } => CustomerStage::Idle,
    }
}
