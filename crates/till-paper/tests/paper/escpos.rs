//! ESC/POS: what arrives is what was meant, on both widths, as text and as pictures.

use till_paper::escpos::{self, Glyphs, Paper};
use till_paper::{Column, Document, Table, Weight};

use crate::interpreter::{COLUMN, Dots, Printed, Run, dots, interpret};
use crate::{FONTS, developed, picture, samples};

const PAPERS: [Paper; 2] = [Paper::Mm58, Paper::Mm80];

fn printed(document: &Document, paper: Paper) -> Vec<String> {
    interpret(&escpos::bytes(document, paper, Glyphs::Gb18030(None))).lines(paper.dots())
}

#[test]
fn a_receipt_stands_on_58_mm_as_it_was_meant() {
    let mut receipt = Document::new("晨光便利店");
    receipt
        .row("单号", "T1-0087")
        .row("微信支付订单号", "4200001234202611230123456789");
    let mut goods = Table::new([
        Column::text("商品"),
        Column::figures("数量"),
        Column::figures("金额"),
    ]);
    goods
        .row(["Oreo 奥利奥夹心饼干 家庭装", "1", "12.50"])
        .row(["鸡蛋", "10", "9.90"]);
    goods.weighted_row(["合计", "11", "¥22.40"], Weight::Strong);
    receipt.table(goods);
    receipt.centred("谢谢惠顾");
    assert_eq!(
        printed(&receipt, Paper::Mm58),
        [
            "      晨光便利店",
            "单号                     T1-0087",
            "微信支付订单号",
            "    4200001234202611230123456789",
            "商品                数量    金额",
            "--------------------------------",
            "Oreo 奥利奥夹心饼干    1   12.50",
            "家庭装",
            "鸡蛋                  10    9.90",
            "--------------------------------",
            "合计                  11 ￥22.40",
            "            谢谢惠顾",
        ],
        "labels left, figures right and under each other, nothing torn that is better whole"
    );
}

#[test]
fn a_table_too_wide_for_the_paper_puts_figures_below_and_then_each_on_its_own_line() {
    let titles = ["数量", "单价", "金额", "优惠", "应收"];
    let mut wide = Table::new([
        Column::text("商品"),
        Column::figures(titles[0]),
        Column::figures(titles[1]),
        Column::figures(titles[2]),
        Column::figures(titles[3]),
    ]);
    wide.row(["矿泉水", "2", "1,002.00", "2,004.00", "104.00"]);
    let mut document = Document::new("");
    document.table(wide);
    assert_eq!(
        printed(&document, Paper::Mm58)[1..],
        [
            "商品",
            "数量        单价     金额   优惠",
            "--------------------------------",
            "矿泉水",
            "   2    1,002.00 2,004.00 104.00",
        ],
        "the text first, its figures in columns below it"
    );

    let mut widest = Table::new(titles.map(Column::figures));
    widest.row(["12,345.67"; 5]);
    let mut document = Document::new("");
    document.table(widest);
    assert_eq!(
        printed(&document, Paper::Mm58)[1..3],
        [
            "数量                   12,345.67",
            "单价                   12,345.67"
        ],
        "each figure keeps its title"
    );
}

#[test]
fn emphasis_size_and_reverse_are_switched_on_and_off_again() {
    let mut document = Document::new("日结单");
    document
        .mark("副本 COPY")
        .weighted_row("净额", "¥1.00", Weight::Large)
        .paragraph("完");
    let paper = interpret(&escpos::bytes(&document, Paper::Mm80, Glyphs::Gb18030(None)));
    let run = |words: &str| -> Run {
        let lines = paper.printed.iter().filter_map(|printed| match printed {
            Printed::Line { runs, .. } => Some(runs),
            Printed::Picture { .. } | Printed::Feed(_) | Printed::Cut => None,
        });
        lines
            .flatten()
            .find(|run| run.text.contains(words))
            .expect("it was printed")
            .clone()
    };
    let manner = |run: &Run| (run.bold, run.reverse, run.wide, run.high);
    assert_eq!(manner(&run("日结单")), (true, false, 2, 2), "the title is large");
    assert_eq!(
        manner(&run("COPY")),
        (true, true, 2, 2),
        "a mark is white on black"
    );
    assert_eq!(
        manner(&run("净额")),
        (true, false, 1, 2),
        "a large row keeps its columns and is twice as high"
    );
    assert_eq!(
        manner(&run("完")),
        (false, false, 1, 1),
        "nothing stays switched on"
    );
    assert_eq!(
        paper.printed.last(),
        Some(&Printed::Cut),
        "the paper is cut, once, at the end"
    );
    assert_eq!(
        paper
            .printed
            .iter()
            .filter(|printed| **printed == Printed::Cut)
            .count(),
        1
    );
}

