//! The counter: ringing up, holding carts, 收款, and what the cashier can do with a payment.

use jiff::Timestamp;
use rand::RngExt as _;
use till_core::{
    CartError, Evidence, EvidenceKind, Fen, Input, Line, LineNo, OutTradeNo, Product, ProductId, Sale,
    SignVerdict, State, Voided,
};
use till_store::{NewSale, StoreError, StoredSale, Tx};

use crate::config::{Config, Locale};
use crate::display::Front;
use crate::order;
use crate::till::{Refusal, Till, setting};

impl Till {
    /// Rings up one piece of a product.
    pub fn add(&mut self, product: ProductId, price: Option<Fen>) -> Result<(), Refusal> {
        let product = self.catalogue.get(product).ok_or(Refusal::NoSuchProduct)?.clone();
        self.add_product(&product, price)
    }

    /// Rings up what the scanner read.
    pub fn scan(&mut self, barcode: &str) -> Result<(), Refusal> {
        let product = self.catalogue.by_barcode(barcode).cloned();
        let product = product.ok_or_else(|| Refusal::NoSuchBarcode(barcode.to_owned()))?;
        self.add_product(&product, None)
    }

    fn add_product(&mut self, product: &Product, price: Option<Fen>) -> Result<(), Refusal> {
        let mut cart = self.cart.clone();
        cart.add(product, price)?;
        self.check_stock(product, cart.pieces_of(product.id))?;
        self.keep_cart(cart)
    }

    /// Sets the pieces of a line; 0 takes it out.
    pub fn set_pieces(&mut self, now: Timestamp, line: LineNo, pieces: u32) -> Result<(), Refusal> {
        let mut cart = self.cart.clone();
        let product = cart
            .lines()
            .iter()
            .find(|it| it.line == line)
            .map(|it| it.product);
        let gone = cart.set_pieces(line, pieces)?;
        if let Some(product) = product.and_then(|id| self.catalogue.get(id)).cloned() {
            self.check_stock(&product, cart.pieces_of(product.id))?;
        }
        self.keep_cart_without(now, cart, gone.as_slice(), "")
    }

    /// Empties the cart.
    pub fn clear_cart(&mut self, now: Timestamp) -> Result<(), Refusal> {
        let mut cart = self.cart.clone();
        let gone = cart.clear()?;
        self.keep_cart_without(now, cart, &gone, ", cart cleared")
    }

    /// Puts the cart on hold.
    pub fn hold(&mut self, now: Timestamp) -> Result<(), Refusal> {
        if self.cart.is_empty() {
            return Err(CartError::Empty.into());
        }
        let cart = self.cart.clone();
        let held = self.db.write(|tx| {
            tx.held_carts().put(now, &cart)?;
            tx.settings().set(setting::CART, &till_core::Cart::default())?;
            tx.read().held_carts().all()
        });
        self.held = self.saved(held)?;
        self.cart = till_core::Cart::default();
        self.changed();
        Ok(())
    }

    /// Fetches a held cart; the one in hand goes on hold if there is anything in it.
    pub fn fetch(&mut self, now: Timestamp, id: i64) -> Result<(), Refusal> {
        if !self.held.iter().any(|held| held.id == id) {
            return Err(Refusal::NoSuchOrder);
        }
        let in_hand = self.cart.clone();
        let fetched = self.db.write(|tx| {
            let taken = tx.held_carts().take(id)?;
            if !in_hand.is_empty() {
                tx.held_carts().put(now, &in_hand)?;
            }
            let cart = taken.map(|held| held.cart).unwrap_or_default();
            tx.settings().set(setting::CART, &cart)?;
            Ok((cart, tx.read().held_carts().all()?))
        });
        (self.cart, self.held) = self.saved(fetched)?;
        self.changed();
        Ok(())
    }

    /// 收款: makes the cart a sale, its goods reserved and its order saved, and puts the payment before the cashier. The
    /// same `click` is the same sale, however often it comes.
    pub fn pay(&mut self, now: Timestamp, click: &str) -> Result<OutTradeNo, Refusal> {
        let known = self.db.read().sales().by_click(click);
        if let Some(stored) = self.saved(known)? {
            let last = stored.sale.attempts.last().ok_or(Refusal::AlreadyPaid)?;
            return Ok(last.out_trade_no.clone());
        }
        let duty = self.on_duty()?;
        let total = self.cart.to_pay()?;
        let lines = self.cart.lines().to_vec();
        let random = self.rng.random();
        let config = &self.config;
        let written = self.db.write(|tx| {
            let id = tx.sales().ring_up(&NewSale {
                click,
                total,
                rung_up_at: now,
                lines: &lines,
                by: duty.by,
                shift: duty.shift,
            })?;
            let number = next_number(tx, config, now, random)?;
            let sale = Sale::new(id, total, number.clone(), now, &config.timing);
            write_attempt(tx, config, &sale, &lines, now)?;
            tx.settings().set(setting::CART, &till_core::Cart::default())?;
            Ok((sale, number))
        });
        let (sale, number) = self.saved(written)?;
        tracing::info!(out_trade_no = %number, total_fee = total.get(), "sale placed");
        self.cart = till_core::Cart::default();
        self.tell_newest_deadline(&sale);
        self.refresh_stock(&lines);
        let first = lines.first().map(|line| line.name.clone()).unwrap_or_default();
        let pieces = lines
            .iter()
            .fold(0, |sum: u32, line| sum.saturating_add(line.pieces));
        self.watch(StoredSale {
            sale,
            click: click.to_owned(),
            rung_up_at: now,
            first,
            pieces,
        });
        self.schedule(&number);
        self.show(number.clone());
        Ok(number)
    }

