//! Cash of paid sales that goes back on a simulated day: by the till's own act, pressed twice now and then, and written down in
//! the customers' own book.

use anyhow::{Context, ensure};
use jiff::SignedDuration;
use rand::RngExt as _;
use till_app::approval::Act as Approved;
use till_core::{Fen, Part, ProductId, RefundLine, RefundRefusal, SaleId};

use super::World;
use super::acts::click;
use super::drawer::Hand;
use crate::visit::Act;

impl World {
    /// Every other customer who has paid in cash is back within the quarter of an hour, some of them twice.
    pub(super) fn plan_cash_refunds(&mut self, which: usize) {
        for nth in 0..self.rng.random_range(0..3) {
            let after = SignedDuration::from_millis(self.rng.random_range(1_000..900_000));
            self.plan_act(which, after, Act::RefundCash { nth });
        }
    }

    /// The customer wants cash back: all of it, a piece's price, or some of it.
    pub(super) fn refund_cash(&mut self, which: usize, nth: u32) -> anyhow::Result<()> {
        let counter = self.visits[which].counter;
        let now = self.clock(counter);
        let (kind, again) = (self.rng.random_range(0..3), self.rng.random_bool(0.3));
        let Some(id) = self.cash_sale_of(which)? else {
            return Ok(());
        };
        let till = self.till(counter)?;
        let bounds = match till.cash_refundable(id)? {
            Some(Ok(bounds)) => bounds,
            // The rest was not paid, or not yet; or nothing is left.
            None
            | Some(Err(RefundRefusal::NotPaid | RefundRefusal::NotConfirmed | RefundRefusal::NothingLeft)) => {
                return Ok(());
            }
            Some(Err(why)) => return Err(why).context("what may go back of the cash"),
        };
        let sold = till.db().read().sales().lines(id)?;
        let product_of = |line| sold.iter().find(|it| it.line == line).map(|it| it.product);
        let pieces_left: Vec<RefundLine> = bounds
            .lines()
            .iter()
            .filter(|it| it.pieces > 0)
            .map(|it| RefundLine {
                line: it.line,
                pieces: it.pieces,
            })
            .collect();
        let cheap = bounds
            .lines()
            .iter()
            .find(|it| it.pieces > 0 && it.goods > 0 && it.price <= bounds.left());
        let (part, amount, lines) = match (kind, cheap) {
            (0, _) => {
                let goods_back = !pieces_left.is_empty();
                (Part::Whole { goods_back }, bounds.left(), pieces_left)
            }
            (1, Some(line)) => {
                let lines = vec![RefundLine {
                    line: line.line,
                    pieces: 1,
                }];
                let part = Part::Lines {
                    lines: lines.clone(),
                    goods_back: true,
                };
                (part, line.price, lines)
            }
            _ => {
                let half = Fen::new((bounds.left().get() / 2).max(1));
                (Part::Amount(half), half, Vec::new())
            }
        };
        let name = format!("cash refund {which} {nth}");
        let mut numbers = Vec::new();
        for _ in 0..=usize::from(again) {
            let Some(yes) = self.approval(counter, Approved::Refund)? else {
                break;
            };
            let given = self
                .till(counter)?
                .refund_cash(now, id, part.clone(), "退货", &name, yes);
            numbers.push(given.context("a refund in cash")?);
        }
        if numbers.is_empty() {
            return Ok(());
        }
        ensure!(
            numbers.windows(2).all(|pair| pair[0] == pair[1]),
            "the same click is the same refund: {numbers:?}"
        );
        let mut goods: Vec<ProductId> = Vec::new();
        for it in lines {
            let product = product_of(it.line).context("a line of the sale")?;
            goods.extend((0..it.pieces).map(|_| product));
        }
        let visit = &mut self.visits[which];
        visit.cash_refunds.push((now, amount, goods));
        let back = Fen::sum(visit.cash_refunds.iter().map(|(_, amount, _)| *amount))?;
        let handed_over = visit.cash.context("cash was handed over")?.0;
        ensure!(
            back <= handed_over,
            "{id:?}: {back} went back of {handed_over} that was handed over"
        );
        self.handed(counter, Hand::Refunded(amount.get()), "");
        self.tally.cash_refunds += 1;
        Ok(())
    }

    /// The sale for which a customer has handed cash over.
    fn cash_sale_of(&mut self, which: usize) -> anyhow::Result<Option<SaleId>> {
        let visit = &self.visits[which];
        let (counter, handed_over) = (visit.counter, visit.cash.is_some());
        let number = visit.numbers.last().cloned();
        let sales = self.till(counter)?.db().read().sales();
        let stored = match number {
            Some(number) => sales.by_order(&number)?,
            None => sales.by_click(&click(which))?,
        };
        Ok(stored.filter(|_| handed_over).map(|it| it.sale.id))
    }
}
