//! PDF, read back by poppler: the text of every page, its fonts, its sizes.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use till_paper::{Column, Document, Fonts, PaperError, Table, pdf};

use crate::{FONTS, picture, samples, visible};

/// What one of poppler's programs says about a PDF.
fn poppler(program: &str, arguments: &[&str], pdf: &[u8]) -> String {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script/install.sh test installs poppler-utils");
    let mut input = child.stdin.take().expect("it was asked for");
    let pdf = pdf.to_vec();
    // Beside the reading: a large PDF and a large answer would wait for each other.
    let written = std::thread::spawn(move || input.write_all(&pdf));
    let output = child.wait_with_output().expect("it ends");
    written
        .join()
        .expect("it ends as well")
        .expect("poppler reads it to its end");
    assert!(output.status.success(), "{program} takes it for a sound PDF");
    String::from_utf8(output.stdout).expect("poppler writes UTF-8")
}

/// The text of each page, in the order it was written.
pub(crate) fn text_of(pdf: &[u8]) -> Vec<String> {
    let text = poppler("pdftotext", &["-raw", "-enc", "UTF-8", "-", "-"], pdf);
    let pages = text.strip_suffix('\u{c}').unwrap_or(&text).split('\u{c}');
    pages.map(str::to_owned).collect()
}

#[test]
fn a_closing_of_three_pages_is_numbered_titled_and_searchable() {
    let bytes = pdf::a4(&samples::z_in_chinese(70), &FONTS).expect("it can be written");
    let pages = text_of(&bytes);
    assert_eq!(pages.len(), 3, "it needs three pages");
    for (at, page) in pages.iter().enumerate() {
        assert!(
            page.contains(&format!("{} / 3", at + 1)),
            "page {} says which it is",
            at + 1
        );
        assert!(page.contains("日结单 Z-0042"), "and what it belongs to");
    }
    for (at, page) in pages.iter().enumerate().skip(1) {
        assert!(
            visible(page).contains("商品数量金额"),
            "the table's head stands on page {} again",
            at + 1
        );
    }
    for words in [
        "晨光便利店（中关村店）",
        "副本 COPY",
        "¥3,204.50",
        "微信支付",
        samples::DIGEST,
        "不可更改",
    ] {
        let found = pages.iter().any(|page| visible(page).contains(&visible(words)));
        assert!(found, "{words} can be searched for");
    }
    let information = poppler("pdfinfo", &["-"], &bytes);
    assert!(information.contains("(A4)"), "it is A4: {information}");
    assert!(
        information.contains("日结单 Z-0042"),
        "its title is known to a file browser: {information}"
    );
}

#[test]
fn the_fonts_are_embedded_cut_down_and_known_to_machines() {
    let bytes = pdf::a4(&samples::z_in_english(), &FONTS).expect("it can be written");
    assert!(
        bytes.len() < 100_000,
        "the glyphs in use and no more: {} bytes",
        bytes.len()
    );
    let fonts = poppler("pdffonts", &["-"], &bytes);
    let rows: Vec<&str> = fonts.lines().skip(2).collect();
    assert_eq!(rows.len(), 2, "plain and bold: {fonts}");
    for row in rows {
        assert_eq!(
            row.matches("yes").count(),
            3,
            "embedded, cut down, with Unicode: {row}"
        );
    }
}

#[test]
fn equal_documents_are_equal_files() {
    let again = Fonts::find().expect("the fonts are still there");
    for document in [samples::z_in_chinese(70), samples::receipt()] {
        assert_eq!(
            pdf::a4(&document, &FONTS).unwrap(),
            pdf::a4(&document, &again).unwrap(),
            "byte for byte"
        );
        assert_eq!(
            pdf::roll_80(&document, &FONTS).unwrap(),
            pdf::roll_80(&document, &again).unwrap()
        );
    }
}

#[test]
fn no_row_of_a_table_is_cut_by_the_end_of_a_page() {
    let mut table = Table::new([Column::text("商品"), Column::figures("金额")]);
    for at in 0..60 {
        let lines = (0..at % 5 + 1).map(|line| format!("行{at}之{line}。"));
        table.row([lines.collect::<Vec<_>>().join("\n"), format!("{at}.00")]);
    }
    let mut document = Document::new("长表");
    document.table(table);
    let pages = text_of(&pdf::a4(&document, &FONTS).expect("it can be written"));
    assert!(pages.len() > 2, "it is a long table");
    for at in 0..60 {
        let on = |words: &str| pages.iter().position(|page| page.contains(words));
        let first = on(&format!("行{at}之0。"));
        assert!(first.is_some(), "row {at} is there");
        assert_eq!(
            first,
            on(&format!("行{at}之{}。", at % 5)),
            "row {at} ends on the page it begins on"
        );
    }
}

