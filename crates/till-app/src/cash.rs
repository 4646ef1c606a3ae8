//! Cash at the counter: the whole sum or a part of it, for the cart or instead of an order that waits, and back again.
//!
//! What was taken, what it makes of the sale, the stock and the journal are one transaction; a press of the button has a
//! name, so that a second one moves no second note.

use jiff::Timestamp;
use rand::RngExt as _;
use till_core::{
    CashMove, Effect, Fen, Line, MoveKind, NotNow, OutTradeNo, Sale, SaleId, Tender, TenderError,
    quick_amounts,
};
use till_store::{NewSale, StoreError, StoredSale};

use crate::counter::{self, cashier};
use crate::payments::{write_evidence, write_states};
use crate::shift::OnDuty;
use crate::till::{Refusal, Till, setting};

/// The cash view: for the cart in hand, or for what is still due for the sale of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CashView {
    pub(crate) of: Option<OutTradeNo>,
}

/// What is due in cash.
#[derive(Debug, Clone)]
pub struct CashDue {
    /// Instead of this order; `None`: for the cart.
    pub of: Option<OutTradeNo>,
    /// What the customer owes in all.
    pub total: Fen,
    /// Of that, taken in cash already.
    pub taken: Fen,
    /// What is due now.
    pub due: Fen,
    /// What customers are likely to hand over.
    pub quick: Vec<Fen>,
    /// What is paid for.
    pub lines: Vec<Line>,
}

/// A sale that was just paid in cash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashReceipt {
    /// The sale.
    pub sale: SaleId,
    /// What the customer owed.
    pub total: Fen,
    /// What was due when the money was handed over.
    pub due: Fen,
    /// What was handed over.
    pub tendered: Fen,
    /// What goes back.
    pub change: Fen,
    /// When.
    pub at: Timestamp,
}

impl From<TenderError> for Refusal {
    fn from(error: TenderError) -> Self {
        match error {
            TenderError::TooLittle => Self::TooLittle,
            TenderError::OutOfRange => Self::AmountOutOfRange,
        }
    }
}

impl Till {
    /// Opens the cash view for the cart, or for what is due instead of an order. While it is open no QR code is on the
    /// customer display.
    pub fn open_cash(&mut self, of: Option<&OutTradeNo>) -> Result<(), Refusal> {
        self.on_duty()?;
        match of {
            None => {
                self.cart.to_pay()?;
            }
            Some(number) => {
                let id = self.recall(number)?;
                let sale = &self.sales.get(&id).ok_or(Refusal::NoSuchOrder)?.sale;
                sale.can_take_cash()?;
            }
        }
        self.thanks = None;
        self.cash_view = Some(CashView { of: of.cloned() });
        self.changed();
        Ok(())
    }

    /// Goes back to where the cash view was opened from.
    pub fn shut_cash(&mut self) {
        if let Some(CashView { of: Some(number) }) = self.cash_view.take() {
            self.let_go(&number);
        }
        self.changed();
    }

    /// What is due in the cash view; `None` when it is not open, or nothing is due there any more.
    pub(crate) fn cash_due(&self) -> Option<CashDue> {
        let of = self.cash_view.as_ref()?.of.clone();
        let (total, taken, lines) = match &of {
            None if self.cart.is_empty() => return None,
            None => (self.cart.total().ok()?, Fen::ZERO, self.cart.lines().to_vec()),
            Some(number) => {
                let sale = &self.sales.get(self.orders.get(number)?)?.sale;
                sale.can_take_cash().ok()?;
                let lines = self.db.read().sales().lines(sale.id).ok()?;
                (sale.total, sale.cash, lines)
            }
        };
        let due = total.minus(taken).ok()?;
        Some(CashDue {
            of,
            total,
            taken,
            due,
            quick: quick_amounts(due),
            lines,
        })
    }

    /// The customer pays all that is due in cash: for the cart, or instead of an order, which is closed and watched. The
    /// same `click` is the same payment, however often it comes.
    pub fn take_cash(
        &mut self,
        now: Timestamp,
        click: &str,
        of: Option<&OutTradeNo>,
        tendered: Fen,
    ) -> Result<SaleId, Refusal> {
        if let Some(sale) = self.sale_of_click(click)? {
            return Ok(sale);
        }
        let duty = self.on_duty()?;
        let step = self.begin_step(of)?;
        let tender = Tender::new(step.before.rest(), tendered)?;
        let (id, after) = self.carry_out_step(now, click, duty, &step, Part::Whole(tender))?;
        let paid = CashReceipt {
            sale: id,
            total: after.total,
            due: tender.due(),
            tendered: tender.tendered(),
            change: tender.change(),
            at: now,
        };
        self.thank_for_cash(&paid);
        self.cash_paid = Some(paid);
        self.front = None;
        self.cash_view = None;
        self.settle_step(step, after);
        Ok(id)
    }

