//! A day's figures as plain text, ready to print on paper 32 characters wide.

use std::fmt::Write as _;

use till_core::{CountAndSum, DayFigures, Tally};

use crate::config::{Locale, Shop};

/// Columns of 58 mm paper; a Chinese character takes two.
const COLUMNS: usize = 32;

/// Writes the day in one language; `discounts`: what its sales were below their list prices.
#[must_use]
pub(crate) fn write(
    figures: &DayFigures,
    discounts: Tally,
    blind: bool,
    shop: &Shop,
    locale: Locale,
    training: bool,
) -> String {
    let words = words(locale);
    let mut text = String::new();
    let mut line = |left: &str, right: &str| {
        let gap = COLUMNS.saturating_sub(columns(left) + columns(right)).max(1);
        // Writing to a String can't fail.
        let _ = writeln!(text, "{left}{}{right}", " ".repeat(gap));
    };
    let rule = "-".repeat(COLUMNS);
    line(&shop.name, shop.till.as_str());
    line(words.title, &figures.day.to_string());
    if training {
        line(words.training, "");
    }
    if blind {
        line(words.blind, "");
    }
    line(&rule, "");
    let rows = [
        (words.paid, figures.paid),
        (words.wechat, figures.wechat),
        (words.cash, figures.cash),
        (words.closed_by_deadline, figures.closed_by_deadline),
        (words.closed_by_cancel, figures.closed_by_cancel),
        (words.closed_otherwise, figures.closed_otherwise),
        (words.refused, figures.refused),
        (words.waiting, figures.waiting),
        (words.review, figures.review),
    ];
    for (word, CountAndSum { count, sum }) in rows {
        if blind && word == words.cash {
            continue;
        }
        line(&format!("{word} {count}"), &sum.to_string());
    }
    if discounts.count > 0 {
        line(
            &format!("{} {}", words.discounts, discounts.count),
            &discounts.sum.to_string(),
        );
    }
    line(&rule, "");
    let money_back = [
        (words.adopted, figures.adopted),
        (words.given_back, figures.given_back),
        (words.refunded, figures.refunded),
        (words.refunds_by_hand, figures.refunds_by_hand),
        (words.refunds_closed, figures.refunds_closed),
        (words.refunds_waiting, figures.refunds_waiting),
        (words.cash_refunded, figures.cash_refunded),
    ];
    // Most days have none of most of them; refunds are named even when there are none.
    for (word, CountAndSum { count, sum }) in money_back {
        if count > 0 || word == words.refunded {
            line(&format!("{word} {count}"), &sum.to_string());
        }
    }
    line(
        words.net,
        &figures
            .net()
            .map_or_else(|_| "-".to_owned(), |net| net.to_string()),
    );
    line(&rule, "");
    for hour in figures.hours.iter().filter(|hour| hour.paid.count > 0) {
        line(
            &format!("{:02}:00  {}", hour.hour, hour.paid.count),
            &hour.paid.sum.to_string(),
        );
    }
    text
}

struct Words {
    title: &'static str,
    training: &'static str,
    blind: &'static str,
    paid: &'static str,
    wechat: &'static str,
    cash: &'static str,
    discounts: &'static str,
    closed_by_deadline: &'static str,
    closed_by_cancel: &'static str,
    closed_otherwise: &'static str,
    refused: &'static str,
    waiting: &'static str,
    review: &'static str,
    adopted: &'static str,
    given_back: &'static str,
    refunded: &'static str,
    refunds_by_hand: &'static str,
    refunds_closed: &'static str,
    refunds_waiting: &'static str,
    cash_refunded: &'static str,
    net: &'static str,
}

fn words(locale: Locale) -> Words {
    match locale {
        Locale::ZhCn => Words {
            title: "日报（X）",
            training: "练习模式，不收真钱",
            blind: "盲点中：只含微信，不含现金",
            paid: "已收款",
            wechat: "  微信",
            cash: "  现金",
            discounts: "折扣（行）",
            closed_by_deadline: "超时关闭",
            closed_by_cancel: "取消",
            closed_otherwise: "其他关闭",
            refused: "下单被拒",
            waiting: "未了结",
            review: "需处理",
            adopted: "已收款中的迟到款",
            given_back: "非销售收款（退回）",
            refunded: "退款",
            refunds_by_hand: "  其中需人工处理",
            refunds_closed: "退款关闭（未退出）",
            refunds_waiting: "退款未受理",
            cash_refunded: "现金退款",
            net: "净收款",
        },
        Locale::En => Words {
            title: "Day report (X)",
            training: "TRAINING, no real money",
            blind: "Counted blind: WeChat only",
            paid: "Paid",
            wechat: "  WeChat",
            cash: "  Cash",
            discounts: "Discounts, lines",
            closed_by_deadline: "Timed out",
            closed_by_cancel: "Cancelled",
            closed_otherwise: "Closed otherwise",
            refused: "Refused",
            waiting: "Unsettled",
            review: "To decide",
            adopted: "Late, kept as sales",
            given_back: "No sale, given back",
            refunded: "Refunded",
            refunds_by_hand: "  of it by hand",
            refunds_closed: "Refunds closed",
            refunds_waiting: "Refunds not taken",
            cash_refunded: "Refunded in cash",
            net: "Net",
        },
    }
}

/// Columns a text takes on paper: two for anything from the CJK blocks on.
fn columns(text: &str) -> usize {
    text.chars()
        .map(|character| if u32::from(character) >= 0x2E80 { 2 } else { 1 })
        .sum()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use till_core::{Calendar, DayRow, Fen, Standing, TillId};

    use super::*;

    #[test]
    fn every_line_fits_the_paper_in_both_languages() {
        let calendar = Calendar::midnight(TimeZone::get("Asia/Shanghai").unwrap());
        let at = "2026-11-23T12:30:00+08:00".parse().unwrap();
        let row = DayRow {
            total_fee: Fen::new(842_630),
            placed_at: at,
            standing: Standing::Paid(at),
        };
        let figures = DayFigures::compute(date(2026, 11, 23), &calendar, [row], [], []).unwrap();
        let shop = Shop {
            name: "小满便利店".to_owned(),
            till: TillId::parse("T01").unwrap(),
            locale: Locale::ZhCn,
            legal_id: String::new(),
            calendar,
        };
        let discounts = Tally {
            count: 12,
            sum: Fen::new(123_456),
        };
        for locale in [Locale::ZhCn, Locale::En] {
            let text = write(&figures, discounts, true, &shop, locale, true);
            assert!(
                text.lines().all(|line| columns(line.trim_end()) <= COLUMNS),
                "too wide for 58 mm paper:\n{text}"
            );
            assert!(text.contains("8426.30"), "the sum is on it:\n{text}");
            assert!(text.contains("1234.56"), "and what was taken off:\n{text}");
            assert!(text.contains("12:00  1"), "and the hour it was paid in:\n{text}");
        }
    }
}