#[test]
fn a_heading_is_never_the_last_line_of_a_page() {
    for before in 20..60 {
        let mut document = Document::new("报告");
        for at in 0..before {
            document.paragraph(format!("第{at}段"));
        }
        document.heading("标题在此").row("标签", "值");
        let pages = text_of(&pdf::a4(&document, &FONTS).expect("it can be written"));
        let with = |words: &str| {
            pages
                .iter()
                .position(|page| page.contains(words))
                .expect("it is there")
        };
        assert_eq!(
            with("标题在此"),
            with("标签"),
            "after {before} paragraphs the heading has its row with it"
        );
    }
}

#[test]
fn a_row_higher_than_a_page_is_cut_rather_than_lost() {
    let mut table = Table::new([Column::text("备注"), Column::figures("金额")]);
    table.row([
        (0..90)
            .map(|line| format!("<{line}>"))
            .collect::<Vec<_>>()
            .join("\n"),
        "1.00".to_owned(),
    ]);
    let mut document = Document::new("高行");
    document.table(table);
    let pages = text_of(&pdf::a4(&document, &FONTS).expect("it can be written"));
    let all = pages.concat();
    assert!(
        (0..90).all(|line| all.contains(&format!("<{line}>"))),
        "every line is somewhere"
    );
}

#[test]
fn a_character_the_font_lacks_is_a_box_to_the_eye_and_itself_to_a_search() {
    let mut document = Document::new("菜单");
    document.row("牛肉面 🍜", "¥18.00").row("啤酒 🍺", "¥8.00");
    let text = text_of(&pdf::a4(&document, &FONTS).expect("it can be written")).concat();
    assert!(
        text.contains("牛肉面 🍜") && text.contains("啤酒 🍺"),
        "nothing is lost: {text}"
    );
}

#[test]
fn a_roll_is_one_page_of_80_mm_as_long_as_it_needs_to_be() {
    let height = |document: &Document| -> f64 {
        let information = poppler(
            "pdfinfo",
            &["-"],
            &pdf::roll_80(document, &FONTS).expect("it can be written"),
        );
        assert!(
            information.contains("Pages:           1\n"),
            "one page: {information}"
        );
        let size = information
            .lines()
            .find_map(|line| line.strip_prefix("Page size:"))
            .expect("it has a size");
        let mut numbers = size
            .split_whitespace()
            .filter_map(|word| word.parse::<f64>().ok());
        let width = numbers.next().expect("a width");
        assert!((width - 226.77).abs() < 0.1, "80 mm are 226.77 points: {width}");
        numbers.next().expect("a height")
    };
    let (short, long) = (height(&samples::receipt()), height(&samples::z_in_chinese(70)));
    assert!(
        short < 500.0 && long > 1_500.0,
        "as long as needed: {short} and {long} points"
    );
}

#[test]
fn a_machine_without_a_chinese_font_says_so() {
    let empty = tempfile::tempdir().expect("a folder");
    let error = Fonts::find_in(empty.path()).expect_err("there is no font at all");
    assert!(
        matches!(error, PaperError::NoChineseFont { looked_at: 0 }),
        "{error}"
    );

    let latin = Path::new("/usr/share/fonts/truetype/dejavu");
    if latin.exists() {
        let error = Fonts::find_in(latin).expect_err("DejaVu has no Chinese");
        assert!(
            matches!(error, PaperError::NoChineseFont { looked_at: 1.. }),
            "{error}"
        );
    }
}

#[test]
fn samples_are_left_as_pictures_to_be_looked_at() {
    let samples = [
        ("z-zh", samples::z_in_chinese(70)),
        ("z-en", samples::z_in_english()),
        ("receipt", samples::receipt()),
    ];
    for (name, document) in samples {
        let sheets = [
            ("a4", pdf::a4(&document, &FONTS)),
            ("roll", pdf::roll_80(&document, &FONTS)),
        ];
        for (sheet, bytes) in sheets {
            let bytes = bytes.expect("it can be written");
            std::fs::write(picture(&format!("{name}-{sheet}.pdf")), &bytes)
                .expect("the target folder takes files");
            let page = picture(&format!("{name}-{sheet}"));
            poppler(
                "pdftoppm",
                &["-r", "80", "-png", "-", &page.to_string_lossy()],
                &bytes,
            );
            let drawn = std::fs::read_dir(page.parent().expect("a folder")).expect("it is there");
            let prefix = format!("{name}-{sheet}-");
            let pictures: Vec<_> = drawn
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| {
                    path.file_name()
                        .is_some_and(|file| file.to_string_lossy().starts_with(&prefix))
                })
                .collect();
            assert!(!pictures.is_empty(), "poppler draws {name} on {sheet}");
            for path in pictures {
                let image = image::open(&path).expect("it is a PNG").into_luma8();
                let dark = image.pixels().filter(|pixel| pixel.0[0] < 128).count();
                assert!(dark > 200, "{} is not blank", path.display());
                let edge = |x: u32| (0..image.height()).all(|y| image.get_pixel(x, y).0[0] > 200);
                assert!(
                    edge(2) && edge(image.width() - 3),
                    "nothing reaches the edge of {}",
                    path.display()
                );
            }
        }
    }
}