    /// The customer pays a part in cash; the rest is asked for by a new order, which comes into the pay view.
    pub fn take_part(
        &mut self,
        now: Timestamp,
        click: &str,
        of: Option<&OutTradeNo>,
        part: Fen,
    ) -> Result<OutTradeNo, Refusal> {
        if let Some(sale) = self.sale_of_click(click)? {
            let stored = self.db.read().sales().by_id(sale);
            let stored = self.saved(stored)?.ok_or(Refusal::NoSuchOrder)?;
            let last = stored.sale.attempts.last().ok_or(Refusal::AlreadyPaid)?;
            return Ok(last.out_trade_no.clone());
        }
        let duty = self.on_duty()?;
        let step = self.begin_step(of)?;
        if part <= Fen::ZERO || part >= step.before.rest() {
            return Err(NotNow::NotTheRest.into());
        }
        let (id, after) = self.carry_out_step(now, click, duty, &step, Part::Rest(part))?;
        let number = after
            .attempts
            .last()
            .ok_or(Refusal::NoSuchOrder)?
            .out_trade_no
            .clone();
        self.cash_view = None;
        self.cash_paid = None;
        self.serve(number.clone());
        self.unseen.remove(&number);
        if step.cart.is_some() {
            self.watch(StoredSale {
                first: step
                    .lines
                    .first()
                    .map(|line| line.name.clone())
                    .unwrap_or_default(),
                pieces: step
                    .lines
                    .iter()
                    .fold(0, |sum, line| sum.saturating_add(line.pieces)),
                sale: after.clone(),
                click: click.to_owned(),
                rung_up_at: now,
            });
        } else {
            self.orders.insert(number.clone(), id);
        }
        self.tell_newest_deadline(&after);
        self.settle_step(step, after);
        Ok(number)
    }

    /// The customer gets back the cash that no sale was made of. Says how much that is.
    pub fn give_cash_back(&mut self, now: Timestamp, click: &str, of: &OutTradeNo) -> Result<Fen, Refusal> {
        let known = self.db.read().cash_moves().by_click(click);
        if let Some(moved) = self.saved(known)? {
            return Ok(moved.amount);
        }
        let duty = self.on_duty()?;
        let id = self.recall(of)?;
        let before = self.sales.get(&id).ok_or(Refusal::NoSuchOrder)?.sale.clone();
        let (after, amount, effects) = before.clone().give_cash_back(now, &self.config.timing)?;
        let plan = self.plan_evidence(id, of, Some(cashier(now, "cash_given_back")));
        let moved = CashMove {
            at: now,
            kind: MoveKind::GivenBack,
            amount,
            tendered: None,
            sale: Some(id),
            shift: duty.shift,
            by: duty.by,
            reason: String::new(),
        };
        let detail = format!("{amount}: {}", self.staff.who());
        let written = self.db.write(|tx| {
            tx.cash_moves().add(click, &moved)?;
            tx.sales().save(&before, &after, &effects)?;
            write_states(tx, now, &before, &after)?;
            tx.journal()
                .add(now, "cash_given_back", Some(id), Some(of), &detail)?;
            let lines = tx.read().sales().lines(id)?;
            Ok((write_evidence(tx, of, &plan)?, lines))
        });
        let (row, lines) = self.saved(written)?;
        self.take_evidence(id, of, plan, row);
        self.refresh_stock(&lines);
        self.take_sale(&before, after);
        self.changed();
        Ok(amount)
    }

    /// The sale that this press of the button has paid for already.
    fn sale_of_click(&mut self, click: &str) -> Result<Option<SaleId>, Refusal> {
        let known = self.db.read().cash_moves().by_click(click);
        Ok(self.saved(known)?.and_then(|moved| moved.sale))
    }

    /// What cash is taken for: the cart as a sale that is not written down yet, or the sale of an order.
    fn begin_step(&mut self, of: Option<&OutTradeNo>) -> Result<Step, Refusal> {
        let Some(number) = of else {
            return Ok(Step {
                of: None,
                // The ledger gives it its number.
                before: Sale::rung_up(SaleId(0), self.cart.to_pay()?),
                cart: Some(self.cart.clone()),
                lines: self.cart.lines().to_vec(),
            });
        };
        let id = self.recall(number)?;
        let before = self.sales.get(&id).ok_or(Refusal::NoSuchOrder)?.sale.clone();
        before.can_take_cash()?;
        let lines = self.db.read().sales().lines(id);
        Ok(Step {
            of: Some(number.clone()),
            before,
            cart: None,
            lines: self.saved(lines)?,
        })
    }

