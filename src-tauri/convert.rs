//! From the till's pictures to what crosses to the web views.

use jiff::Timestamp;
use till_app::config::Locale as TillLocale;
use till_app::snapshot::{
    CustomerPicture, CustomerStage as Stage, PaymentBrief as Brief, PaymentPicture, Snapshot as Picture,
    WechatLamp as Wechat,
};
use till_app::{DayPicture, Imported, Qr, UNSTABLE_FROM, WrongRowCode as Wrong};
use till_core::{Attempt, Evidence, Fen, Price, Product, State};

pub(crate) use self::problem::ledger_problem;
use crate::view::*;

pub(crate) mod bills;
pub(crate) mod cart;
pub(crate) mod cash;
pub(crate) mod cash_refund;
pub(crate) mod keeping;
pub(crate) mod notify;
mod problem;
pub(crate) mod refund;
mod refusal;
pub(crate) mod report;
pub(crate) mod staff;

/// One sale's amount. The cart holds it within ten million yuan, so that it always fits.
pub(crate) fn fen(amount: Fen) -> u32 {
    u32::try_from(amount.get()).unwrap_or(u32::MAX)
}

fn time(at: Timestamp) -> String {
    at.to_string()
}

/// A number that names something in commands; databases of two thousand million rows are not for a till.
fn id(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl From<TillLocale> for Locale {
    fn from(locale: TillLocale) -> Self {
        match locale {
            TillLocale::ZhCn => Self::ZhCn,
            TillLocale::En => Self::En,
        }
    }
}

impl From<Locale> for TillLocale {
    fn from(locale: Locale) -> Self {
        match locale {
            Locale::ZhCn => Self::ZhCn,
            Locale::En => Self::En,
        }
    }
}

/// The till window's picture.
pub(crate) fn snapshot(picture: Picture, training: bool) -> Snapshot {
    Snapshot {
        version: picture.version,
        shop_name: picture.shop.name.clone(),
        till_id: picture.shop.till.to_string(),
        locale: picture.locale.into(),
        now: Some(time(picture.now)),
        time_zone: zone(&picture.shop),
        training,
        problem: None,
        lamps: Lamps {
            wechat: picture.wechat.into(),
            notify: notify::notify(picture.notify),
            clock_wrong: picture.clock_wrong,
            disk_trouble: picture.disk_trouble,
        },
        cart: cart::cart(&picture.cart),
        held: picture.held.iter().map(cart::held).collect(),
        front: picture.front.map(payment),
        waiting: picture.waiting.iter().map(brief).collect(),
        unlisted: picture.unlisted,
        refunds: picture.refunds.iter().map(refund::brief).collect(),
        catalogue_version: picture.catalogue_version,
        bills_version: picture.bills_version,
        staff: staff::staff(&picture.staff),
        house: staff::house(picture.house),
        has_printer: picture.has_printer,
        has_drawer: picture.has_drawer,
        shift: picture.shift.as_ref().map(cash::shift_brief),
        cash: picture.cash_due.as_ref().map(cash::due),
        cash_paid: picture.cash_paid.as_ref().map(cash::receipt),
        drawer_shut: picture.drawer_shut.map(cash::drawer_shut),
    }
}

/// The till window's picture when the till can't be opened.
pub(crate) fn no_till(problem: &Problem, locale: Locale) -> Snapshot {
    Snapshot {
        version: 0,
        shop_name: String::new(),
        till_id: String::new(),
        locale,
        now: None,
        time_zone: "Asia/Shanghai".to_owned(),
        training: false,
        problem: Some(problem.clone()),
        lamps: Lamps {
            wechat: WechatLamp::Idle,
            notify: notify::no_notify(),
            clock_wrong: false,
            disk_trouble: false,
        },
        cart: CartView {
            lines: Vec::new(),
            pieces: 0,
            total_fen: 0,
        },
        held: Vec::new(),
        front: None,
        waiting: Vec::new(),
        unlisted: 0,
        refunds: Vec::new(),
        catalogue_version: 0,
        bills_version: 0,
        staff: staff::no_staff(),
        house: staff::house(till_app::house::HouseRules::default()),
        has_printer: false,
        has_drawer: false,
        shift: None,
        cash: None,
        cash_paid: None,
        drawer_shut: None,
    }
}

/// The customer display's picture.
pub(crate) fn customer(picture: CustomerPicture, training: bool) -> CustomerView {
    let stage = match picture.stage {
        Stage::Idle => CustomerStage::Idle,
        Stage::Cart { lines, total } => CustomerStage::Cart {
            lines: lines.iter().map(cart::line_for_customer).collect(),
            total_fen: fen(total),
        },
        Stage::Wait { total } => CustomerStage::Wait {
            total_fen: fen(total),
        },
        Stage::Scan {
            qr,
            total,
            out_trade_no,
            deadline,
        } => CustomerStage::Scan {
            qr: qr.into(),
            total_fen: fen(total),
            out_trade_no,
            deadline: time(deadline),
        },
        Stage::Paid {
            total,
            transaction_id,
        } => CustomerStage::Paid {
            total_fen: fen(total),
            transaction_id,
        },
        Stage::Cash { total, due } => CustomerStage::Cash {
            total_fen: fen(total),
            due_fen: fen(due),
        },
        Stage::PaidCash {
            total,
            tendered,
            change,
        } => CustomerStage::PaidCash {
            total_fen: fen(total),
            tendered_fen: fen(tendered),
            change_fen: fen(change),
        },
    };
    CustomerView {
        version: picture.version,
        shop_name: picture.shop.name.clone(),
        locale: picture.locale.into(),
        now: Some(time(picture.now)),
        time_zone: zone(&picture.shop),
        training,
        stage,
    }
}

/// The customer display when the till can't be opened: as if nothing were going on.
pub(crate) fn no_customer(locale: Locale) -> CustomerView {
    CustomerView {
        version: 0,
        shop_name: String::new(),
        locale,
        now: None,
        time_zone: "Asia/Shanghai".to_owned(),
        training: false,
        stage: CustomerStage::Idle,
    }
}

fn zone(shop: &till_app::config::Shop) -> String {
    shop.calendar
        .zone()
        .iana_name()
        .unwrap_or("Asia/Shanghai")
        .to_owned()
}

impl From<Wechat> for WechatLamp {
    fn from(lamp: Wechat) -> Self {
        match lamp {
            Wechat::Idle => Self::Idle,
            Wechat::Good { at, millis } => Self::Good { at: time(at), millis },
            Wechat::Unstable { since } => Self::Unstable { since: time(since) },
        }
    }
}

impl From<Qr> for QrView {
    fn from(qr: Qr) -> Self {
        Self {
            modules: qr.modules,
            path: qr.path,
        }
    }
}

/// One payment whole.
pub(crate) fn payment(picture: PaymentPicture) -> PaymentView {
    let refunded = fen(picture.refunded());
    let attempt = &picture.attempt;
    PaymentView {
        out_trade_no: attempt.out_trade_no.to_string(),
        total_fen: fen(attempt.total_fee),
        state: state(attempt),
        qr: picture.qr.map(QrView::from),
        placed_at: time(attempt.placed_at),
        deadline: time(attempt.deadline),
        last_check: picture.last_check.map(|check| LastCheck {
            at: time(check.at),
            trade_state: check.trade_state,
            count: check.count,
        }),
        doubts: attempt.doubts,
        asking: picture.asking,
        refunded_fen: refunded,
        adopted: attempt.adopted.map(ReviewReason::from),
        refunds: picture.refunds.into_iter().map(refund::refund).collect(),
        paid: attempt.payment().map(|payment| PaidView {
            transaction_id: payment.transaction_id.clone(),
            time_end: time(payment.time_end),
            cash_fen: fen(payment.cash_fee),
            coupon_fen: fen(payment.coupon_fee),
            found_by: match payment.found_by {
                till_core::FoundBy::Query => FoundBy::Query,
                till_core::FoundBy::Notify => FoundBy::Notify,
            },
        }),
        money: money(attempt),
        lines: picture.lines.iter().map(cart::line).collect(),
        evidence: picture.evidence.into_iter().map(evidence).collect(),
        can_pay_again: picture.can_pay_again,
        sale_total_fen: fen(picture.sale_total),
        cash_fen: fen(picture.cash),
        cash_in_hand_fen: fen(picture.cash_in_hand),
        cash_part: picture.cash_part.as_ref().map(cash_refund::part),
        can_take_cash: picture.can_take_cash,
        can_give_cash_back: picture.can_give_cash_back,
        can_cancel: attempt.can_cancel(),
    }
}

/// One payment in a list.
pub(crate) fn brief(brief: &Brief) -> PaymentBrief {
    let attempt = &brief.attempt;
    PaymentBrief {
        out_trade_no: attempt.out_trade_no.to_string(),
        total_fen: fen(attempt.total_fee),
        state: state(attempt),
        placed_at: time(attempt.placed_at),
        deadline: time(attempt.deadline),
        doubts: attempt.doubts,
        paid_at: attempt.payment().map(|payment| time(payment.time_end)),
        first: brief.first.clone(),
        pieces: brief.pieces,
        cash_in_hand_fen: fen(brief.cash_in_hand),
    }
}

fn state(attempt: &Attempt) -> PayState {
    match &attempt.state {
        State::Placing if attempt.doubts > 0 => PayState::PlacingUnknown,
        State::Placing => PayState::Placing,
        State::AwaitingPayment {
            user_paying: true, ..
        } => PayState::UserPaying,
        State::AwaitingPayment { .. } => PayState::AwaitingScan,
        State::Closing { why, .. } => PayState::Closing { why: (*why).into() },
        State::Paid(_) => PayState::Paid,
        State::Closed { why } => PayState::Closed { why: (*why).into() },
        State::Refused { code } => PayState::Refused { code: code.clone() },
        State::GivenBack { why, .. } => PayState::GivenBack { why: (*why).into() },
        State::Review { why, .. } => PayState::Review { why: (*why).into() },
    }
}

/// Whether money may have moved.
fn money(attempt: &Attempt) -> Money {
    match &attempt.state {
        State::Review {
            why: till_core::ReviewReason::NotConfirmed,
            ..
        } => Money::Unknown,
        State::Paid(_) | State::GivenBack { .. } | State::Review { payment: Some(_), .. } => Money::Taken,
        // Nobody has seen a code for it, or WeChat has said that nothing can be paid.
        State::Placing | State::Closed { .. } | State::Refused { .. } => Money::NotTaken,
        State::AwaitingPayment {
            user_paying: false, ..
        } if attempt.doubts < UNSTABLE_FROM => Money::NotTaken,
        State::AwaitingPayment { .. } | State::Closing { .. } | State::Review { payment: None, .. } => {
            Money::Unknown
        }
    }
}

impl From<till_core::CloseReason> for CloseReason {
    fn from(why: till_core::CloseReason) -> Self {
        match why {
            till_core::CloseReason::Deadline => Self::Deadline,
            till_core::CloseReason::Cancelled => Self::Cancelled,
            till_core::CloseReason::PaidOtherwise => Self::PaidOtherwise,
            till_core::CloseReason::RestChanged => Self::RestChanged,
            till_core::CloseReason::NumberTaken => Self::NumberTaken,
            till_core::CloseReason::PlacingFailed => Self::PlacingFailed,
            till_core::CloseReason::ClosedAtWechat => Self::ClosedAtWechat,
            till_core::CloseReason::StateUnknown => Self::StateUnknown,
        }
    }
}

impl From<till_core::ReviewReason> for ReviewReason {
    fn from(why: till_core::ReviewReason) -> Self {
        match why {
            till_core::ReviewReason::AmountDiffers => Self::AmountDiffers,
            till_core::ReviewReason::PaidAfterCancel => Self::PaidAfterCancel,
            till_core::ReviewReason::PaidAfterDeadline => Self::PaidAfterDeadline,
            till_core::ReviewReason::PaidAfterClosed => Self::PaidAfterClosed,
            till_core::ReviewReason::PaidTwice => Self::PaidTwice,
            till_core::ReviewReason::RestChanged => Self::RestChanged,
            till_core::ReviewReason::RefundedElsewhere => Self::RefundedElsewhere,
            till_core::ReviewReason::StateUnknown => Self::StateUnknown,
            till_core::ReviewReason::NotConfirmed => Self::NotConfirmed,
        }
    }
}

fn evidence(row: Evidence) -> EvidenceView {
    EvidenceView {
        first_at: time(row.first_at),
        last_at: time(row.last_at),
        count: row.count,
        kind: match row.kind {
            till_core::EvidenceKind::Unifiedorder => EvidenceKind::Unifiedorder,
            till_core::EvidenceKind::Orderquery => EvidenceKind::Orderquery,
            till_core::EvidenceKind::Closeorder => EvidenceKind::Closeorder,
            till_core::EvidenceKind::Notify => EvidenceKind::Notify,
            till_core::EvidenceKind::Refund => EvidenceKind::Refund,
            till_core::EvidenceKind::Refundquery => EvidenceKind::Refundquery,
            till_core::EvidenceKind::RefundNotify => EvidenceKind::RefundNotify,
            till_core::EvidenceKind::Cashier => EvidenceKind::Cashier,
        },
        outcome: row.outcome,
        sign: match row.sign {
            till_core::SignVerdict::Right => SignVerdict::Right,
            till_core::SignVerdict::Wrong => SignVerdict::Wrong,
            till_core::SignVerdict::Missing => SignVerdict::Missing,
            till_core::SignVerdict::None => SignVerdict::None,
        },
        request: row.request,
        answer: row.answer,
    }
}

/// A tile.
pub(crate) fn product(product: &Product) -> ProductView {
    ProductView {
        id: id(product.id.0),
        name: product.name.clone(),
        barcode: product
            .barcode
            .as_ref()
            .map(|barcode| barcode.as_str().to_owned()),
        category: product.category.clone(),
        price_fen: match product.price {
            Price::Fixed(price) => Some(fen(price)),
            Price::Open => None,
        },
        available: product
            .available
            .map(|pieces| i32::try_from(pieces).unwrap_or(i32::MAX)),
    }
}

/// A day.
pub(crate) fn day(picture: DayPicture) -> DayView {
    let figures = picture.figures;
    DayView {
        day: figures.day.to_string(),
        blind: picture.blind,
        paid: figures.paid.into(),
        wechat: figures.wechat.into(),
        cash: figures.cash.into(),
        cash_refunded: figures.cash_refunded.into(),
        closed_by_deadline: figures.closed_by_deadline.into(),
        closed_by_cancel: figures.closed_by_cancel.into(),
        closed_otherwise: figures.closed_otherwise.into(),
        refused: figures.refused.into(),
        waiting: figures.waiting.into(),
        adopted: figures.adopted.into(),
        given_back: figures.given_back.into(),
        refunded: figures.refunded.into(),
        refunds_by_hand: figures.refunds_by_hand.into(),
        refunds_closed: figures.refunds_closed.into(),
        refunds_waiting: figures.refunds_waiting.into(),
        // The sums of a day are within bounds, each of them.
        net_fen: figures.net().unwrap_or_default().get().to_string(),
        review: figures.review.into(),
        hours: figures
            .hours
            .iter()
            .map(|hour| HourView {
                // An hour of the day is 0 to 23.
                hour: u8::try_from(hour.hour).unwrap_or_default(),
                count: hour.paid.count,
                sum_fen: hour.paid.sum.get().to_string(),
            })
            .collect(),
        text: picture.text,
    }
}

impl From<till_core::CountAndSum> for CountAndSum {
    fn from(figure: till_core::CountAndSum) -> Self {
        Self {
            count: figure.count,
            sum_fen: figure.sum.get().to_string(),
        }
    }
}

/// What came of an import.
pub(crate) fn imported(imported: Imported) -> ImportResult {
    match imported {
        Imported::Products(products) => ImportResult::Imported { products },
        Imported::Wrong(rows) => ImportResult::Wrong {
            rows: rows
                .into_iter()
                .map(|row| WrongRow {
                    line: row.line,
                    column: row.column,
                    code: row.code.into(),
                    found: row.found,
                })
                .collect(),
        },
    }
}

impl From<Wrong> for WrongRowCode {
    fn from(code: Wrong) -> Self {
        match code {
            Wrong::HeaderMissing => Self::HeaderMissing,
            Wrong::Unreadable => Self::Unreadable,
            Wrong::NameEmpty => Self::NameEmpty,
            Wrong::PriceNotMoney => Self::PriceNotMoney,
            Wrong::PriceOutOfRange => Self::PriceOutOfRange,
            Wrong::StockNotWhole => Self::StockNotWhole,
            Wrong::BarcodeTwice => Self::BarcodeTwice,
            Wrong::BarcodeWrong => Self::BarcodeWrong,
        }
    }
}
