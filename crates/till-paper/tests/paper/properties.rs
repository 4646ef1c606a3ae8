//! Whatever a document says, in Chinese and English: all of it comes out, nothing else, and nothing beyond the edge.

use std::collections::BTreeMap;

use proptest::prelude::*;
use till_paper::escpos::{self, Glyphs, Paper};
use till_paper::{Bar, Column, Document, Table, Weight, pdf};

use crate::escpos::agree;
use crate::interpreter::{COLUMN, Printed, Run, dots, interpret};
use crate::pdf::text_of;
use crate::{FONTS, visible};

const TITLE: &str = "日结单 Z";

#[derive(Debug, Clone)]
enum Part {
    Heading(String),
    Paragraph(String, Weight),
    Centred(String),
    Note(String),
    Row(String, String, Weight),
    Table([String; 4], Vec<[String; 4]>),
    Rule,
    Space,
    Mark(String),
    Bars(Vec<(String, u64)>),
    Code(String),
}

fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "收款",
        "晨光便利店",
        "，",
        "。",
        "（3 笔）",
        "WeChat Pay",
        "receipt",
        "a",
        "¥1,234.50",
        "-0.05",
        "Internationalization",
        "2026-11-23 08:00",
        "……",
        "“好”",
        "微信支付订单号",
        "4200001234202611230123456789",
        " ",
        "\n",
        "é",
        "100%",
        "商品/件",
        "《单》",
        "\u{feff}",
    ]);
    prop::collection::vec(word, 0..9).prop_map(|words| {
        // Two spaces on a line are the layout's own, by which the tests tell what stands apart from what.
        let mut text = words.concat().replace(" \u{feff}", " ");
        while text.contains("  ") {
            text = text.replace("  ", " ");
        }
        text
    })
}

fn figure() -> impl Strategy<Value = String> {
    (-99_999_999_i64..99_999_999).prop_map(|fen| {
        let sign = if fen < 0 { "-" } else { "" };
        format!("{sign}¥{}.{:02}", fen.abs() / 100, fen.abs() % 100)
    })
}

fn weight() -> impl Strategy<Value = Weight> {
    prop::sample::select(vec![Weight::Plain, Weight::Strong, Weight::Large])
}

fn part() -> impl Strategy<Value = Part> {
    let cells = || (words(), figure(), words(), figure()).prop_map(|(a, b, c, d)| [a, b, c, d]);
    let titles = (words(), words(), words(), words()).prop_map(|(a, b, c, d)| [a, b, c, d]);
    let bar = (words(), 0..100_000_u64);
    prop_oneof![
        words().prop_map(Part::Heading),
        (words(), weight()).prop_map(|(text, weight)| Part::Paragraph(text, weight)),
        words().prop_map(Part::Centred),
        words().prop_map(Part::Note),
        (words(), figure(), weight()).prop_map(|(label, value, weight)| Part::Row(label, value, weight)),
        (titles, prop::collection::vec(cells(), 0..5)).prop_map(|(titles, rows)| Part::Table(titles, rows)),
        Just(Part::Rule),
        Just(Part::Space),
        words().prop_map(Part::Mark),
        prop::collection::vec(bar, 0..5).prop_map(Part::Bars),
        "[0-9a-f]{0,64}".prop_map(Part::Code),
    ]
}

fn document(parts: &[Part]) -> Document {
    let mut document = Document::new(TITLE);
    for part in parts.iter().cloned() {
        match part {
            Part::Heading(text) => document.heading(text),
            Part::Paragraph(text, weight) => document.weighted_paragraph(text, weight),
            Part::Centred(text) => document.centred(text),
            Part::Note(text) => document.note(text),
            Part::Row(label, value, weight) => document.weighted_row(label, value, weight),
            Part::Table([a, b, c, d], rows) => {
                let columns = [
                    Column::text(a),
                    Column::figures(b),
                    Column::text(c),
                    Column::figures(d),
                ];
                let mut table = Table::new(columns);
                for row in rows {
                    table.row(row);
                }
                document.table(table)
            }
            Part::Rule => document.rule(),
            Part::Space => document.space(),
            Part::Mark(text) => document.mark(text),
            Part::Bars(bars) => document.bars(
                bars.into_iter()
                    .map(|(label, value)| Bar::new(label, value, value.to_string())),
            ),
            Part::Code(text) => document.code(text),
        };
    }
    document
}

