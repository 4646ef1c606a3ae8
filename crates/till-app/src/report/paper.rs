//! A report as a document for paper.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use till_core::{Fen, ItemLine, MoneyError, Report, ShiftLine, Tally, ZsAside};
use till_paper::{Bar, Column, Document, Table, Weight};

use super::words::{Words, exception, words};
use crate::config::{Locale, Shop};
use crate::day_end::ReportPicture;
use crate::provider::ProviderColumn;

/// Most items on paper one by one; the files hold all of them.
const ITEMS_MAX: usize = 50;

/// Whether a Z was printed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copy {
    /// The first print of it.
    First,
    /// A copy, and says so.
    Again,
    /// Of WeChat alone, before a blind count: neither an original nor a copy, and says so.
    Part,
}

impl Copy {
    /// What comes after it is a copy, unless nothing came of it.
    #[must_use]
    pub fn counts(self) -> bool {
        match self {
            Self::First | Self::Again => true,
            Self::Part => false,
        }
    }
}

/// Writes the document.
///
/// # Errors
/// A sum of it does not fit; a report that was made adds up.
pub fn document(
    picture: &ReportPicture,
    provider: Option<&ProviderColumn>,
    shop: &Shop,
    locale: Locale,
    training: bool,
    copy: Copy,
    now: Timestamp,
) -> Result<Document, MoneyError> {
    let words = words(locale);
    let report = &picture.report;
    let page = Page {
        words,
        locale,
        zone: shop.calendar.zone(),
    };
    let mut paper = Document::new(page.title(report)).in_language(match locale {
        Locale::ZhCn => "zh-CN",
        Locale::En => "en",
    });
    if training {
        paper.mark(words.training);
    }
    match copy {
        Copy::First => {}
        Copy::Again => {
            paper.mark(words.copy);
        }
        Copy::Part => {
            paper.mark(words.part);
        }
    }
    page.head(&mut paper, report);
    if picture.blind {
        paper.weighted_paragraph(words.blind, Weight::Strong);
    }
    page.sales(&mut paper, picture)?;
    page.wechat(&mut paper, report)?;
    if let Some(column) = provider {
        page.provider(&mut paper, column)?;
    }
    if !picture.blind {
        page.cash(&mut paper, report)?;
    }
    page.drawer(&mut paper, picture)?;
    page.not_sold(&mut paper, report);
    page.given_up(&mut paper, report);
    page.carried(&mut paper, report);
    page.sold(&mut paper, report)?;
    page.seals(&mut paper, picture);
    paper.note(format!("{} {}", words.printed, page.time(now)));
    Ok(paper)
}

struct Page<'a> {
    words: &'static Words,
    locale: Locale,
    zone: &'a TimeZone,
}

