//! A report as sheets: XLSX with real numbers, and CSV that Excel opens as what it is.

use std::io::{Seek, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_xlsxwriter::{Format, FormatAlign, Workbook, Worksheet, XlsxError};
use till_core::{Booked, Fen, ItemLine, MoneyError, ShiftLine};
use till_store::{Entry, Pages, Read, StoreError};

use super::paper::average;
use super::words::{Words, exception, words};
use crate::config::Locale;
use crate::day_end::ReportPicture;
use crate::provider::ProviderColumn;

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Rows written.
    pub done: u32,
    /// Rows there are.
    pub of: u32,
}

/// Rows between two words about the progress.
const STEP: u32 = 1_000;

/// What is written.
pub(super) struct Book<'a> {
    pub(super) picture: &'a ReportPicture,
    pub(super) provider: Option<&'a ProviderColumn>,
    pub(super) read: Read<'a>,
    pub(super) pages: Pages,
    pub(super) zone: &'a TimeZone,
    pub(super) locale: Locale,
}

/// What stands in a cell beside a label.
enum Cell {
    Money(Fen),
    Count(i64),
    Text(String),
}

/// Why a sheet was not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum SheetError {
    #[error(transparent)]
    Xlsx(#[from] XlsxError),
    #[error(transparent)]
    Csv(#[from] csv::Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Ledger(#[from] StoreError),
    #[error(transparent)]
    Money(#[from] MoneyError),
}

struct Formats {
    money: Format,
    time: Format,
    head: Format,
}

impl Book<'_> {
    /// Four sheets: the report, every entry, the items, the refunds. Rows go to the disk as they are written.
    pub(super) fn xlsx<W: Write + Seek + Send>(
        &self,
        file: W,
        mut progress: impl FnMut(Progress),
    ) -> Result<(), SheetError> {
        let words = words(self.locale);
        let formats = Formats {
            money: Format::new().set_num_format("#,##0.00"),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            head: Format::new().set_bold().set_align(FormatAlign::Left),
        };
        let mut workbook = Workbook::new();
        self.z_sheet(workbook.add_worksheet_with_constant_memory()?, words, &formats)?;

        let of = self.read.bookings().count_on(self.pages)?;
        let titles = [
            words.time,
            words.what,
            words.order_no,
            words.refund_no,
            words.transaction_id,
            words.amount,
            words.discount,
        ];
        let orders = workbook.add_worksheet_with_constant_memory()?;
        let mut orders = Rows::begin(orders, words.orders, &titles, &formats)?;
        self.each(|entry| {
            orders.entry(&entry, self.zone, self.locale)?;
            if orders.next.is_multiple_of(STEP) {
                progress(Progress {
                    done: orders.next,
                    of,
                });
            }
            Ok::<_, SheetError>(())
        })?;

        let items = workbook.add_worksheet_with_constant_memory()?;
        let titles_of_items = [words.name, words.category, words.pieces, words.amount];
        let mut items = Rows::begin(items, words.items, &titles_of_items, &formats)?;
        for item in &self.picture.report.items {
            items.item(item)?;
        }

        let refunds = workbook.add_worksheet_with_constant_memory()?;
        let mut refunds = Rows::begin(refunds, words.refunds, &titles, &formats)?;
        self.each(|entry| {
            if refund_no(&entry).is_some() {
                refunds.entry(&entry, self.zone, self.locale)?;
            }
            Ok::<_, SheetError>(())
        })?;
        workbook.save_to_writer(file)?;
        progress(Progress { done: of, of });
        Ok(())
    }

    /// Every entry, one a line, in UTF-8 with a mark in front by which Excel knows it.
    pub(super) fn csv(
        &self,
        mut file: impl Write,
        mut progress: impl FnMut(Progress),
    ) -> Result<(), SheetError> {
        let words = words(self.locale);
        let of = self.read.bookings().count_on(self.pages)?;
        file.write_all("\u{FEFF}".as_bytes())?;
        let mut csv = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(file);
        csv.write_record([
            words.time,
            words.what,
            words.order_no,
            words.refund_no,
            words.transaction_id,
            words.amount,
            words.discount,
        ])?;
        let mut done = 0_u32;
        if self.picture.blind {
            csv.write_record(["", words.blind, "", "", "", "", ""])?;
        }
        for it in &self.picture.report.aside {
            let told = format!("{} {}", words.aside, super::paper::numbers(it));
            csv.write_record(["", told.as_str(), "", "", "", "", ""])?;
        }
        self.each(|entry| {
            let amount = signed(&entry)?.to_string();
            let discount = match discount(&entry)? {
                Fen::ZERO => String::new(),
                off => off.to_string(),
            };
            let transaction_id = entry.transaction_id.as_deref().map(as_text).unwrap_or_default();
            csv.write_record([
                wall(entry.booking.at, self.zone).as_str(),
                what(self.locale, entry.booking.what),
                &order_no(&entry),
                &refund_no(&entry).unwrap_or_default(),
                &transaction_id,
                &amount,
                &discount,
            ])?;
            done = done.saturating_add(1);
            if done.is_multiple_of(STEP) {
                progress(Progress { done, of });
            }
            Ok::<_, SheetError>(())
        })?;
        csv.flush()?;
        progress(Progress { done: of, of });
        Ok(())
    }

    /// The entries, but for what hangs on cash where it is yet to be counted blind.
    fn each(&self, mut look: impl FnMut(Entry) -> Result<(), SheetError>) -> Result<(), SheetError> {
        self.read.bookings().each_on(self.pages, |mut entry| {
            if self.picture.blind {
                if entry.booking.what.is_cash() {
                    return Ok(());
                }
                if !self.read.cash_moves().of_sale(entry.sale)?.is_empty() {
                    entry.discount = Fen::ZERO;
                }
            }
            look(entry)
        })
    }

    fn z_sheet(&self, sheet: &mut Worksheet, words: &Words, formats: &Formats) -> Result<(), SheetError> {
        sheet.set_name(self.name())?;
        sheet.set_column_width(0, 34)?;
        sheet.set_column_width(1, 26)?;
        for (row, (label, cell)) in (0_u32..).zip(self.lines(words)?) {
            sheet.write_string(row, 0, label)?;
            match cell {
                Cell::Money(amount) => {
                    sheet.write_number_with_format(row, 1, number(amount), &formats.money)?
                }
                Cell::Count(count) => sheet.write_number(row, 1, i32::try_from(count).unwrap_or(i32::MAX))?,
                Cell::Text(text) => sheet.write_string(row, 1, text)?,
            };
        }
        Ok(())
    }

    fn name(&self) -> String {
        match self.picture.report.head.number {
            Some(number) => format!("Z {:04}", number.0),
            None => "X".to_owned(),
        }
    }

    fn lines(&self, words: &Words) -> Result<Vec<(String, Cell)>, SheetError> {
        let report = &self.picture.report;
        let (head, takings, drawer) = (&report.head, &report.takings, &report.drawer);
        let text = |label: &str, text: String| (label.to_owned(), Cell::Text(text));
        let mut lines = vec![
            text(&head.shop, self.name()),
            text(words.legal_id, head.legal_id.clone()),
            text(words.till, head.till.clone()),
            text(words.day, head.day.to_string()),
            text(words.from, wall(head.from, self.zone)),
            text(words.to, wall(head.to, self.zone)),
            text(words.by, head.by.clone()),
            text(words.note, head.note.clone()),
        ];
        if self.picture.blind {
            lines.push(text(words.blind, String::new()));
        }
        let mut tally = |label: &str, tally: till_core::Tally| {
            lines.push((format!("{label} #"), Cell::Count(tally.count)));
            lines.push((label.to_owned(), Cell::Money(tally.sum)));
        };
        let sold = takings.sold()?;
        tally(words.discounts, report.discounts);
        tally(words.sold, sold);
        tally(words.refunds, takings.refunded()?);
        tally(words.wechat_paid, takings.wechat_paid);
        tally(words.wechat_late, takings.wechat_late);
        tally(words.wechat_surplus, takings.wechat_surplus);
        tally(words.wechat_refunded, takings.wechat_refunded()?);
        tally(words.refunds_by_hand, takings.refunds_by_hand);
        tally(words.refunds_closed, takings.refunds_closed);
        if !self.picture.blind {
            tally(words.cash_sales, takings.cash_sales);
            tally(words.cash_parts, takings.cash_parts);
            tally(words.cash_refunds, takings.cash_refunds);
            tally(words.in_hand, drawer.in_hand);
        }
        tally(words.paid_in, drawer.paid_in);
        tally(words.paid_out, drawer.paid_out);
        tally(words.by_cancel, takings.closed_by_cancel);
        tally(words.at_deadline, takings.closed_at_deadline);
        tally(words.otherwise, takings.closed_otherwise);
        tally(words.refused, takings.refused);
        tally(words.voided_lines, report.voided.lines);
        tally(words.voided_pieces, report.voided.pieces);
        if !self.picture.blind {
            lines.push((words.gross.to_owned(), Cell::Money(report.gross()?)));
        }
        lines.push((words.net.to_owned(), Cell::Money(takings.net()?)));
        if let Some(average) = average(sold) {
            lines.push((words.average.to_owned(), Cell::Money(average)));
        }
        lines.push((words.pieces_sold.to_owned(), Cell::Count(report.pieces())));
        lines.push((words.held_carts.to_owned(), Cell::Count(report.held_carts.into())));
        for it in &drawer.moves {
            let (word, amount) = match it.kind.comes_in() {
                true => (words.paid_in, it.amount),
                false => (words.paid_out, Fen::ZERO.minus(it.amount)?),
            };
            lines.push((format!("{word} {} {}", it.by, it.reason), Cell::Money(amount)));
        }
        for shift in &drawer.shifts {
            self.shift(&mut lines, words, shift)?;
        }
        for it in &report.given_up {
            let label = format!("{} {}", words.given_up, it.out_trade_no);
            lines.push((label, Cell::Money(it.amount)));
            let pieces = format!("{} {}", words.pieces_back, it.out_trade_no);
            lines.push((pieces, Cell::Count(it.pieces_back.into())));
        }
        for it in &report.carried {
            let label = format!("{} {}", words.opened(self.locale, it.what), it.number);
            lines.push((label, Cell::Money(it.amount)));
        }
        for it in &report.exceptions {
            let label = exception(self.locale, &it.what).to_owned();
            lines.push((label, Cell::Count(it.count.into())));
        }
        if let Some(column) = self.provider {
            lines.extend(bill_lines(column, words)?);
        }
        for (title, items) in [
            (words.categories, &report.categories),
            (words.returned, &report.returned),
        ] {
            for it in items {
                let label = format!("{title} {}", it.name);
                lines.push((format!("{label} #"), Cell::Count(it.pieces)));
                lines.push((label, Cell::Money(it.sum)));
            }
        }
        for (word, tally) in [
            (words.sold, report.totals.sold),
            (words.refunds, report.totals.refunded),
        ] {
            lines.push((format!("{} {word} #", words.totals), Cell::Count(tally.count)));
            lines.push((format!("{} {word}", words.totals), Cell::Money(tally.sum)));
        }
        lines.push((
            format!("{} {}", words.totals, words.net),
            Cell::Money(report.totals.net),
        ));
        for it in &report.aside {
            lines.push((words.aside.to_owned(), Cell::Text(super::paper::numbers(it))));
        }
        if !report.aside.is_empty() {
            lines.push((words.aside_hint.to_owned(), Cell::Text(String::new())));
        }
        if let Some((number, digest)) = &self.picture.previous {
            lines.push((words.previous.to_owned(), Cell::Count(number.0.into())));
            lines.push((
                format!("{} {}", words.previous, words.digest),
                Cell::Text(digest.clone()),
            ));
        }
        if let Some(seal) = &self.picture.seal {
            lines.push((words.digest.to_owned(), Cell::Text(seal.digest.clone())));
        }
        Ok(lines)
    }

    fn shift(
        &self,
        lines: &mut Vec<(String, Cell)>,
        words: &Words,
        shift: &ShiftLine,
    ) -> Result<(), SheetError> {
        let mut line = |word: &str, cell| {
            lines.push((format!("{} {} {word}", words.shift, shift.id.0), cell));
        };
        line(words.opened_by, Cell::Text(shift.opened_by.clone()));
        line(words.float, Cell::Money(shift.float));
        if let Some(over) = shift.float_difference()? {
            line(words.float_difference, Cell::Money(over));
        }
        // As on paper: never before it is counted.
        let Some(counted) = shift.counted else {
            return Ok(());
        };
        line(words.by, Cell::Text(shift.by.clone()));
        line(words.expected, Cell::Money(shift.expected));
        line(words.counted, Cell::Money(counted));
        line(words.difference, Cell::Money(counted.minus(shift.expected)?));
        if let Some(by) = &shift.approved_by {
            line(words.approved_by, Cell::Text(words.who_approved(by).to_owned()));
        }
        line(words.count, Cell::Text(super::paper::counted(shift)));
        if let Some(left) = shift.left {
            line(words.left, Cell::Money(left));
        }
        if let Some(away) = shift.taken_away()? {
            line(words.taken_away, Cell::Money(away));
        }
        if !shift.note.is_empty() {
            line(words.note, Cell::Text(shift.note.clone()));
        }
        Ok(())
    }
}

/// What WeChat's bills say. As on paper: what only a part of them says is no figure yet.
fn bill_lines(column: &ProviderColumn, words: &Words) -> Result<Vec<(String, Cell)>, SheetError> {
    let bill = &column.provider;
    if !bill.waiting.is_empty() {
        let days = bill.waiting.iter();
        return Ok(days
            .map(|day| (words.bill_waits.to_owned(), Cell::Text(day.to_string())))
            .collect());
    }
    let mut lines = Vec::new();
    for (label, tally) in [(words.bill_paid, bill.paid), (words.bill_refunded, bill.refunded)] {
        lines.push((format!("{label} #"), Cell::Count(tally.count)));
        lines.push((label.to_owned(), Cell::Money(tally.sum)));
    }
    lines.push((words.fee.to_owned(), Cell::Text(bill.fee.to_string())));
    for it in &bill.fees_in_doubt {
        let (label, figures) = words.fee_in_doubt(it);
        lines.push((label, Cell::Text(figures)));
    }
    if bill.missing > 0 {
        lines.push((words.missing.to_owned(), Cell::Count(bill.missing.into())));
    }
    for it in &bill.unbooked {
        let (word, amount) = if it.refund {
            (words.unbooked_refund, Fen::ZERO.minus(it.amount)?)
        } else {
            (words.unbooked_paid, it.amount)
        };
        lines.push((format!("{word} {}", it.number), Cell::Money(amount)));
    }
    for day in &column.by_hand {
        lines.push((words.bill_by_hand.to_owned(), Cell::Text(day.to_string())));
    }
    lines.push((words.difference.to_owned(), Cell::Money(bill.difference)));
    for (label, tally) in [
        (words.not_arrived, bill.not_arrived),
        (words.taken_back, bill.taken_back),
    ] {
        if tally.count != 0 {
            lines.push((format!("{label} #"), Cell::Count(tally.count)));
            lines.push((label.to_owned(), Cell::Money(tally.sum)));
        }
    }
    if bill.names_causes() {
        lines.push((words.unexplained.to_owned(), Cell::Money(bill.unexplained()?)));
    }
    Ok(lines)
}

/// A sheet that is written row by row.
struct Rows<'a> {
    sheet: &'a mut Worksheet,
    formats: &'a Formats,
    next: u32,
}

