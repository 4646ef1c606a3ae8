//! The customer's side: scanning the code, paying, being declined, walking away.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::beijing::later;
use crate::calls::add_payment;
use crate::fen::Fen;
use crate::gateway::Gateway;
use crate::order::{CODE_LIFE, Coupon, CouponKind, Order, PaySheet, Payment, Standing, TradeState};
use crate::wire::{self, Params};
use wechat_pay::SignType;

/// How a customer pays. The default is the whole amount in cash from the balance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PayWith {
    /// Coupons; what they don't cover is cash.
    pub coupons: Vec<Coupon>,
    /// `bank_type`; `OTHERS` when absent.
    pub bank_type: Option<String>,
    /// Which code the customer pays; the one on their phone, else the newest, when absent.
    pub code_url: Option<String>,
}

/// A payment that went through, as the customer's phone shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// WeChat's number of the payment, 28 digits.
    pub transaction_id: String,
    /// What was paid in all.
    pub total_fee: Fen,
    /// The part that wasn't coupons.
    pub cash_fee: Fen,
    /// When.
    pub paid_at: Timestamp,
}

/// Why the customer can't do that; nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum CustomerRefusal {
    /// No such order.
    #[error("there is no such order")]
    NoSuchOrder,
    /// The text is no code of this gateway.
    #[error("this is no payment code of this gateway")]
    UnknownCode,
    /// The code's two hours are over.
    #[error("the code has expired")]
    CodeExpired,
    /// The order was placed again: only its newer code can be paid.
    #[error("the code was replaced by a newer one")]
    CodeReplaced,
    /// The order is closed, or its time is over.
    #[error("the order is closed")]
    OrderClosed,
    /// The order is paid.
    #[error("the order is already paid")]
    AlreadyPaid,
    /// The coupons are worth more than the order, or one of them is worth nothing.
    #[error("the coupons don't fit the order")]
    CouponsDontFit,
}

/// An order as the simulator's page and its JSON show it. No openid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderView {
    /// The merchant's number.
    pub out_trade_no: String,
    /// What is bought.
    pub body: String,
    /// The amount in fen.
    pub total_fee: Fen,
    /// `trade_state`.
    pub state: TradeState,
    /// Whether a phone shows the pay sheet of its newest code.
    pub scanned: bool,
    /// The newest code.
    pub code_url: String,
    /// Why it can't be paid by its newest code; nothing when it can.
    pub unpayable: Option<CustomerRefusal>,
    /// `device_info`.
    pub device_info: String,
    /// When it was placed first.
    pub created: Timestamp,
    /// From when on it can't be paid.
    pub expires: Timestamp,
    /// From when on its newest code can't be paid.
    pub code_expires: Timestamp,
    /// How many attempts to pay failed.
    pub declined: u32,
    /// WeChat's number, once paid.
    pub transaction_id: Option<String>,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// The part paid in cash, once paid.
    pub cash_fee: Option<Fen>,
    /// What refunds have been asked for, in fen.
    pub refund_fee: Fen,
    /// Notifications the merchant hasn't accepted yet.
    pub notifies_open: usize,
}

impl Gateway {
    /// The customer's phone reads a code and opens the pay sheet.
    ///
    /// # Errors
    /// The code is none, is dead, or its order can't be paid.
    pub fn scan(&mut self, now: Timestamp, code_url: &str) -> Result<OrderView, CustomerRefusal> {
        self.seen(now);
        let number = self
            .book
            .codes
            .get(code_url.trim())
            .cloned()
            .ok_or(CustomerRefusal::UnknownCode)?;
        let openid = format!("o{}", self.book.dice.text(27));
        let order = self
            .book
            .orders
            .get_mut(&number)
            .ok_or(CustomerRefusal::NoSuchOrder)?;
        order.payable(now, code_url.trim())?;
        order.sheet = Some(PaySheet {
            code_url: code_url.trim().to_owned(),
            openid,
        });
        self.changed();
        self.order(now, &number).ok_or(CustomerRefusal::NoSuchOrder)
    }