impl Page<'_> {
    fn title(&self, report: &Report) -> String {
        match (report.head.number, self.locale) {
            (None, Locale::ZhCn | Locale::En) => self.words.x.to_owned(),
            (Some(number), Locale::ZhCn) => format!("{} {:04} 号", self.words.z, number.0),
            (Some(number), Locale::En) => format!("{} {:04}", self.words.z, number.0),
        }
    }

    fn head(&self, paper: &mut Document, report: &Report) {
        let (words, head) = (self.words, &report.head);
        paper.weighted_centred(head.shop.as_str(), Weight::Strong);
        if !head.legal_id.is_empty() {
            paper.row(words.legal_id, head.legal_id.as_str());
        }
        paper.row(words.till, head.till.as_str());
        paper.row(words.day, head.day.to_string());
        paper.row(words.from, self.time(head.from));
        paper.row(words.to, self.time(head.to));
        if !head.by.is_empty() {
            paper.row(words.by, head.by.as_str());
        }
        if !head.note.is_empty() {
            paper.row(words.note, head.note.as_str());
        }
        paper.rule();
    }

    fn sales(&self, paper: &mut Document, picture: &ReportPicture) -> Result<(), MoneyError> {
        let report = &picture.report;
        let (words, takings) = (self.words, &report.takings);
        let (sold, refunded) = (takings.sold()?, takings.refunded()?);
        if report.discounts.count != 0 {
            // Beside them stand WeChat's parts of sales whose discounts are not among these.
            if !picture.blind {
                paper.row(words.gross, yuan(report.gross()?));
            }
            let discounts = report.discounts;
            paper.row(
                self.counted(words.discounts, discounts.count),
                less(discounts.sum),
            );
        }
        paper.row(self.counted(words.sold, sold.count), yuan(sold.sum));
        if let Some(average) = average(sold) {
            paper.row(words.average, yuan(average));
        }
        if !report.items.is_empty() {
            paper.row(words.pieces_sold, report.pieces().to_string());
        }
        if takings.wechat_surplus.count != 0 {
            self.tally(paper, words.wechat_surplus, takings.wechat_surplus);
        }
        paper.row(self.counted(words.refunds, refunded.count), less(refunded.sum));
        paper.weighted_row(words.net, yuan(takings.net()?), Weight::Large);
        if takings.of_earlier_days.count != 0 {
            self.tally(paper, words.of_earlier_days, takings.of_earlier_days);
        }
        paper.rule();
        Ok(())
    }

    fn wechat(&self, paper: &mut Document, report: &Report) -> Result<(), MoneyError> {
        let (words, takings) = (self.words, &report.takings);
        paper.weighted_row(words.wechat, yuan(takings.wechat_net()?), Weight::Strong);
        self.tally(paper, words.wechat_paid, takings.wechat_paid);
        self.tally(paper, words.wechat_late, takings.wechat_late);
        self.tally(paper, words.wechat_surplus, takings.wechat_surplus);
        let refunded = takings.wechat_refunded()?;
        paper.row(
            self.counted(words.wechat_refunded, refunded.count),
            less(refunded.sum),
        );
        if takings.refunds_by_hand.count != 0 {
            self.tally(paper, words.refunds_by_hand, takings.refunds_by_hand);
        }
        if takings.refunds_closed.count != 0 {
            self.tally(paper, words.refunds_closed, takings.refunds_closed);
        }
        Ok(())
    }

    fn provider(&self, paper: &mut Document, column: &ProviderColumn) -> Result<(), MoneyError> {
        let (words, bill) = (self.words, &column.provider);
        paper.weighted_paragraph(words.provider, Weight::Strong);
        // What only a part of the bills says is no difference yet.
        if !bill.waiting.is_empty() {
            for day in &bill.waiting {
                paper.row(words.bill_waits, day.to_string());
            }
            return Ok(());
        }
        self.tally(paper, words.bill_paid, bill.paid);
        self.tally(paper, words.bill_refunded, bill.refunded);
        paper.row(words.fee, bill.fee.to_string());
        for it in &bill.fees_in_doubt {
            let (label, figures) = words.fee_in_doubt(it);
            paper.row(label, figures);
        }
        if bill.missing > 0 {
            paper.row(words.missing, bill.missing.to_string());
        }
        for it in &bill.unbooked {
            let (word, amount) = if it.refund {
                (words.unbooked_refund, less(it.amount))
            } else {
                (words.unbooked_paid, yuan(it.amount))
            };
            paper.row(format!("{word} {}", it.number), amount);
        }
        for day in &column.by_hand {
            paper.row(words.bill_by_hand, day.to_string());
        }
        paper.weighted_row(words.difference, yuan(bill.difference), Weight::Strong);
        for (word, tally) in [
            (words.not_arrived, bill.not_arrived),
            (words.taken_back, bill.taken_back),
        ] {
            if tally.count != 0 {
                self.tally(paper, word, tally);
            }
        }
        if bill.names_causes() {
            paper.row(words.unexplained, yuan(bill.unexplained()?));
        }
        Ok(())
    }

    fn cash(&self, paper: &mut Document, report: &Report) -> Result<(), MoneyError> {
        let (words, takings) = (self.words, &report.takings);
        paper.weighted_row(words.cash, yuan(takings.cash_net()?), Weight::Strong);
        self.tally(paper, words.cash_sales, takings.cash_sales);
        self.tally(paper, words.cash_parts, takings.cash_parts);
        self.tally(paper, words.cash_refunds, takings.cash_refunds);
        Ok(())
    }

    fn drawer(&self, paper: &mut Document, picture: &ReportPicture) -> Result<(), MoneyError> {
        let (words, drawer) = (self.words, &picture.report.drawer);
        paper.weighted_paragraph(words.drawer, Weight::Strong);
        if !picture.blind {
            self.tally(paper, words.taken, drawer.taken);
            self.tally(paper, words.given_back, drawer.given_back);
        }
        for it in &drawer.moves {
            let word = if it.kind.comes_in() {
                words.paid_in
            } else {
                words.paid_out
            };
            let amount = if it.kind.comes_in() {
                yuan(it.amount)
            } else {
                less(it.amount)
            };
            paper.row(format!("{word} {} {}", it.by, it.reason), amount);
        }
        if drawer.in_hand.count != 0 {
            self.tally(paper, words.in_hand, drawer.in_hand);
        }
        for shift in &drawer.shifts {
            self.shift(paper, shift)?;
        }
        paper.rule();
        Ok(())
    }

    fn shift(&self, paper: &mut Document, shift: &ShiftLine) -> Result<(), MoneyError> {
        let words = self.words;
        let state = if shift.counted.is_some() {
            shift.by.as_str()
        } else {
            words.shift_open
        };
        paper.row(format!("{} {}", words.shift, shift.id.0), state);
        if !shift.opened_by.is_empty() {
            paper.row(words.opened_by, shift.opened_by.as_str());
        }
        paper.row(words.float, yuan(shift.float));
        if let Some(over) = shift.float_difference()?.filter(|over| *over != Fen::ZERO) {
            paper.row(words.float_difference, yuan(over));
        }
        // What should be there stands beside what was counted, never before: a count may be a blind one.
        if let Some(counted) = shift.counted {
            paper.row(words.expected, yuan(shift.expected));
            paper.row(words.counted, yuan(counted));
            paper.weighted_row(
                words.difference,
                yuan(counted.minus(shift.expected)?),
                Weight::Strong,
            );
        }
        if let Some(by) = &shift.approved_by {
            paper.row(words.approved_by, words.who_approved(by));
        }
        if !shift.count.pieces().is_empty() {
            paper.row(words.count, counted(shift));
        }
        if let Some(left) = shift.left {
            paper.row(words.left, yuan(left));
        }
        if let Some(away) = shift.taken_away()? {
            paper.row(words.taken_away, yuan(away));
        }
        if !shift.note.is_empty() {
            paper.row(words.note, shift.note.as_str());
        }
        Ok(())
    }

    fn not_sold(&self, paper: &mut Document, report: &Report) {
        let (words, takings) = (self.words, &report.takings);
        paper.weighted_paragraph(words.not_sold, Weight::Strong);
        self.tally(paper, words.by_cancel, takings.closed_by_cancel);
        self.tally(paper, words.at_deadline, takings.closed_at_deadline);
        self.tally(paper, words.otherwise, takings.closed_otherwise);
        self.tally(paper, words.refused, takings.refused);
        self.tally(paper, words.voided_lines, report.voided.lines);
        self.tally(paper, words.voided_pieces, report.voided.pieces);
        paper.row(words.held_carts, report.held_carts.to_string());
    }

    fn given_up(&self, paper: &mut Document, report: &Report) {
        let words = self.words;
        if report.given_up.is_empty() {
            return;
        }
        paper.weighted_paragraph(words.given_up, Weight::Strong);
        for it in &report.given_up {
            paper.row(
                format!("{} {}", words.given_up_order, it.out_trade_no),
                yuan(it.amount),
            );
            if it.pieces_back > 0 {
                paper.row(words.pieces_back, it.pieces_back.to_string());
            }
        }
    }

    fn carried(&self, paper: &mut Document, report: &Report) {
        let words = self.words;
        paper.weighted_paragraph(words.carried, Weight::Strong);
        if report.carried.is_empty() {
            paper.paragraph(words.nothing_carried);
        }
        for it in &report.carried {
            let what = words.opened(self.locale, it.what);
            paper.row(format!("{} {what}", it.number), yuan(it.amount));
        }
        paper.rule();
    }

    fn sold(&self, paper: &mut Document, report: &Report) -> Result<(), MoneyError> {
        let words = self.words;
        let hours = report.takings.hours.iter().filter(|hour| hour.sold.count != 0);
        let bars: Vec<Bar> = hours
            .map(|hour| {
                let fen = u64::try_from(hour.sold.sum.get()).unwrap_or_default();
                Bar::new(format!("{:02}:00", hour.hour), fen, yuan(hour.sold.sum))
            })
            .collect();
        if !bars.is_empty() {
            paper.heading(words.by_hour).bars(bars);
        }
        for (title, items) in [
            (words.categories, &report.categories),
            (words.items, &report.items),
            (words.returned, &report.returned),
        ] {
            if !items.is_empty() {
                paper.heading(title).table(self.items(items)?);
            }
        }
        if !report.exceptions.is_empty() {
            paper.heading(words.exceptions);
            for it in &report.exceptions {
                paper.row(exception(self.locale, &it.what), it.count.to_string());
            }
        }
        Ok(())
    }

    /// The best of them, and what the others come to: the rows add up to all.
    fn items(&self, items: &[ItemLine]) -> Result<Table<3>, MoneyError> {
        let words = self.words;
        let mut table = Table::new([
            Column::text(words.name),
            Column::figures(words.pieces),
            Column::figures(words.amount),
        ]);
        let (best, others) = items.split_at(items.len().min(ITEMS_MAX));
        for it in best {
            table.row([it.name.clone(), it.pieces.to_string(), yuan(it.sum)]);
        }
        if !others.is_empty() {
            let name = self.counted(words.and_more, i64::try_from(others.len()).unwrap_or(i64::MAX));
            let pieces: i64 = others.iter().map(|it| it.pieces).sum();
            let sum = Fen::sum(others.iter().map(|it| it.sum))?;
            table.row([name, pieces.to_string(), yuan(sum)]);
        }
        Ok(table)
    }

    fn seals(&self, paper: &mut Document, picture: &ReportPicture) {
        let words = self.words;
        let totals = &picture.report.totals;
        paper.heading(words.totals);
        self.tally(paper, words.sold, totals.sold);
        self.tally(paper, words.refunds, totals.refunded);
        paper.weighted_row(words.net, yuan(totals.net), Weight::Strong);
        paper.rule();
        for it in &picture.report.aside {
            paper.weighted_row(words.aside, numbers(it), Weight::Strong);
        }
        if !picture.report.aside.is_empty() {
            paper.paragraph(words.aside_hint);
        }
        if let Some((number, digest)) = &picture.previous {
            paper
                .row(words.previous, format!("{:04}", number.0))
                .code(digest.as_str());
        }
        if let Some(seal) = &picture.seal {
            paper.row(words.journal, format!("{}–{}", seal.rows.0, seal.rows.1));
            paper.paragraph(words.digest).code(seal.digest.as_str());
        }
        paper.note(format!("ScanTill {}", picture.report.head.version));
    }

    fn tally(&self, paper: &mut Document, word: &str, tally: Tally) {
        paper.row(self.counted(word, tally.count), yuan(tally.sum));
    }

    fn counted(&self, word: &str, count: i64) -> String {
        match self.locale {
            Locale::ZhCn => format!("{word}（{count}）"),
            Locale::En => format!("{word} ({count})"),
        }
    }

    fn time(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone())
            .strftime("%Y-%m-%d %H:%M")
            .to_string()
    }
}

