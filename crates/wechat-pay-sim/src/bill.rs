//! The bill of a day: a table of all payments and refunds in WeChat's own text form.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::beijing::{hour_of, spaced};
use crate::fen::Fen;
use crate::gateway::Gateway;
use crate::order::{Order, Payment};
use crate::refund::{Outcome, Refund};

/// `bill_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BillType {
    All,
    Success,
    Refund,
}

const ALL: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const SUCCESS: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,商品名称,商户数据包,手续费,费率,订单金额,费率备注";
const REFUND: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,退款申请时间,退款成功时间,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
/// The official page lists four columns for SUCCESS, a real sample of it has these seven: the sample wins.
const SUMMARY: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

const RATE: &str = "0.60%";

/// What a row stands for.
#[derive(Clone, Copy)]
enum Entry<'a> {
    Paid,
    Refunded(&'a Refund),
}

struct Row<'a> {
    at: Timestamp,
    order: &'a Order,
    payment: &'a Payment,
    entry: Entry<'a>,
}

/// One day's rows of one type, in time order.
pub(crate) struct Bill<'a> {
    kind: BillType,
    appid: &'a str,
    mch_id: &'a str,
    /// When the bill was made: a refund's state is as of then.
    made: Timestamp,
    rows: Vec<Row<'a>>,
}

impl<'a> Bill<'a> {
    /// Nothing when nothing of that type happened on that day.
    pub(crate) fn of_day(gateway: &'a Gateway, date: Date, kind: BillType, made: Timestamp) -> Option<Self> {
        let (start, end) = (hour_of(date, 0), hour_of(date.tomorrow().ok()?, 0));
        let mut rows = Vec::new();
        for order in gateway.book.orders.values() {
            let Some(payment) = order.payment() else { continue };
            if kind != BillType::Refund {
                rows.push(Row {
                    at: payment.at,
                    order,
                    payment,
                    entry: Entry::Paid,
                });
            }
            if kind != BillType::Success {
                for refund in order.refunds.iter().filter_map(|id| gateway.book.refunds.get(id)) {
                    rows.push(Row {
                        at: refund.requested,
                        order,
                        payment,
                        entry: Entry::Refunded(refund),
                    });
                }
            }
        }
        rows.retain(|row| start <= row.at && row.at < end);
        rows.sort_by(|a, b| (a.at, a.order.out_trade_no()).cmp(&(b.at, b.order.out_trade_no())));
        let (appid, mch_id) = (gateway.config.appid.as_str(), gateway.config.mch_id.as_str());
        (!rows.is_empty()).then_some(Self {
            kind,
            appid,
            mch_id,
            made,
            rows,
        })
    }

    /// The whole file.
    pub(crate) fn text(&self, bom: bool, crlf: bool) -> String {
        let end = if crlf { "\r\n" } else { "\n" };
        let header = match self.kind {
            BillType::All => ALL,
            BillType::Success => SUCCESS,
            BillType::Refund => REFUND,
        };
        let mut text = String::from(if bom { "\u{feff}" } else { "" });
        let mut line = |content: &str| {
            text.push_str(content);
            text.push_str(end);
        };
        line(header);
        for row in &self.rows {
            line(&ticked(&self.cells(row)));
        }
        line(SUMMARY);
        line(&ticked(&self.summary()));
        text
    }