    /// The customer scans the newest code of that order.
    ///
    /// # Errors
    /// As [`Self::scan`].
    pub fn scan_order(&mut self, now: Timestamp, out_trade_no: &str) -> Result<OrderView, CustomerRefusal> {
        let order = self
            .book
            .orders
            .get(out_trade_no)
            .ok_or(CustomerRefusal::NoSuchOrder)?;
        let code_url = order.code.url.clone();
        self.scan(now, &code_url)
    }

    /// The customer pays, scanned before or not. Late is fine, as long as the order is open and the code alive.
    ///
    /// # Errors
    /// The order is closed, expired or paid, the code is dead, or the coupons don't fit; no money moves then.
    pub fn pay(
        &mut self,
        now: Timestamp,
        out_trade_no: &str,
        with: &PayWith,
    ) -> Result<Receipt, CustomerRefusal> {
        self.seen(now);
        let order = self
            .book
            .orders
            .get(out_trade_no)
            .ok_or(CustomerRefusal::NoSuchOrder)?;
        let sheet_url = order.sheet.as_ref().map(|sheet| sheet.code_url.as_str());
        let code_url = with
            .code_url
            .as_deref()
            .or(sheet_url)
            .unwrap_or(&order.code.url)
            .to_owned();
        order.payable(now, &code_url)?;
        let total = order.total;
        let mut coupons = with.coupons.clone();
        let worth = coupons
            .iter()
            .try_fold(Fen::ZERO, |sum, coupon| sum.checked_add(coupon.fee));
        let cash = worth
            .and_then(|worth| total.checked_sub(worth))
            .ok_or(CustomerRefusal::CouponsDontFit)?;
        if coupons
            .iter()
            .any(|coupon| coupon.fee == Fen::ZERO || coupon.id.len() > 20)
        {
            return Err(CustomerRefusal::CouponsDontFit);
        }
        for coupon in coupons.iter_mut().filter(|coupon| coupon.id.is_empty()) {
            coupon.id = self.book.dice.digits(11);
        }
        let no_cash = coupons.iter().filter(|coupon| coupon.kind == CouponKind::NoCash);
        let settlement = total.saturating_sub(Fen::total(no_cash.map(|coupon| coupon.fee)));
        let openid = match order.sheet.as_ref() {
            Some(sheet) => sheet.openid.clone(),
            None => format!("o{}", self.book.dice.text(27)),
        };
        let transaction_id = self.new_transaction_id(now);
        let bank_type = with.bank_type.clone().unwrap_or_else(|| "OTHERS".to_owned());
        let payment = Payment {
            transaction_id: transaction_id.clone(),
            openid,
            bank_type,
            coupons,
            cash,
            settlement,
            at: now,
        };
        self.book
            .transactions
            .insert(transaction_id.clone(), out_trade_no.to_owned());
        if let Some(order) = self.book.orders.get_mut(out_trade_no) {
            order.standing = Standing::Paid(payment);
            order.sheet = None;
        }
        self.changed();
        self.notify_payment(now, out_trade_no);
        Ok(Receipt {
            transaction_id,
            total_fee: total,
            cash_fee: cash,
            paid_at: now,
        })
    }

    /// The payment fails (balance, password, bank): the order stays NOTPAY and can be paid again.
    ///
    /// # Errors
    /// The order can't be paid anyway.
    pub fn decline(&mut self, now: Timestamp, out_trade_no: &str) -> Result<(), CustomerRefusal> {
        self.seen(now);
        let order = self
            .book
            .orders
            .get_mut(out_trade_no)
            .ok_or(CustomerRefusal::NoSuchOrder)?;
        order.open(now)?;
        order.declined = order.declined.saturating_add(1);
        order.sheet = None;
        self.changed();
        Ok(())
    }

    /// The customer closes the pay sheet without paying; the order stays as it is otherwise.
    ///
    /// # Errors
    /// There is no such order.
    pub fn walk_away(&mut self, now: Timestamp, out_trade_no: &str) -> Result<(), CustomerRefusal> {
        self.seen(now);
        let order = self
            .book
            .orders
            .get_mut(out_trade_no)
            .ok_or(CustomerRefusal::NoSuchOrder)?;
        order.sheet = None;
        self.changed();
        Ok(())
    }