/// With thousands apart, for people: `8,426.30`.
fn yuan(amount: Fen) -> String {
    let plain = amount.to_string();
    let (sign, digits) = plain
        .strip_prefix('-')
        .map_or(("", plain.as_str()), |rest| ("-", rest));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "00"));
    let mut grouped = String::new();
    for (nth, digit) in whole.chars().enumerate() {
        if nth > 0 && (whole.len() - nth) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}.{decimals}")
}

/// What was counted, large to small: `100 × 1, 0.5 × 3`.
pub(super) fn counted(shift: &ShiftLine) -> String {
    let piles = shift.count.pieces().iter().map(|(piece, pieces)| {
        let piece = piece.to_string();
        let piece = piece.trim_end_matches('0').trim_end_matches('.');
        format!("{piece} × {pieces}")
    });
    piles.collect::<Vec<_>>().join(", ")
}

/// `0006–0008`, or the one number.
pub(super) fn numbers(ZsAside { first, last }: &ZsAside) -> String {
    if first == last {
        return format!("{:04}", first.0);
    }
    format!("{:04}–{:04}", first.0, last.0)
}

fn less(amount: Fen) -> String {
    if amount == Fen::ZERO {
        return yuan(amount);
    }
    Fen::ZERO.minus(amount).map_or_else(|_| yuan(amount), yuan)
}