    /// A new QR code for the same sale, its last attempt being closed or watched.
    pub fn pay_again(&mut self, now: Timestamp, number: &OutTradeNo) -> Result<OutTradeNo, Refusal> {
        self.on_duty()?;
        let id = self.recall(number)?;
        let watched = self.sales.get(&id).ok_or(Refusal::NoSuchOrder)?;
        let before = watched.sale.clone();
        before.can_pay_again()?;
        let random = self.rng.random();
        let config = &self.config;
        let written = self.db.write(|tx| {
            let lines = tx.read().sales().lines(id)?;
            let next = next_number(tx, config, now, random)?;
            let (after, effects) = before
                .clone()
                .pay_again(next.clone(), now, &config.timing)
                .map_err(|_| {
                    // Checked above, on the same value.
                    StoreError::Unreadable {
                        table: "sales",
                        what: "the sale can't be paid again".to_owned(),
                    }
                })?;
            write_attempt(tx, config, &after, &lines, now)?;
            tx.sales().save(&before, &after, &effects)?;
            Ok((after, next, lines))
        });
        let (after, next, lines) = self.saved(written)?;
        self.tell_newest_deadline(&after);
        self.orders.insert(next.clone(), id);
        if let Some(watched) = self.sales.get_mut(&id) {
            watched.sale = after;
        }
        self.refresh_stock(&lines);
        self.schedule(&next);
        self.show(next.clone());
        Ok(next)
    }

    /// The cashier does not want this payment any more. The QR code is gone at once; the order is watched until WeChat has
    /// closed it.
    pub fn cancel(&mut self, now: Timestamp, number: &OutTradeNo) -> Result<(), Refusal> {
        let id = self.recall(number)?;
        let attempt = self
            .sales
            .get(&id)
            .and_then(|it| it.sale.attempt(number))
            .ok_or(Refusal::NoSuchOrder)?;
        match attempt.state {
            State::Placing | State::AwaitingPayment { .. } => {}
            State::Paid(_) | State::GivenBack { .. } | State::Review { .. } => {
                return Err(Refusal::AlreadyPaid);
            }
            // Asked for twice is asked for once.
            State::Closing { .. } | State::Closed { .. } | State::Refused { .. } => return Ok(()),
        }
        self.apply(now, number, Input::Cancel, Some(cashier(now, "cancel")))
    }

    /// Asks WeChat now.
    pub fn check_now(&mut self, now: Timestamp, number: &OutTradeNo) -> Result<(), Refusal> {
        self.recall(number)?;
        if !self.timetable.is_asking(number) {
            self.apply(now, number, Input::CheckNow, None)?;
        }
        Ok(())
    }

    /// The payment goes on; the window is free.
    pub fn to_background(&mut self) {
        if let Some(front) = self.front.take() {
            self.let_go(&front.number);
        }
        self.cash_view = None;
        self.changed();
    }

    /// Tells the broker the deadline of the sale's newest order.
    pub(crate) fn tell_newest_deadline(&mut self, sale: &Sale) {
        if let Some(newest) = sale.attempts.last() {
            self.tell_deadline(newest);
        }
    }

    /// Puts a payment before the cashier; whatever was there makes way.
    fn show(&mut self, number: OutTradeNo) {
        self.cash_view = None;
        self.cash_paid = None;
        self.serve(number);
        self.changed();
    }

    /// Shows a payment in the pay view; to the customer only if they may still pay it.
    pub fn to_front(&mut self, number: &OutTradeNo) -> Result<(), Refusal> {
        self.recall(number)?;
        let served = match &self.front {
            Some(front) if front.number == *number => front.served,
            Some(_) | None => self.find(number).is_some_and(till_core::Attempt::can_cancel),
        };
        let before = self.front.take();
        self.unseen.remove(number);
        if served {
            self.serve(number.clone());
        } else {
            let number = number.clone();
            self.front = Some(Front { number, served });
        }
        if let Some(before) = before {
            self.let_go(&before.number);
        }
        self.cash_view = None;
        self.cash_paid = None;
        self.changed();
        Ok(())
    }

