//! The table itself: header, rows, summary.

use crate::beijing;
use crate::bill::{Bill, BillError, BillRefund, BillRow, BillSummary, BillType};
use crate::money::{Fen, MicroYuan, parse_micro_yuan, parse_yuan};
use crate::payment::OpenId;

/// Where each column stands.
struct Columns<'a> {
    names: Vec<&'a str>,
    /// The place of 商品名称, whose value may hold the separator.
    free_text: Option<usize>,
}

impl<'a> Columns<'a> {
    fn parse(header: &'a str) -> Self {
        let names: Vec<&str> = header
            .split(',')
            .map(|name| name.trim().trim_start_matches('`'))
            .collect();
        let free_text = names.iter().position(|name| *name == "商品名称");
        Self { names, free_text }
    }

    /// Which rows a table with these columns has.
    fn kind(&self) -> BillType {
        let has = |name: &str| self.names.contains(&name);
        match (has("微信退款单号"), has("退款申请时间")) {
            (true, true) => BillType::Refund,
            (true, false) => BillType::All,
            (false, _) => BillType::Success,
        }
    }

    fn require(&self, name: &'static str, old_name: Option<&'static str>) -> Result<(), BillError> {
        let there = |name: &str| self.names.contains(&name);
        if there(name) || old_name.is_some_and(there) {
            Ok(())
        } else {
            Err(BillError::Column(name))
        }
    }

    /// A row's values in the order of the columns. A value that holds the separator itself can only be the
    /// product's name or the data beside it: surplus pieces are put there, so that no amount ever moves.
    fn split(&self, row: &str, line: usize) -> Result<Vec<String>, BillError> {
        let row = row.strip_prefix('`').ok_or(BillError::Row {
            line,
            column: "交易时间",
        })?;
        let mut values: Vec<String> = row.split(",`").map(str::to_owned).collect();
        let surplus =
            values.len().checked_sub(self.names.len()).ok_or(BillError::Row {
                line, column: "费率"
            })?;
        if surplus > 0 {
            let at = self.free_text.ok_or(BillError::Row {
                line,
                column: "商品名称",
            })?;
            let whole = values[at..=at + surplus].join(",`");
            values.splice(at..=at + surplus, [whole]);
        }
        Ok(values)
    }
}

/// One row with its columns' names.
struct Row<'a> {
    columns: &'a Columns<'a>,
    values: Vec<String>,
    line: usize,
}

impl Row<'_> {
    /// The value, under the column's name of today or of old.
    fn get(&self, name: &str, old_name: Option<&str>) -> Option<&str> {
        let at = self
            .columns
            .names
            .iter()
            .position(|column| *column == name || Some(*column) == old_name)?;
        self.values.get(at).map(String::as_str)
    }

    fn text(&self, name: &str) -> String {
        self.get(name, None).unwrap_or_default().to_owned()
    }

    fn wrong(&self, column: &'static str) -> BillError {
        BillError::Row {
            line: self.line,
            column,
        }
    }

    /// An amount, never a negative one; an empty or absent one is `None`.
    fn yuan(&self, name: &'static str, old_name: Option<&str>) -> Result<Option<Fen>, BillError> {
        match self.get(name, old_name) {
            None | Some("") => Ok(None),
            Some(text) => parse_yuan(text)
                .ok()
                .filter(|amount| *amount >= Fen::ZERO)
                .map(Some)
                .ok_or_else(|| self.wrong(name)),
        }
    }

    fn need_yuan(&self, name: &'static str, old_name: Option<&str>) -> Result<Fen, BillError> {
        self.yuan(name, old_name)?.ok_or_else(|| self.wrong(name))
    }

    fn fee(&self, name: &'static str) -> Result<Option<MicroYuan>, BillError> {
        match self.get(name, None) {
            None | Some("") => Ok(None),
            Some(text) => parse_micro_yuan(text).map(Some).map_err(|_| self.wrong(name)),
        }
    }

    fn time(&self, name: &'static str) -> Result<Option<jiff::Timestamp>, BillError> {
        match self.get(name, None) {
            None | Some("" | "0") => Ok(None),
            Some(text) => beijing::parse_spaced(text)
                .map(Some)
                .ok_or_else(|| self.wrong(name)),
        }
    }
}