    fn cells(&self, row: &Row<'_>) -> Vec<String> {
        let (order, payment) = (row.order, row.payment);
        let state = match row.entry {
            Entry::Paid => "SUCCESS",
            Entry::Refunded(_) => "REFUND",
        };
        let paid = |fen: Fen| match row.entry {
            Entry::Paid => fen.yuan(),
            Entry::Refunded(_) => Fen::ZERO.yuan(),
        };
        let mut cells = vec![
            spaced(row.at),
            self.appid.to_owned(),
            self.mch_id.to_owned(),
            "0".to_owned(),
            order.field("device_info").to_owned(),
            payment.transaction_id.clone(),
            order.out_trade_no().to_owned(),
            payment.openid.clone(),
            "NATIVE".to_owned(),
            state.to_owned(),
            payment.bank_type.clone(),
            "CNY".to_owned(),
            paid(payment.settlement),
            paid(payment.coupon_fee()),
        ];
        if self.kind != BillType::Success {
            self.push_refund_cells(&mut cells, row);
        }
        // A line break would end the row; everything else WeChat passes through unquoted.
        cells.push(order.field("body").replace(['\r', '\n'], " "));
        cells.push(order.field("attach").replace(['\r', '\n'], " "));
        cells.push(row.fee(self.made));
        cells.push(RATE.to_owned());
        cells.push(paid(order.total));
        if self.kind != BillType::Success {
            cells.push(row.asked().yuan());
        }
        cells.push(String::new());
        cells
    }

    fn push_refund_cells(&self, cells: &mut Vec<String>, row: &Row<'_>) {
        let Entry::Refunded(refund) = row.entry else {
            cells.extend(["0", "0", "0.00", "0.00", "", ""].map(str::to_owned));
            return;
        };
        if self.kind == BillType::Refund {
            let done = self.made >= refund.settles && refund.outcome == Outcome::Success;
            cells.push(spaced(refund.requested));
            cells.push(if done {
                spaced(refund.settles)
            } else {
                String::new()
            });
        }
        cells.push(refund.refund_id.clone());
        cells.push(refund.out_refund_no.clone());
        cells.push(refund.settlement.yuan());
        cells.push(refund.recharge_fee().yuan());
        cells.push("ORIGINAL".to_owned());
        cells.push(refund.status(self.made).to_owned());
    }

    fn summary(&self) -> Vec<String> {
        let paid = || self.rows.iter().filter(|row| matches!(row.entry, Entry::Paid));
        let refunds = || {
            self.rows.iter().filter_map(|row| match row.entry {
                Entry::Refunded(refund) => Some(refund),
                Entry::Paid => None,
            })
        };
        let earned = Fen::total(paid().map(|row| row.payment.settlement.fee()));
        let given_back = Fen::total(refunds().map(|refund| refund.fee_back(self.made)));
        vec![
            self.rows.len().to_string(),
            Fen::total(paid().map(|row| row.payment.settlement)).yuan(),
            Fen::total(refunds().map(|refund| refund.settlement)).yuan(),
            Fen::total(refunds().map(Refund::recharge_fee)).yuan(),
            signed_fee(earned, given_back),
            Fen::total(paid().map(|row| row.order.total)).yuan(),
            Fen::total(refunds().map(|refund| refund.asked)).yuan(),
        ]
    }
}

impl Row<'_> {
    /// The fee that WeChat takes, or gives back with a refund: then negative.
    fn fee(&self, made: Timestamp) -> String {
        match self.entry {
            Entry::Paid => signed_fee(self.payment.settlement.fee(), Fen::ZERO),
            Entry::Refunded(refund) => signed_fee(Fen::ZERO, refund.fee_back(made)),
        }
    }

    fn asked(&self) -> Fen {
        match self.entry {
            Entry::Paid => Fen::ZERO,
            Entry::Refunded(refund) => refund.asked,
        }
    }
}

/// `taken − given` in yuan with the five decimals of fee columns.
fn signed_fee(taken: Fen, given: Fen) -> String {
    match taken.checked_sub(given) {
        Some(fee) => format!("{}000", fee.yuan()),
        None => format!("-{}000", given.saturating_sub(taken).yuan()),
    }
}

/// Each value behind a back-tick; no quoting, as in WeChat's files.
fn ticked(cells: &[String]) -> String {
    cells
        .iter()
        .map(|cell| format!("`{cell}"))
        .collect::<Vec<_>>()
        .join(",")
}