impl<'a> Rows<'a> {
    fn begin(
        sheet: &'a mut Worksheet,
        name: &str,
        titles: &[&str],
        formats: &'a Formats,
    ) -> Result<Self, SheetError> {
        sheet.set_name(name)?;
        sheet.set_freeze_panes(1, 0)?;
        for (column, title) in (0_u16..).zip(titles) {
            sheet.set_column_width(column, 24)?;
            sheet.write_string_with_format(0, column, *title, &formats.head)?;
        }
        Ok(Self {
            sheet,
            formats,
            next: 1,
        })
    }

    fn entry(&mut self, entry: &Entry, zone: &TimeZone, locale: Locale) -> Result<(), SheetError> {
        let row = self.next;
        let at = entry.booking.at.to_zoned(zone.clone()).datetime();
        self.sheet
            .write_datetime_with_format(row, 0, at, &self.formats.time)?;
        self.sheet
            .write_string(row, 1, what(locale, entry.booking.what))?;
        let texts = [
            Some(order_no(entry)),
            refund_no(entry),
            entry.transaction_id.clone(),
        ];
        for (column, text) in (2_u16..).zip(texts) {
            if let Some(text) = text {
                self.sheet.write_string(row, column, text)?;
            }
        }
        let amount = number(signed(entry)?);
        self.sheet
            .write_number_with_format(row, 5, amount, &self.formats.money)?;
        if entry.discount != Fen::ZERO {
            let discount = number(discount(entry)?);
            self.sheet
                .write_number_with_format(row, 6, discount, &self.formats.money)?;
        }
        self.next += 1;
        Ok(())
    }