    /// The cashier has seen how a payment in the background ended.
    pub fn seen(&mut self, number: &OutTradeNo) {
        self.unseen.remove(number);
        self.let_go(number);
        self.changed();
    }

    /// The cashier has seen how it ended.
    pub fn done(&mut self) {
        if let Some(front) = self.front.take() {
            self.unseen.remove(&front.number);
            self.let_go(&front.number);
        }
        if self.cash_paid.take().is_some() {
            self.thanks = None;
        }
        self.cash_view = None;
        self.changed();
    }

    /// Chooses the language.
    pub fn set_locale(&mut self, locale: Locale) -> Result<(), Refusal> {
        let word = match locale {
            Locale::ZhCn => "zh-CN",
            Locale::En => "en",
        };
        let written = self.db.write(|tx| tx.settings().set(setting::LOCALE, word));
        self.saved(written)?;
        self.locale = locale;
        self.changed();
        Ok(())
    }

    pub(crate) fn let_go(&mut self, number: &OutTradeNo) {
        if let Some(id) = self.orders.get(number).copied() {
            self.forget_settled(id);
        }
    }

    fn check_stock(&self, product: &Product, wanted: u32) -> Result<(), Refusal> {
        match product.available {
            Some(available) if i64::from(wanted) > available => Err(Refusal::OutOfStock {
                name: product.name.clone(),
            }),
            Some(_) | None => Ok(()),
        }
    }

    fn keep_cart(&mut self, cart: till_core::Cart) -> Result<(), Refusal> {
        let written = self.db.write(|tx| tx.settings().set(setting::CART, &cart));
        self.saved(written)?;
        self.take_cart(cart);
        Ok(())
    }

    /// Keeps the cart, and tells the journal in the same transaction what was taken out of it.
    fn keep_cart_without(
        &mut self,
        now: Timestamp,
        cart: till_core::Cart,
        gone: &[Voided],
        how: &str,
    ) -> Result<(), Refusal> {
        let who = self.staff.who();
        let written = self.db.write(|tx| {
            tx.settings().set(setting::CART, &cart)?;
            gone.iter().try_for_each(|it| {
                let detail = format!("{}; {who}{how}", it.told());
                tx.journal().add(now, it.what.word(), None, None, &detail)
            })
        });
        self.saved(written)?;
        self.take_cart(cart);
        Ok(())
    }

    /// Takes over in memory the cart that was saved.
    pub(crate) fn take_cart(&mut self, cart: till_core::Cart) {
        self.cart = cart;
        // The next customer has come.
        self.cash_paid = None;
        self.thanks = None;
        self.changed();
    }

    /// Reads again how many are left of what was sold.
    pub(crate) fn refresh_stock(&mut self, lines: &[Line]) {
        for line in lines {
            match self.db.read().products().by_id(line.product) {
                Ok(Some(product)) => self.catalogue.set_available(product.id, product.available),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "stock on screen may be old"),
            }
        }
        self.catalogue_version = self.catalogue_version.wrapping_add(1);
    }
}

/// An act of the cashier's, as evidence.
pub(crate) fn cashier(now: Timestamp, what: &str) -> Evidence {
    Evidence {
        first_at: now,
        last_at: now,
        count: 1,
        kind: EvidenceKind::Cashier,
        outcome: what.to_owned(),
        sign: SignVerdict::None,
        request: None,
        answer: None,
    }
}

pub(crate) fn next_number(
    tx: &Tx<'_>,
    config: &Config,
    now: Timestamp,
    random: [u8; 4],
) -> Result<OutTradeNo, StoreError> {
    let sequence = tx.settings().next_number(setting::ORDER_SEQUENCE)?;
    let day = now.to_zoned(config.shop.calendar.zone().clone()).date();
    Ok(OutTradeNo::compose(&config.shop.till, day, sequence, random))
}

/// Saves the newest attempt of a sale with the whole request that will be sent for it.
pub(crate) fn write_attempt(
    tx: &Tx<'_>,
    config: &Config,
    sale: &Sale,
    lines: &[Line],
    now: Timestamp,
) -> Result<(), StoreError> {
    let unwritable = |what: String| StoreError::Unreadable {
        table: "attempts",
        what,
    };
    let attempt = sale.attempts.last();
    let attempt = attempt.ok_or_else(|| unwritable("the sale has no order".to_owned()))?;
    let request =
        order::compose(config, attempt, sale.id, lines).map_err(|error| unwritable(error.to_string()))?;
    let request = serde_json::to_string(request.saved()).map_err(|error| unwritable(error.to_string()))?;
    // An older one may have become a sale of its own.
    let nth = tx.read().attempts().next_of_sale(sale.id)?;
    tx.attempts().insert(sale.id, nth, attempt, &request)?;
    tx.settings().set(setting::LAST_SEEN, &now.as_millisecond())?;
    tx.journal().add(
        now,
        "placed",
        Some(sale.id),
        Some(&attempt.out_trade_no),
        &attempt.total_fee.to_string(),
    )
}