    /// Everything about it in one transaction.
    fn carry_out_step(
        &mut self,
        now: Timestamp,
        click: &str,
        duty: OnDuty,
        step: &Step,
        part: Part,
    ) -> Result<(SaleId, Sale), Refusal> {
        let random = self.rng.random();
        let who = self.staff.who();
        let plan = step.of.as_ref().map(|number| {
            let evidence = Some(cashier(now, part.word()));
            (number, self.plan_evidence(step.before.id, number, evidence))
        });
        let config = &self.config;
        let written = self.db.write(|tx| {
            let before = match &step.cart {
                None => step.before.clone(),
                Some(cart) => {
                    let id = tx.sales().ring_up(&NewSale {
                        click,
                        total: step.before.total,
                        rung_up_at: now,
                        lines: cart.lines(),
                        by: duty.by,
                        shift: duty.shift,
                    })?;
                    tx.settings().set(setting::CART, &till_core::Cart::default())?;
                    Sale::rung_up(id, step.before.total)
                }
            };
            let id = before.id;
            tx.cash_moves().add(
                click,
                &CashMove {
                    at: now,
                    kind: MoveKind::Sale,
                    amount: part.amount(),
                    tendered: Some(part.tendered()),
                    sale: Some(id),
                    shift: duty.shift,
                    by: duty.by,
                    reason: String::new(),
                },
            )?;
            tx.journal().add(
                now,
                "cash_taken",
                Some(id),
                step.of.as_ref(),
                &format!("{}: {who}", part.in_words()),
            )?;
            let allowed = before.clone().take_cash(part.amount(), now, &config.timing);
            let (mut after, mut effects) = allowed.map_err(|error| not_allowed(&error))?;
            if let Part::Rest(_) = part {
                let number = counter::next_number(tx, config, now, random)?;
                let asked = after.pay_again(number, now, &config.timing);
                let more: Vec<Effect>;
                (after, more) = asked.map_err(|error| not_allowed(&error))?;
                effects.extend(more);
                counter::write_attempt(tx, config, &after, &step.lines, now)?;
            }
            tx.sales().save(&before, &after, &effects)?;
            write_states(tx, now, &before, &known_to(&before, &after))?;
            tx.settings().set(setting::LAST_SEEN, &now.as_millisecond())?;
            let row = match &plan {
                Some((number, plan)) => write_evidence(tx, number, plan)?,
                None => None,
            };
            Ok((id, after, row))
        });
        let (id, after, row) = self.saved(written)?;
        tracing::info!(sale = id.0, fen = part.amount().get(), "cash taken");
        if let Some((number, plan)) = plan {
            self.take_evidence(id, number, plan, row);
        }
        Ok((id, after))
    }

    /// Takes over in memory what was saved.
    fn settle_step(&mut self, step: Step, after: Sale) {
        if step.cart.is_some() {
            self.cart = till_core::Cart::default();
        }
        self.refresh_stock(&step.lines);
        self.take_sale(&step.before, after);
        self.changed();
    }
}

/// What cash is taken for.
#[derive(Debug)]
struct Step {
    of: Option<OutTradeNo>,
    before: Sale,
    cart: Option<till_core::Cart>,
    lines: Vec<Line>,
}

/// How much of what is due is paid in cash.
#[derive(Debug, Clone, Copy)]
enum Part {
    Whole(Tender),
    /// So much; the rest by WeChat.
    Rest(Fen),
}

impl Part {
    fn amount(self) -> Fen {
        match self {
            Self::Whole(tender) => tender.due(),
            Self::Rest(part) => part,
        }
    }

    fn tendered(self) -> Fen {
        match self {
            Self::Whole(tender) => tender.tendered(),
            Self::Rest(part) => part,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Whole(_) => "to_cash",
            Self::Rest(_) => "part_in_cash",
        }
    }

    fn in_words(self) -> String {
        match self {
            Self::Whole(tender) => format!(
                "{}, handed over {}, change {}",
                tender.due(),
                tender.tendered(),
                tender.change()
            ),
            Self::Rest(part) => format!("{part}, the rest by WeChat"),
        }
    }
}

/// The sale with those orders only that were there before; a new one has its own row in the journal.
fn known_to(before: &Sale, after: &Sale) -> Sale {
    let known = |attempt: &&till_core::Attempt| before.attempt(&attempt.out_trade_no).is_some();
    Sale {
        attempts: after.attempts.iter().filter(known).cloned().collect(),
        ..after.clone()
    }
}

/// Checked before the transaction on the same value; here it only ends it.
fn not_allowed(error: &NotNow) -> StoreError {
    StoreError::Unreadable {
        table: "sales",
        what: error.to_string(),
    }
}
