//! A bill's file to be altered: rows found by order number, cells by column, the summary worked out anew unless a test wants
//! it wrong.

use std::io::{Read as _, Write as _};

use anyhow::{Context, ensure};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use till_core::Fen;
use wechat_pay::bill::HEADER_SUMMARY;
use wechat_pay::parse_micro_yuan;

/// A bill of all payments and refunds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillText {
    header: Vec<String>,
    /// The rows' cells, in the header's order.
    pub rows: Vec<Vec<String>>,
    /// What its summary has of fees beyond what the rows make, in millionths of a yuan.
    pub fee_more: i64,
}

impl BillText {
    /// Reads a file, plain or compressed. No name in it may hold a separator.
    pub fn read(file: &[u8]) -> anyhow::Result<Self> {
        let mut plain = Vec::new();
        if file.starts_with(&[0x1f, 0x8b]) {
            MultiGzDecoder::new(file).read_to_end(&mut plain)?;
        } else {
            plain.extend_from_slice(file);
        }
        let text = String::from_utf8(plain)?;
        let mut lines = text.trim_start_matches('\u{feff}').lines();
        let header: Vec<String> = lines
            .next()
            .context("a bill has a header")?
            .split(',')
            .map(str::to_owned)
            .collect();
        ensure!(
            header.iter().any(|name| name == "商户订单号"),
            "a bill is a table of orders, not {text:?}"
        );
        let mut rows = Vec::new();
        for line in lines.take_while(|line| line.starts_with('`')) {
            let cells: Vec<String> = line[1..].split(",`").map(str::to_owned).collect();
            ensure!(
                cells.len() == header.len(),
                "a row has as many cells as the header: {line}"
            );
            rows.push(cells);
        }
        Ok(Self {
            header,
            rows,
            fee_more: 0,
        })
    }

    /// The same without its rows.
    #[must_use]
    pub fn emptied(&self) -> Self {
        Self {
            header: self.header.clone(),
            rows: Vec::new(),
            fee_more: 0,
        }
    }

    /// Where this column is.
    pub fn column(&self, name: &str) -> anyhow::Result<usize> {
        let place = self.header.iter().position(|it| it == name);
        place.with_context(|| format!("a bill has the column {name}"))
    }

    /// The place of the first row of this order.
    pub fn row_of(&self, out_trade_no: &str) -> anyhow::Result<usize> {
        let column = self.column("商户订单号")?;
        let place = self.rows.iter().position(|row| row[column] == out_trade_no);
        place.with_context(|| format!("{out_trade_no} is on the bill"))
    }

    /// A cell.
    pub fn cell(&self, row: usize, column: &str) -> anyhow::Result<&str> {
        Ok(&self.rows[row][self.column(column)?])
    }

    /// Writes a cell.
    pub fn set(&mut self, row: usize, column: &str, text: &str) -> anyhow::Result<()> {
        let column = self.column(column)?;
        text.clone_into(&mut self.rows[row][column]);
        Ok(())
    }

    /// The place of the row of this refund.
    pub fn row_of_refund(&self, out_refund_no: &str) -> anyhow::Result<usize> {
        let column = self.column("商户退款单号")?;
        let place = self.rows.iter().position(|row| row[column] == out_refund_no);
        place.with_context(|| format!("{out_refund_no} is on the bill"))
    }

    /// Changes a payment's amount, what is settled of it, and its fee of 0.60 %, by so many fen.
    pub fn change_amount(&mut self, row: usize, by: i64) -> anyhow::Result<()> {
        for column in ["订单金额", "应结订单金额"] {
            let amount = Fen::parse_yuan(self.cell(row, column)?)?.plus(Fen::new(by))?;
            self.set(row, column, &amount.to_string())?;
        }
        let settled = Fen::parse_yuan(self.cell(row, "应结订单金额")?)?;
        self.set_fee(row, (settled.get() * 60 + 5_000) / 10_000)
    }

    /// A row's fee, in fen.
    pub fn fee(&self, row: usize) -> anyhow::Result<i64> {
        Ok(parse_micro_yuan(self.cell(row, "手续费")?)?.get() / 10_000)
    }

    /// Gives a row a fee of so many fen.
    pub fn set_fee(&mut self, row: usize, fen: i64) -> anyhow::Result<()> {
        let sign = if fen < 0 { "-" } else { "" };
        let fen = fen.unsigned_abs();
        self.set(row, "手续费", &format!("{sign}{}.{:02}000", fen / 100, fen % 100))
    }

    /// The whole file as text, its summary right.
    pub fn text(&self) -> anyhow::Result<String> {
        let sum = |column: &str| -> anyhow::Result<String> {
            let column = self.column(column)?;
            let amounts = self.rows.iter().map(|row| Fen::parse_yuan(&row[column]));
            Ok(Fen::sum(amounts.collect::<Result<Vec<_>, _>>()?)?.to_string())
        };
        let fees = self.column("手续费")?;
        let mut fee = self.fee_more;
        for row in self.rows.iter().filter(|row| !row[fees].is_empty()) {
            fee += parse_micro_yuan(&row[fees])?.get();
        }
        let sign = if fee < 0 { "-" } else { "" };
        let fee = fee.unsigned_abs();
        let summary = [
            self.rows.len().to_string(),
            sum("应结订单金额")?,
            sum("退款金额")?,
            sum("充值券退款金额")?,
            format!("{sign}{}.{:05}", fee / 1_000_000, fee % 1_000_000 / 10),
            sum("订单金额")?,
            sum("申请退款金额")?,
        ];
        let mut text = self.header.join(",");
        let lines = self.rows.iter().map(|row| ticked(row));
        for line in lines.chain([HEADER_SUMMARY.to_owned(), ticked(&summary)]) {
            text.push_str("\r\n");
            text.push_str(&line);
        }
        text.push_str("\r\n");
        Ok(text)
    }

    /// The whole file as WeChat sends it.
    pub fn gzip(&self) -> anyhow::Result<Vec<u8>> {
        gzip(self.text()?.as_bytes())
    }
}

/// Compresses a file.
pub fn gzip(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

fn ticked(cells: &[String]) -> String {
    format!("`{}", cells.join(",`"))
}