/// Reads a table with LF or CRLF. A line that begins neither with a back-tick nor with the summary's header goes on
/// with the row before it: a product's name may hold a line break.
pub(super) fn read(text: &str) -> Result<Bill, BillError> {
    let mut lines = text
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .enumerate();
    let Some((_, header)) = lines.next() else {
        return Err(BillError::CutOff);
    };
    let columns = Columns::parse(header);
    for (name, old_name) in [
        ("交易时间", None),
        ("微信订单号", None),
        ("商户订单号", None),
        ("交易状态", None),
        ("应结订单金额", Some("总金额")),
        ("手续费", None),
    ] {
        columns.require(name, old_name)?;
    }
    let mut rows: Vec<(usize, String)> = Vec::new();
    let mut summary_header = None;
    for (index, line) in lines.by_ref() {
        if line.starts_with('`') {
            rows.push((index + 1, line.to_owned()));
        } else if line.starts_with("总交易单数") {
            summary_header = Some(line);
            break;
        } else if let Some((_, row)) = rows.last_mut() {
            row.push('\n');
            row.push_str(line);
        } else if !line.is_empty() {
            return Err(BillError::Row {
                line: index + 1,
                column: "交易时间",
            });
        }
    }
    let summary_columns = Columns::parse(summary_header.ok_or(BillError::CutOff)?);
    let (index, summary) = lines.next().ok_or(BillError::CutOff)?;
    let summary = read_summary(&summary_columns, summary, index + 1)?;
    if lines.any(|(_, line)| !line.trim().is_empty()) {
        return Err(BillError::Row {
            line: index + 2,
            column: "总交易单数",
        });
    }
    let rows = rows
        .into_iter()
        .map(|(line, row)| read_row(&columns, &row, line))
        .collect::<Result<_, _>>()?;
    Ok(Bill {
        kind: columns.kind(),
        rows,
        summary,
    })
}

fn read_row(columns: &Columns<'_>, row: &str, line: usize) -> Result<BillRow, BillError> {
    let row = Row {
        columns,
        values: columns.split(row, line)?,
        line,
    };
    Ok(BillRow {
        time: row.time("交易时间")?.ok_or_else(|| row.wrong("交易时间"))?,
        appid: row.text("公众账号ID"),
        mch_id: row.text("商户号"),
        device_info: row.text("设备号"),
        transaction_id: row.text("微信订单号"),
        out_trade_no: row.text("商户订单号"),
        openid: OpenId::new(row.text("用户标识")),
        trade_type: row.text("交易类型"),
        trade_state: row.text("交易状态"),
        bank_type: row.text("付款银行"),
        fee_type: row.text("货币种类"),
        settlement_total_fee: row.need_yuan("应结订单金额", Some("总金额"))?,
        coupon_fee: row
            .yuan("代金券金额", Some("代金券或立减优惠金额"))?
            .unwrap_or(Fen::ZERO),
        refund: read_refund(&row)?,
        body: row.text("商品名称"),
        attach: row.text("商户数据包"),
        fee: row.fee("手续费")?,
        rate: row.text("费率"),
        total_fee: row.yuan("订单金额", None)?,
    })
}

/// The refund of a row; a payment's row has `0` or nothing in these columns.
fn read_refund(row: &Row<'_>) -> Result<Option<BillRefund>, BillError> {
    match row.get("微信退款单号", None) {
        None | Some("" | "0") => return Ok(None),
        Some(_) => {}
    }
    Ok(Some(BillRefund {
        applied_at: row.time("退款申请时间")?,
        succeeded_at: row.time("退款成功时间")?,
        refund_id: row.text("微信退款单号"),
        out_refund_no: row.text("商户退款单号"),
        refund_fee: row.need_yuan("退款金额", None)?,
        coupon_refund_fee: row
            .yuan("充值券退款金额", Some("代金券或立减优惠退款金额"))?
            .unwrap_or(Fen::ZERO),
        kind: row.text("退款类型"),
        status: row.text("退款状态"),
        applied_fee: row.yuan("申请退款金额", None)?,
    }))
}

fn read_summary(columns: &Columns<'_>, line_text: &str, line: usize) -> Result<BillSummary, BillError> {
    if line_text.is_empty() {
        return Err(BillError::CutOff);
    }
    let row = Row {
        columns,
        values: columns.split(line_text, line)?,
        line,
    };
    Ok(BillSummary {
        count: read_count(row.get("总交易单数", None).unwrap_or_default())
            .ok_or_else(|| row.wrong("总交易单数"))?,
        settlement_total: row.need_yuan("应结订单总金额", Some("总交易额"))?,
        refund_total: row.yuan("退款总金额", Some("总退款金额"))?,
        coupon_refund_total: row.yuan("充值券退款总金额", Some("总代金券或立减优惠退款金额"))?,
        fee_total: row.fee("手续费总金额")?,
        order_total: row.yuan("订单总金额", None)?,
        applied_refund_total: row.yuan("申请退款总金额", None)?,
    })
}

/// A count, which WeChat has been seen to write as `48` and as `45.0`.
fn read_count(text: &str) -> Option<u64> {
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    whole.parse().ok()
}