    /// One order.
    pub fn order(&self, now: Timestamp, out_trade_no: &str) -> Option<OrderView> {
        self.book
            .orders
            .get(out_trade_no)
            .map(|order| self.view(now, order))
    }

    /// All orders, the newest first.
    pub fn orders(&self, now: Timestamp) -> Vec<OrderView> {
        let mut orders: Vec<OrderView> = self
            .book
            .orders
            .values()
            .map(|order| self.view(now, order))
            .collect();
        orders.sort_by(|a, b| (b.created, &b.out_trade_no).cmp(&(a.created, &a.out_trade_no)));
        orders
    }

    fn view(&self, now: Timestamp, order: &Order) -> OrderView {
        let payment = order.payment();
        let refunds = order.refunds.iter().filter_map(|id| self.book.refunds.get(id));
        let out_trade_no = order.out_trade_no().to_owned();
        OrderView {
            body: order.field("body").to_owned(),
            total_fee: order.total,
            state: order.state(now, &self.config.rules),
            scanned: matches!(order.standing, Standing::Open) && order.is_scanned(),
            code_url: order.code.url.clone(),
            unpayable: order.payable(now, &order.code.url).err(),
            device_info: order.field("device_info").to_owned(),
            created: order.created,
            expires: order.expires,
            code_expires: later(order.code.since, CODE_LIFE),
            declined: order.declined,
            transaction_id: payment.map(|payment| payment.transaction_id.clone()),
            paid_at: payment.map(|payment| payment.at),
            cash_fee: payment.map(|payment| payment.cash),
            refund_fee: Fen::total(
                refunds
                    .filter(|refund| refund.counts(now))
                    .map(|refund| refund.asked),
            ),
            notifies_open: self.open_notifies(&out_trade_no),
            out_trade_no,
        }
    }

    /// Queues the notification of a payment, signed with the type of the order's unifiedorder.
    fn notify_payment(&mut self, now: Timestamp, out_trade_no: &str) {
        let nonce = self.book.dice.text(32);
        let Some((order, payment)) = self.book.paid(out_trade_no) else {
            return;
        };
        let kind = SignType::parse(order.field("sign_type")).unwrap_or(SignType::Md5);
        let mut params = Params::new();
        add_payment(&mut params, order, payment);
        let mut add = |name: &str, value: &str| params.insert(name.to_owned(), value.to_owned());
        add("return_code", "SUCCESS");
        add("result_code", "SUCCESS");
        add("appid", &self.config.appid);
        add("mch_id", &self.config.mch_id);
        add("nonce_str", &nonce);
        add("out_trade_no", out_trade_no);
        for echoed in ["attach", "device_info"] {
            if !order.field(echoed).is_empty() {
                add(echoed, order.field(echoed));
            }
        }
        if self.config.rules.notify_sign_type {
            add("sign_type", kind.as_str());
        }
        let body = wire::with_sign(&params, &self.config.api_key, kind).into_bytes();
        let url = order.field("notify_url").to_owned();
        self.notify(
            out_trade_no,
            &url,
            body,
            later(now, self.config.rules.notify_latency),
        );
    }
}

impl Order {
    /// Whether any code of it could be paid.
    fn open(&self, now: Timestamp) -> Result<(), CustomerRefusal> {
        match self.standing {
            Standing::Paid(_) => Err(CustomerRefusal::AlreadyPaid),
            Standing::Closed(_) => Err(CustomerRefusal::OrderClosed),
            Standing::Open if now >= self.expires => Err(CustomerRefusal::OrderClosed),
            Standing::Open => Ok(()),
        }
    }

    /// Whether that code of it can be paid.
    fn payable(&self, now: Timestamp, code_url: &str) -> Result<(), CustomerRefusal> {
        self.open(now)?;
        if code_url != self.code.url {
            return Err(CustomerRefusal::CodeReplaced);
        }
        if now >= later(self.code.since, CODE_LIFE) {
            return Err(CustomerRefusal::CodeExpired);
        }
        Ok(())
    }
}
