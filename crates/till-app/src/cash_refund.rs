//! Cash given back of a sale that was paid: one transaction out of the drawer, done the moment it is given. And the sales
//! paid in cash, to be found again.

use jiff::Timestamp;
use jiff::civil::Date;
use till_core::self_check::cash_refund_told;
use till_core::{
    CashMove, CashRefund, CashRefundBounds, CashRefundNo, EarlierRefund, Fen, Line, MoveKind, Part,
    RefundRefusal, Sale, SaleId, Sold, UserId,
};
pub use till_store::{CashSaleRow, StoredCashRefund};
use till_store::{NewCashRefund, ORDERS_MAX};

use crate::approval::{Act, Approval};
use crate::refunds::reason_of;
use crate::snapshot::PaymentBrief;
use crate::till::{Refusal, Till, setting};

/// The cash that a sale was made of, and what went back of it.
#[derive(Debug, Clone)]
pub struct CashPart {
    /// The sale.
    pub sale: SaleId,
    /// Kept for it, the change taken off.
    pub kept: Fen,
    /// What was handed over and given back for it by customers, oldest first, and who was at the till.
    pub moves: Vec<(CashMove, Option<String>)>,
    /// What was refunded of it, oldest first, and who was at the till.
    pub refunds: Vec<(StoredCashRefund, Option<String>)>,
}

/// A sale paid in cash alone, whole.
#[derive(Debug, Clone)]
pub struct CashSalePicture {
    /// What it came to.
    pub total: Fen,
    /// When the whole sum was there.
    pub paid_at: Timestamp,
    /// What was sold.
    pub lines: Vec<Line>,
    /// The cash.
    pub cash: CashPart,
}

/// A line of the list of orders: what a customer has paid or was to pay.
#[derive(Debug, Clone)]
pub enum OrderBrief {
    /// An order at WeChat.
    Wechat(PaymentBrief),
    /// A sale paid in cash alone.
    Cash(CashSaleRow),
}

impl CashPart {
    /// What went back of it.
    #[must_use]
    pub fn refunded(&self) -> Fen {
        // Never more than was kept.
        Fen::sum(self.refunds.iter().map(|(it, _)| it.refund.amount)).unwrap_or_default()
    }
}

impl OrderBrief {
    fn at(&self) -> Timestamp {
        match self {
            Self::Wechat(brief) => brief.attempt.placed_at,
            Self::Cash(row) => row.paid_at,
        }
    }
}

impl Till {
    /// Gives back cash that a paid sale was made of, with a manager's approval: the money leaves the drawer of the shift that
    /// goes on. The same `click` is the same refund, however often it comes.
    pub fn refund_cash(
        &mut self,
        now: Timestamp,
        id: SaleId,
        part: Part,
        reason: &str,
        click: &str,
        approval: Approval,
    ) -> Result<CashRefundNo, Refusal> {
        let known = self.db.read().cash_refunds().by_click(click);
        if let Some(stored) = self.saved(known)? {
            return Ok(stored.refund.number);
        }
        let duty = self.on_duty()?;
        let reason = reason_of(reason)?;
        let wish = self.cash_bounds(id)?.wish(part)?;
        let approved_by = approval.spend(Act::Refund)?;
        let detail = format!(
            "{}: {reason}; {}, approved by {approved_by}",
            cash_refund_told(wish.refund()),
            self.staff.who()
        );
        let written = self.db.write(|tx| {
            tx.cash_refunds().insert(&NewCashRefund {
                wish: &wish,
                click,
                at: now,
                shift: duty.shift,
                by: duty.by,
                reason: &reason,
                approved_by: &approved_by,
            })?;
            tx.settings().set(setting::LAST_SEEN, &now.as_millisecond())?;
            tx.journal().add(now, "cash_refunded", Some(id), None, &detail)?;
            tx.read().sales().lines(id)
        });
        let lines = self.saved(written)?;
        let CashRefund { number, amount, .. } = wish.refund();
        tracing::info!(cash_refund = %number, fen = amount.get(), "cash refunded");
        self.refresh_stock(&lines);
        self.changed();
        Ok(*number)
    }

    /// What may be given back of a sale's cash, or why nothing may; `None`: no cash was kept for it.
    pub fn cash_refundable(
        &self,
        id: SaleId,
    ) -> Result<Option<Result<CashRefundBounds, RefundRefusal>>, Refusal> {
        if self.sale_by_id(id)?.cash_kept() == Fen::ZERO {
            return Ok(None);
        }
        match self.cash_bounds(id) {
            Ok(bounds) => Ok(Some(Ok(bounds))),
            Err(Refusal::Refund(why)) => Ok(Some(Err(why))),
            Err(other) => Err(other),
        }
    }