/// Whole fen, halves up.
pub(super) fn average(sold: Tally) -> Option<Fen> {
    let doubled = sold.sum.get().checked_mul(2)?.checked_add(sold.count)?;
    (sold.count > 0).then(|| Fen::new(doubled.div_euclid(sold.count * 2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_their_thousands_apart() {
        let shown = |fen| yuan(Fen::new(fen));
        assert_eq!(shown(842_630), "8,426.30", "one comma");
        assert_eq!(shown(99_999), "999.99", "none before a thousand");
        assert_eq!(shown(-123_456_789), "-1,234,567.89", "the sign in front");
        assert_eq!(shown(0), "0.00", "nothing is an amount too");
        assert_eq!(less(Fen::new(6_480)), "-64.80", "what goes back is below zero");
    }

    #[test]
    fn a_count_is_said_by_its_notes() {
        let line = ShiftLine {
            id: till_core::ShiftId(1),
            opened_at: Timestamp::UNIX_EPOCH,
            closed_at: None,
            by: String::new(),
            float: Fen::ZERO,
            expected: Fen::ZERO,
            counted: None,
            left: None,
            note: String::new(),
            opened_by: String::new(),
            left_before: None,
            count: till_core::DrawerCount::parse([(Fen::new(10_000), 12), (Fen::new(50), 3)]).unwrap(),
            approved_by: None,
        };
        assert_eq!(counted(&line), "100 × 12, 0.5 × 3", "large to small");
    }

    #[test]
    fn what_is_not_listed_is_said_and_adds_up() {
        let page = Page {
            words: words(Locale::En),
            locale: Locale::En,
            zone: &TimeZone::UTC,
        };
        let line = |fen: i64| ItemLine {
            name: fen.to_string(),
            category: String::new(),
            pieces: 2,
            sum: Fen::new(fen),
        };
        let items: Vec<_> = (1..=53).rev().map(line).collect();
        let mut all = Table::new([
            Column::text("Name"),
            Column::figures("Pieces"),
            Column::figures("Amount"),
        ]);
        for it in &items[..50] {
            all.row([it.name.clone(), "2".to_owned(), yuan(it.sum)]);
        }
        all.row([
            "and more, kinds (3)".to_owned(),
            "6".to_owned(),
            "0.06".to_owned(),
        ]);
        assert_eq!(
            format!("{:?}", page.items(&items).unwrap()),
            format!("{all:?}"),
            "fifty of them, and three more with six pieces for 1 + 2 + 3 fen"
        );
    }

    #[test]
    fn an_average_is_whole_fen_halves_up() {
        let of = |count, fen| {
            average(Tally {
                count,
                sum: Fen::new(fen),
            })
        };
        assert_eq!(of(3, 100), Some(Fen::new(33)), "33.3 is 33");
        assert_eq!(of(2, 101), Some(Fen::new(51)), "50.5 is 51");
        assert_eq!(of(0, 0), None, "of nothing there is none");
    }
}
