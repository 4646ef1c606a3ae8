//! A report as sheets: XLSX with real numbers, and CSV that Excel opens as what it is.

use std::io::{Seek, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_xlsxwriter::{Format, FormatAlign, Workbook, Worksheet, XlsxError};
use till_core::{Booked, Fen, ItemLine, MoneyError};
use till_store::{Entry, Pages, Read, StoreError};

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
        ];
        let orders = workbook.add_worksheet_with_constant_memory()?;
        let mut orders = Rows::begin(orders, words.orders, &titles, &formats)?;
        self.read.bookings().each_on(self.pages, |entry| {
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
        self.read.bookings().each_on(self.pages, |entry| {
            if entry.out_refund_no.is_some() {
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
        ])?;
        let mut done = 0_u32;
        self.read.bookings().each_on(self.pages, |entry| {
            let amount = signed(&entry)?.to_string();
            let transaction_id = entry.transaction_id.as_deref().map(as_text).unwrap_or_default();
            csv.write_record([
                wall(entry.booking.at, self.zone).as_str(),
                what(self.locale, entry.booking.what),
                &entry
                    .out_trade_no
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                &entry
                    .out_refund_no
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                &transaction_id,
                &amount,
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
                Cell::Count(count) => sheet.write_string(row, 1, count.to_string())?,
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
        let mut tally = |label: &str, tally: till_core::Tally| {
            lines.push((format!("{label} #"), Cell::Count(tally.count)));
            lines.push((label.to_owned(), Cell::Money(tally.sum)));
        };
        tally(words.sold, takings.sold()?);
        tally(words.refunds, takings.refunded()?);
        tally(words.wechat_paid, takings.wechat_paid);
        tally(words.wechat_late, takings.wechat_late);
        tally(words.wechat_surplus, takings.wechat_surplus);
        tally(words.wechat_refunded, takings.wechat_refunded()?);
        tally(words.refunds_by_hand, takings.refunds_by_hand);
        tally(words.refunds_closed, takings.refunds_closed);
        tally(words.cash_sales, takings.cash_sales);
        tally(words.cash_parts, takings.cash_parts);
        tally(words.cash_refunds, takings.cash_refunds);
        tally(words.paid_in, drawer.paid_in);
        tally(words.paid_out, drawer.paid_out);
        tally(words.in_hand, drawer.in_hand);
        tally(words.by_cancel, takings.closed_by_cancel);
        tally(words.at_deadline, takings.closed_at_deadline);
        tally(words.otherwise, takings.closed_otherwise);
        tally(words.refused, takings.refused);
        if let Some(column) = self.provider {
            tally(words.bill_paid, column.provider.paid);
            tally(words.bill_refunded, column.provider.refunded);
            tally(words.not_arrived, column.provider.not_arrived);
            tally(words.taken_back, column.provider.taken_back);
        }
        lines.push((words.net.to_owned(), Cell::Money(takings.net()?)));
        for shift in &drawer.shifts {
            let label = |word: &str| format!("{} {} {word}", words.shift, shift.id.0);
            // As on paper: never before it is counted.
            if let Some(counted) = shift.counted {
                lines.push((label(words.expected), Cell::Money(shift.expected)));
                lines.push((label(words.counted), Cell::Money(counted)));
            }
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
            lines.push((
                words.difference.to_owned(),
                Cell::Money(column.provider.difference),
            ));
        }
        if let Some(seal) = &self.picture.seal {
            lines.push((words.digest.to_owned(), Cell::Text(seal.digest.clone())));
        }
        Ok(lines)
    }
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
            entry.out_trade_no.as_ref().map(ToString::to_string),
            entry.out_refund_no.as_ref().map(ToString::to_string),
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

/// What the entry does to the money: below zero where it goes out, nothing where none moves.
fn signed(entry: &Entry) -> Result<Fen, MoneyError> {
    let it = &entry.booking;
    if !it.moves_money() {
        return Ok(Fen::ZERO);
    }
    let goes_out = entry.out_refund_no.is_some();
    if goes_out == it.reversed {
        Ok(it.amount)
    } else {
        Fen::ZERO.minus(it.amount)
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
        (Locale::En, Booked::Refund) => "Refund",
        (Locale::En, Booked::RefundByHand) => "Refund by hand",
        (Locale::En, Booked::RefundClosed) => "Refund closed",
        (Locale::En, Booked::ClosedAtDeadline) => "Timed out",
        (Locale::En, Booked::ClosedByCancel) => "Cancelled",
        (Locale::En, Booked::ClosedOtherwise) => "Closed otherwise",
        (Locale::En, Booked::Refused) => "Refused",
    }
}