    fn item(&mut self, item: &ItemLine) -> Result<(), SheetError> {
        let row = self.next;
        self.sheet.write_string(row, 0, item.name.as_str())?;
        self.sheet.write_string(row, 1, item.category.as_str())?;
        self.sheet
            .write_number(row, 2, i32::try_from(item.pieces).unwrap_or(i32::MAX))?;
        self.sheet
            .write_number_with_format(row, 3, number(item.sum), &self.formats.money)?;
        self.next += 1;
        Ok(())
    }
}

/// The number nearest to the amount in yuan, for a cell: spreadsheets know no other kind, and it is written down again with
/// the same two decimals. Nothing is computed with it.
fn number(amount: Fen) -> f64 {
    // Digits, a point and two digits are always a number.
    amount.to_string().parse().unwrap_or_default()
}

/// The number of an order at WeChat, or of a sale whose cash it is about.
fn order_no(entry: &Entry) -> String {
    match &entry.out_trade_no {
        Some(number) => number.to_string(),
        None => format!("#{}", entry.sale.0),
    }
}

/// The number of a refund, at WeChat or in cash.
fn refund_no(entry: &Entry) -> Option<String> {
    let at_wechat = entry.out_refund_no.as_ref().map(ToString::to_string);
    at_wechat.or_else(|| entry.cash_refund_no.map(|number| number.to_string()))
}