#[test]
fn a_character_printers_lack_is_drawn_on_its_own_line_and_without_fonts_a_box() {
    let mut document = Document::new("店");
    document.row("𠮷野家", "¥5.00").row("茶", "¥6.00");
    let bytes = escpos::bytes(&document, Paper::Mm58, Glyphs::Gb18030(Some(&FONTS)));
    let paper = interpret(&bytes);
    assert_eq!(
        paper.lines(384).len(),
        2,
        "only the line that needs it is a picture"
    );
    let pictures = paper
        .printed
        .iter()
        .filter(|printed| matches!(printed, Printed::Picture { .. }))
        .count();
    assert_eq!(pictures, 1, "the rare name is drawn");
    assert!(
        printed(&document, Paper::Mm58)[1].starts_with("□野家"),
        "without fonts a box says that something is missing"
    );
}

#[test]
fn blocks_without_content_are_no_trouble() {
    let mut document = Document::new("");
    document
        .heading("")
        .paragraph("")
        .centred("")
        .note("")
        .row("", "")
        .mark("")
        .code("")
        .bars([]);
    document.table(Table::<0>::new([]));
    document.table(Table::new([Column::text("商品"), Column::figures("金额")]));
    for paper in PAPERS {
        let words: String = printed(&document, paper).concat().replace(['-', ' '], "");
        assert_eq!(
            words, "商品金额",
            "the titles of a table without rows are all there is to say"
        );
    }
    till_paper::pdf::a4(&document, &FONTS).expect("nor for a PDF");
    till_paper::pdf::roll_80(&Document::new(""), &FONTS).expect("nor is no block at all");
}

#[test]
fn the_drawer_opens_without_printing() {
    let paper = interpret(&escpos::OPEN_DRAWER);
    assert_eq!(
        (paper.kicks, paper.printed.len()),
        (1, 0),
        "one pulse, no paper moved"
    );
}

#[test]
fn samples_printed_as_text_and_as_pictures_agree_line_by_line() {
    let font = developed::font();
    let samples = [
        ("z-zh", samples::z_in_chinese(9)),
        ("z-en", samples::z_in_english()),
        ("receipt", samples::receipt()),
    ];
    for (name, document) in samples {
        for paper in PAPERS {
            let text = interpret(&escpos::bytes(&document, paper, Glyphs::Gb18030(None)));
            let raster = interpret(&escpos::bytes(&document, paper, Glyphs::Raster(&FONTS)));
            agree(&text.printed, &dots(&raster, paper.dots()));
            let width = paper.columns();
            developed::save(
                &text,
                paper.dots(),
                &font,
                &picture(&format!("{name}-{width}-text.png")),
            );
            developed::save(
                &raster,
                paper.dots(),
                &font,
                &picture(&format!("{name}-{width}-raster.png")),
            );
        }
    }
}

/// Every line of text has its dots at the same height, between the same columns; where there is no text there are no dots.
pub(crate) fn agree(text: &[Printed], raster: &Dots) {
    let mut top = 0;
    for printed in text {
        let rows = &raster.rows[top..top + printed.height() as usize];
        top += printed.height() as usize;
        let black = |x: &usize| rows.iter().any(|row| row[*x]);
        let ink: Vec<usize> = (0..raster.width as usize).filter(black).collect();
        let Printed::Line { runs, .. } = printed else {
            if !matches!(printed, Printed::Picture { .. }) {
                assert!(ink.is_empty(), "where paper is fed nothing is drawn");
            }
            continue;
        };
        let mut x = printed.left(raster.width);
        let mut covered = vec![];
        for run in runs {
            for c in run.text.chars() {
                let wide = if c.is_ascii() { 1 } else { 2 } * COLUMN * run.wide;
                // A bar is as long as its figure, not as its blocks; white on black covers a little more than its words.
                if c != ' ' || run.reverse {
                    covered.push((x, x + wide));
                }
                x += wide;
            }
        }
        let Some((first, last)) = covered.first().zip(covered.last()) else {
            continue;
        };
        let line = printed.text(raster.width);
        let (Some(left), Some(right)) = (ink.first(), ink.last()) else {
            panic!("{line:?} is not drawn at all");
        };
        // Blocks of a bar are two columns each.
        let blocks = line.as_ref().is_some_and(|line| line.ends_with('■'));
        let slack = if blocks { 2 * COLUMN } else { COLUMN } as usize;
        assert!(
            *left + slack >= first.0 as usize,
            "{line:?} begins at {} in text, at {left} in dots",
            first.0
        );
        assert!(
            *right <= last.1 as usize + slack,
            "{line:?} ends at {} in text, at {right} in dots",
            last.1
        );
        // A Chinese comma fills the left half of its place only.
        let ends = right.abs_diff(last.1 as usize) <= 2 * COLUMN as usize;
        // What stands apart from its label at the right edge does so in dots, too.
        let apart = last.1 == raster.width && line.as_ref().is_some_and(|line| line.contains("  "));
        assert!(
            ends || !apart,
            "{line:?} reaches the right edge in text, but ends at {right} in dots"
        );
    }
    assert_eq!(top, raster.rows.len(), "both are as long");
}