/// Texts that stand on the paper without anything between their characters, and texts that may have others beside them.
fn said(parts: &[Part]) -> (Vec<String>, Vec<String>) {
    let (mut whole, mut beside) = (vec![TITLE.to_owned()], Vec::new());
    for part in parts.iter().cloned() {
        match part {
            Part::Heading(text) | Part::Paragraph(text, _) | Part::Centred(text) | Part::Note(text) => {
                whole.push(text)
            }
            Part::Mark(text) | Part::Code(text) => whole.push(text),
            Part::Row(label, value, _) => whole.push(label + &value),
            // Titles stand where there are rows to stand over, and on narrow paper before every cell.
            Part::Table(_, rows) => beside.extend(rows.into_iter().flatten()),
            Part::Bars(bars) => whole.extend(
                bars.into_iter()
                    .flat_map(|(label, value)| [label, value.to_string()]),
            ),
            Part::Rule | Part::Space => {}
        }
    }
    (whole, beside)
}

fn count(text: &str) -> BTreeMap<char, usize> {
    let mut counts = BTreeMap::new();
    for c in visible(text).chars() {
        *counts.entry(c).or_default() += 1;
    }
    counts
}

/// Fails with words unless everything said stands in what was read.
fn all_of_it(parts: &[Part], read: &str, on_paper: impl Fn(&str) -> String) -> Result<(), TestCaseError> {
    let (whole, beside) = said(parts);
    let read = visible(read);
    for text in &whole {
        let text = visible(&on_paper(text));
        prop_assert!(
            read.contains(&text),
            "{text:?} is on the paper, in one piece: {read}"
        );
    }
    let there = count(&read);
    let said = whole.into_iter().chain(beside).collect::<String>();
    for (c, times) in count(&on_paper(&said)) {
        let found = there.get(&c).copied().unwrap_or_default();
        prop_assert!(
            found >= times,
            "{c:?} was said {times} times and is there {found} times: {read}"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_between_a_document_and_a_roll(
        parts in prop::collection::vec(part(), 0..8),
        paper in prop::sample::select(vec![Paper::Mm58, Paper::Mm80]),
    ) {
        let document = document(&parts);
        let text = interpret(&escpos::bytes(&document, paper, Glyphs::Gb18030(None)));
        let lines = text.lines(paper.dots());
        let is_rule = |line: &String| line.len() == paper.columns() as usize && line.chars().all(|c| c == '-');
        let read: String = lines.iter().filter(|line| !is_rule(line)).map(|line| line.replace('■', "")).collect();
        let on_paper = |text: &str| text.replace('¥', "￥");
        all_of_it(&parts, &read, on_paper)?;

        for printed in &text.printed {
            if let Printed::Line { runs, .. } = printed {
                let used: u32 = runs.iter().map(Run::dots).sum();
                prop_assert!(used <= paper.dots(), "no line is wider than the paper: {:?}", printed.text(paper.dots()));
            }
        }
        let columns = |line: &str| line.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<u32>();
        for part in &parts {
            let figures: Vec<&String> = match part {
                Part::Row(_, value, _) => vec![value],
                Part::Table(_, rows) => rows.iter().map(|row| &row[3]).collect(),
                Part::Heading(_) | Part::Paragraph(..) | Part::Centred(_) | Part::Note(_) => vec![],
                Part::Rule | Part::Space | Part::Mark(_) | Part::Bars(_) | Part::Code(_) => vec![],
            };
            for figure in figures {
                let figure = on_paper(figure);
                let edge = lines.iter().any(|line| line.ends_with(&figure) && columns(line) == paper.columns());
                prop_assert!(edge, "{figure} is whole and ends at the right edge: {lines:#?}");
            }
        }

        let raster = interpret(&escpos::bytes(&document, paper, Glyphs::Raster(&FONTS)));
        prop_assert!(raster.lines(paper.dots()).is_empty(), "not a character is left to the printer");
        agree(&text.printed, &dots(&raster, paper.dots()));
        prop_assert_eq!(COLUMN * paper.columns(), paper.dots(), "a column is twelve dots");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_between_a_document_and_a_pdf(parts in prop::collection::vec(part(), 0..30)) {
        let document = document(&parts);
        for (name, bytes) in [("a4", pdf::a4(&document, &FONTS)), ("roll", pdf::roll_80(&document, &FONTS))] {
            let pages = text_of(&bytes.expect("it can be written"));
            // Page by page: what stands on every page for itself is not in the middle of a text.
            let body: String = pages.iter().enumerate().map(|(at, page)| without_furniture(at, page)).collect();
            all_of_it(&parts, if name == "a4" { &body } else { &pages[0] }, str::to_owned)?;
        }
    }
}

/// A page's text without its number and, from the second on, the repeated title.
fn without_furniture(at: usize, page: &str) -> String {
    let is_number = |part: &str| part.trim().parse::<u8>().is_ok();
    let furniture = |line: &&str| {
        let numbered = line
            .split_once(" / ")
            .is_some_and(|(at, of)| is_number(at) && is_number(of));
        numbered || at > 0 && *line == TITLE
    };
    page.lines().filter(|line| !furniture(line)).collect()
}