/// What the entry does to the money: below zero where it goes out, nothing where none moves.
fn signed(entry: &Entry) -> Result<Fen, MoneyError> {
    let it = &entry.booking;
    if !it.moves_money() {
        return Ok(Fen::ZERO);
    }
    if it.goes_out() == it.reversed {
        Ok(it.amount)
    } else {
        Fen::ZERO.minus(it.amount)
    }
}

/// What was taken off the list prices of the sale that it paid; below zero where that was taken back.
fn discount(entry: &Entry) -> Result<Fen, MoneyError> {
    if entry.booking.reversed {
        Fen::ZERO.minus(entry.discount)
    } else {
        Ok(entry.discount)
    }
}

fn wall(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// WeChat's numbers have 28 digits, of which Excel keeps 15: a tab in front makes a text of them.
fn as_text(number: &str) -> String {
    format!("\t{number}")
}

fn what(locale: Locale, what: Booked) -> &'static str {
    match (locale, what) {
        (Locale::ZhCn, Booked::WechatPaid) => "微信收款",
        (Locale::ZhCn, Booked::WechatLate) => "微信迟到款转销售",
        (Locale::ZhCn, Booked::WechatSurplus) => "微信非销售收款",
        (Locale::ZhCn, Booked::CashSale) => "现金销售",
        (Locale::ZhCn, Booked::CashPart) => "组合付款的现金",
        (Locale::ZhCn, Booked::CashRefund) => "现金退款",
        (Locale::ZhCn, Booked::Refund) => "退款",
        (Locale::ZhCn, Booked::RefundByHand) => "退款（人工）",
        (Locale::ZhCn, Booked::RefundClosed) => "退款关闭",
        (Locale::ZhCn, Booked::ClosedAtDeadline) => "超时关闭",
        (Locale::ZhCn, Booked::ClosedByCancel) => "取消",
        (Locale::ZhCn, Booked::ClosedOtherwise) => "其他关闭",
        (Locale::ZhCn, Booked::Refused) => "下单被拒",
        (Locale::En, Booked::WechatPaid) => "WeChat",
        (Locale::En, Booked::WechatLate) => "WeChat, late",
        (Locale::En, Booked::WechatSurplus) => "WeChat, no sale",
        (Locale::En, Booked::CashSale) => "Cash",
        (Locale::En, Booked::CashPart) => "Cash part",
        (Locale::En, Booked::CashRefund) => "Refunded in cash",
        (Locale::En, Booked::Refund) => "Refund",
        (Locale::En, Booked::RefundByHand) => "Refund by hand",
        (Locale::En, Booked::RefundClosed) => "Refund closed",
        (Locale::En, Booked::ClosedAtDeadline) => "Timed out",
        (Locale::En, Booked::ClosedByCancel) => "Cancelled",
        (Locale::En, Booked::ClosedOtherwise) => "Closed otherwise",
        (Locale::En, Booked::Refused) => "Refused",
    }
}