    /// A sale paid in cash alone, whole.
    pub fn cash_sale(&self, id: SaleId) -> Result<CashSalePicture, Refusal> {
        let sale = self.sale_by_id(id)?;
        let rows = self.db.read().sales().search_in_cash(Some(id), None);
        let row = rows
            .map_err(Refusal::NotSaved)?
            .pop()
            .ok_or(Refusal::NoSuchOrder)?;
        Ok(CashSalePicture {
            total: sale.total,
            paid_at: row.paid_at,
            lines: self.db.read().sales().lines(id).map_err(Refusal::NotSaved)?,
            cash: self.cash_part(&sale)?,
        })
    }

    /// Orders and sales in cash of a business day, newest first.
    pub fn all_orders_of(&self, day: Date) -> Result<Vec<OrderBrief>, Refusal> {
        let (from, to) = self.config.shop.calendar.bounds(day).ok_or(Refusal::DayWrong)?;
        let in_cash = self.db.read().sales().in_cash_of_day(from, to);
        Ok(newest_first(
            self.orders_of(day)?,
            in_cash.map_err(Refusal::NotSaved)?,
        ))
    }

    /// The same by a part of an order's number or WeChat's, by the number of a sale in cash, or by an amount in yuan.
    pub fn find_all_orders(&self, text: &str) -> Result<Vec<OrderBrief>, Refusal> {
        let wanted = text.trim();
        let number = wanted.trim_start_matches('#').parse().ok().map(SaleId);
        let amount = Fen::parse_yuan(wanted.trim_start_matches(['¥', '￥'])).ok();
        let in_cash = self.db.read().sales().search_in_cash(number, amount);
        Ok(newest_first(
            self.find_orders(text)?,
            in_cash.map_err(Refusal::NotSaved)?,
        ))
    }

    /// The cash that a sale was made of, with what went back of it.
    pub(crate) fn cash_part(&self, sale: &Sale) -> Result<CashPart, Refusal> {
        let read = self.db.read();
        let name = |id: Option<UserId>| -> Result<Option<String>, Refusal> {
            let Some(id) = id else { return Ok(None) };
            let user = read.users().by_id(id).map_err(Refusal::NotSaved)?;
            Ok(user.map(|user| user.name.to_string()))
        };
        let moves = read.cash_moves().of_sale(sale.id).map_err(Refusal::NotSaved)?;
        let refunds = read.cash_refunds().of_sale(sale.id).map_err(Refusal::NotSaved)?;
        Ok(CashPart {
            sale: sale.id,
            kept: sale.cash_kept(),
            moves: moves
                .into_iter()
                .filter(|it| it.kind != MoveKind::Refund)
                .map(|it| Ok((name(it.by)?, it)).map(|(by, it)| (it, by)))
                .collect::<Result<_, Refusal>>()?,
            refunds: refunds
                .into_iter()
                .map(|it| Ok((name(it.by)?, it)).map(|(by, it)| (it, by)))
                .collect::<Result<_, Refusal>>()?,
        })
    }

    /// Refunds in cash of a sale, oldest first.
    pub(crate) fn cash_refunds_of(&self, id: SaleId) -> Result<Vec<CashRefund>, Refusal> {
        let stored = self.db.read().cash_refunds().of_sale(id);
        let stored = stored.map_err(Refusal::NotSaved)?.into_iter();
        Ok(stored.map(|it| it.refund).collect())
    }

    fn cash_bounds(&self, id: SaleId) -> Result<CashRefundBounds, Refusal> {
        let sale = self.sale_by_id(id)?;
        let mut at_wechat: Vec<EarlierRefund> = Vec::new();
        for attempt in &sale.attempts {
            at_wechat.extend(self.earlier_refunds(&attempt.out_trade_no)?);
        }
        let lines = self.db.read().sales().lines(id).map_err(Refusal::NotSaved)?;
        let sold = Sold {
            lines: &lines,
            stock: sale.stock,
            refunds: &at_wechat,
            cash_refunds: &self.cash_refunds_of(id)?,
        };
        Ok(CashRefundBounds::of(&sale, &sold)?)
    }

    /// A sale, watched or not.
    fn sale_by_id(&self, id: SaleId) -> Result<Sale, Refusal> {
        if let Some(watched) = self.sales.get(&id) {
            return Ok(watched.sale.clone());
        }
        let stored = self.db.read().sales().by_id(id).map_err(Refusal::NotSaved)?;
        Ok(stored.ok_or(Refusal::NoSuchOrder)?.sale)
    }
}

fn newest_first(orders: Vec<PaymentBrief>, in_cash: Vec<CashSaleRow>) -> Vec<OrderBrief> {
    let orders = orders.into_iter().map(OrderBrief::Wechat);
    let mut all: Vec<_> = orders.chain(in_cash.into_iter().map(OrderBrief::Cash)).collect();
    all.sort_by_key(|it| std::cmp::Reverse(it.at()));
    all.truncate(usize::try_from(ORDERS_MAX).unwrap_or(usize::MAX));
    all
}
