//! XLSX by an independent reader, CSV as Excel takes it, and files whole or not at all.

use std::fs;
use std::io::{BufRead as _, BufReader, Cursor};
use std::path::Path;
use std::process::{Command, Stdio};

use calamine::{Data, Reader as _, Xlsx};
use scantill_tests::counter::config;
use scantill_tests::refunds::SETTLED;
use scantill_tests::shop::{Line, Shop, WATER};
use till_app::approval::{Act, Credential};
use till_app::report::{ExportError, ExportFormat, remove_unfinished};
use till_app::{Database, Locale, ProviderColumn, Till};
use till_core::{FeeFault, FeeInDoubt, Fen, MicroYuan, Part, Provider, TillId, Unbooked, ZNumber};
use wechat_pay_sim::{Call, Fault, Times};

use super::{closed_day, yuan};

/// The amount in a cell, as a person would read it there.
fn amount(cell: &Data) -> Fen {
    let Data::Float(number) = cell else {
        panic!("a real number, not {cell:?}")
    };
    let text = format!("{number:.2}");
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or((1, text.as_str()), |rest| (-1, rest));
    Fen::new(sign * yuan(digits).get())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_z_in_xlsx_has_four_sheets_of_real_numbers_that_add_up() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let number = closed_day(&line, &mut shop).await;
    let folder = tempfile::tempdir().unwrap();
    let job = shop.till.export(shop.now(), Some(number), false).unwrap();
    let mut heard = Vec::new();
    let file = job
        .run(folder.path(), ExportFormat::Xlsx, |progress| heard.push(progress))
        .unwrap();
    assert!(
        file.path
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("T01-Z0001-"),
        "till, number and day are in the name: {file:?}"
    );
    let last = heard.last().unwrap();
    assert_eq!(last.done, last.of, "the progress ends at its end");

    let mut book: Xlsx<_> = calamine::open_workbook(&file.path).unwrap();
    assert_eq!(
        book.sheet_names(),
        ["Z 0001", "成交", "商品", "退款"],
        "the report, every entry, the items, the refunds"
    );
    let z = book.worksheet_range("Z 0001").unwrap();
    let beside = |label: &str| {
        let row = z.rows().find(|row| row[0] == Data::String(label.to_owned()));
        row.unwrap_or_else(|| panic!("{label} is on the sheet"))[1].clone()
    };
    assert_eq!(
        amount(&beside("净额")),
        yuan("13.00"),
        "8.50 + 2.00 + 4.50 − 2.00"
    );
    assert_eq!(amount(&beside("现金销售")), yuan("4.50"), "in cash");

    let orders = book.worksheet_range("成交").unwrap();
    let amounts = orders.rows().skip(1).map(|row| amount(&row[5]));
    assert_eq!(
        Fen::sum(amounts),
        Ok(yuan("13.00")),
        "the entries add up to the net"
    );
    assert!(
        orders
            .rows()
            .skip(1)
            .all(|row| matches!(row[0], Data::DateTime(_))),
        "times are times, to be sorted by"
    );
    let refunds = book.worksheet_range("退款").unwrap();
    assert_eq!(refunds.rows().count(), 2, "one refund below its titles");
    let items = book.worksheet_range("商品").unwrap();
    let water = items
        .rows()
        .find(|row| row[0] == Data::String("农夫山泉 550ml".to_owned()));
    assert_eq!(water.unwrap()[2], Data::Float(3.0), "three bottles were sold");
}

#[tokio::test(flavor = "multi_thread")]
async fn cash_given_back_is_on_the_sheets_under_its_own_number() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    for _ in 0..3 {
        shop.till.add(WATER, None).unwrap();
    }
    let now = shop.now();
    let sale = shop.till.take_cash(now, "sale", None, yuan("10")).unwrap();
    let yes = shop.till.approve(now, Act::Refund, Some(&Credential::Confirmed));
    let part = Part::Amount(yuan("1.15"));
    let refunded = shop
        .till
        .refund_cash(now, sale, part, "打翻了", "back", yes.unwrap());
    let refunded = refunded.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let job = shop.till.export(shop.now(), None, false).unwrap();
    let file = job.run(folder.path(), ExportFormat::Xlsx, |_| {}).unwrap();
    let mut book: Xlsx<_> = calamine::open_workbook(&file.path).unwrap();
    let entries = book.worksheet_range("成交").unwrap();
    let amounts = entries.rows().skip(1).map(|row| amount(&row[5]));
    assert_eq!(
        Fen::sum(amounts),
        Ok(yuan("4.85")),
        "6.00 came in and 1.15 went back"
    );
    let refunds = book.worksheet_range("退款").unwrap();
    let rows: Vec<_> = refunds.rows().skip(1).collect();
    assert_eq!(rows.len(), 1, "one refund below its titles: {rows:?}");
    let says = |text: &str| {
        rows[0]
            .iter()
            .any(|cell| matches!(cell, Data::String(it) if it == text))
    };
    assert!(
        says("现金退款") && says(&refunded.to_string()),
        "what it was, and its number: {rows:?}"
    );
    let amounts: Vec<_> = rows[0]
        .iter()
        .filter(|cell| matches!(cell, Data::Float(_)))
        .collect();
    assert_eq!(
        amount(amounts[0]),
        Fen::new(-115),
        "a real number, out of the drawer"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_z_in_xlsx_says_no_figure_of_a_bill_that_is_not_here() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let number = closed_day(&line, &mut shop).await;
    let column = shop.till.provider(number).unwrap().run().unwrap();
    assert!(!column.provider.waiting.is_empty(), "its bill comes tomorrow");
    let labels = |column: ProviderColumn| -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let job = shop.till.export(shop.now(), Some(number), false).unwrap();
        let job = job.with(Some(column));
        let file = job.run(folder.path(), ExportFormat::Xlsx, |_| {}).unwrap();
        let mut book: Xlsx<_> = calamine::open_workbook(&file.path).unwrap();
        let z = book.worksheet_range("Z 0001").unwrap();
        z.rows().map(|row| row[0].to_string()).collect()
    };
    let here = ProviderColumn {
        provider: Provider {
            missing: 1,
            unbooked: vec![Unbooked {
                number: "T01-1".to_owned(),
                refund: false,
                amount: yuan("5"),
                at: shop.now(),
                fee: Some(MicroYuan::ZERO),
                fee_fault: None,
                again: false,
            }],
            fees_in_doubt: vec![
                FeeInDoubt {
                    number: "T01-2".to_owned(),
                    refund: false,
                    fault: FeeFault::Missing,
                },
                FeeInDoubt {
                    number: "T01-3".to_owned(),
                    refund: false,
                    fault: FeeFault::RateUnreadable {
                        said: "优惠".to_owned(),
                        charged: MicroYuan::FEN,
                    },
                },
            ],
            ..Provider::default()
        },
        ..column.clone()
    };
    let (waiting, here) = (labels(column), labels(here));
    let has = |labels: &[String], word: &str| labels.iter().any(|it| it.contains(word));
    assert!(
        has(&waiting, "账单未到"),
        "that it is not here is said: {waiting:?}"
    );
    for word in [
        "账单收款",
        "账单退款",
        "手续费",
        "账单没写手续费 T01-2",
        "费率读不出 T01-3",
        "账单上没有",
        "差额",
        "日结没有",
    ] {
        assert!(!has(&waiting, word), "{word}: no figure before the bill");
        assert!(has(&here, word), "{word}: and with the bill there is one");
    }
    assert!(!has(&here, "账单未到"), "then nothing is waited for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_csv_is_opened_by_excel_as_what_it_is() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let number = closed_day(&line, &mut shop).await;
    let folder = tempfile::tempdir().unwrap();
    let job = shop.till.export(shop.now(), Some(number), false).unwrap();
    let file = job.run(folder.path(), ExportFormat::Csv, |_| {}).unwrap();
    let bytes = fs::read(&file.path).unwrap();
    let text = bytes.strip_prefix("\u{FEFF}".as_bytes());
    let text = text.expect("the mark by which Excel knows UTF-8");
    let mut rows = csv::Reader::from_reader(Cursor::new(text));
    assert_eq!(
        &rows.headers().unwrap()[5],
        "金额",
        "titles in the till's language"
    );
    let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
    let fen = |text: &str| {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        Fen::new(sign * yuan(digits).get())
    };
    assert_eq!(
        Fen::sum(rows.iter().map(|row| fen(&row[5]))),
        Ok(yuan("13.00")),
        "the entries add up to the net"
    );
    let wechat = rows.iter().find(|row| !row[4].is_empty()).unwrap();
    assert_eq!(
        wechat[4].trim().len(),
        28,
        "WeChat's number is whole, and a text: {wechat:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pdf_says_the_same_in_both_sizes() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let number = closed_day(&line, &mut shop).await;
    let folder = tempfile::tempdir().unwrap();
    let job = shop.till.export(shop.now(), Some(number), false).unwrap();
    for format in [ExportFormat::PdfA4, ExportFormat::Pdf80] {
        let file = job.run(folder.path(), format, |_| {}).unwrap();
        let text = Command::new("pdftotext")
            .args(["-layout", file.path.to_str().unwrap(), "-"])
            .output()
            .unwrap();
        let text = String::from_utf8(text.stdout).unwrap();
        for word in ["0001", "净额", "13.00", "盘点无误"] {
            assert!(text.contains(word), "{word} is on it:\n{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_written_whole_or_not_at_all() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let number = closed_day(&line, &mut shop).await;
    let folder = tempfile::tempdir().unwrap();
    let job = shop.till.export(shop.now(), Some(number), false).unwrap();
    let good = job.run(folder.path(), ExportFormat::Csv, |_| {}).unwrap();
    let before = fs::read(&good.path).unwrap();
    // A folder stands where the file would have to be.
    let name = good.path.with_extension("xlsx");
    fs::create_dir(&name).unwrap();
    let refused = job.run(folder.path(), ExportFormat::Xlsx, |_| {});
    assert!(
        matches!(refused, Err(ExportError::NotWritten { .. })),
        "said, not hidden: {refused:?}"
    );
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(left.len(), 2, "nothing half written is left: {left:?}");
    assert_eq!(
        fs::read(&good.path).unwrap(),
        before,
        "the other file is as it was"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_wechat_gave_up_is_named_in_every_file_in_both_languages() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let order = shop.sell_paid(&line, &[(WATER, 2)], "sale").await.unwrap();
    line.fault(Call::Refund, Fault::RefundClose, Times::Count(1));
    shop.wish(&order, Part::Whole { goods_back: true }, "r1")
        .unwrap()
        .unwrap();
    shop.live(SETTLED).await.unwrap();
    let closed = shop.till.close_day(shop.now(), "close", "").unwrap();
    let number = closed.report.head.number;
    for (locale, given_up, goods, entry) in [
        (Locale::ZhCn, "微信放弃的退款", "货已放回货架", "退款关闭"),
        (
            Locale::En,
            "Refunds that WeChat gave up",
            "Goods back on the shelf",
            "Refund closed",
        ),
    ] {
        shop.till.set_locale(locale).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let job = shop.till.export(shop.now(), number, false).unwrap();
        let pdf = job.run(folder.path(), ExportFormat::PdfA4, |_| {}).unwrap();
        let said = Command::new("pdftotext")
            .arg(&pdf.path)
            .arg("-")
            .output()
            .unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        let xlsx = job.run(folder.path(), ExportFormat::Xlsx, |_| {}).unwrap();
        let mut book: Xlsx<_> = calamine::open_workbook(&xlsx.path).unwrap();
        let sheet = book.worksheet_range("Z 0001").unwrap();
        let labels: Vec<String> = sheet.rows().map(|row| row[0].to_string()).collect();
        for word in [given_up, goods] {
            assert!(
                said.contains(word) && said.contains(order.as_str()),
                "{word}, of which order, is on the PDF:\n{said}"
            );
            let named = |label: &&String| label.contains(word) && label.contains(order.as_str());
            assert!(
                labels.iter().any(|label| named(&label)),
                "{word} is in the sheet: {labels:?}"
            );
        }
        let csv = job.run(folder.path(), ExportFormat::Csv, |_| {}).unwrap();
        let csv = fs::read_to_string(&csv.path).unwrap();
        assert!(
            csv.lines()
                .any(|row| row.contains(entry) && row.contains(order.as_str())),
            "it is an entry of its own in the CSV:\n{csv}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_to_the_folder_of_choice_and_nowhere_else() {
    let line = Line::open().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (stick, own) = (folder.path().join("stick"), folder.path().join("own"));
    let mut shop = Shop::open_with(&line, "T01", |config| config.reports.folder = Some(stick.clone()))
        .await
        .unwrap();
    let number = closed_day(&line, &mut shop).await;
    let job = shop.till.export(shop.now(), Some(number), false).unwrap();
    let pulled_out = job.run(&own, ExportFormat::Csv, |_| {});
    assert!(
        matches!(&pulled_out, Err(ExportError::NoFolder(path)) if *path == stick),
        "a folder that is not there is said to be so: {pulled_out:?}"
    );
    assert!(
        !stick.exists() && !own.exists(),
        "and nothing is made, neither where it would be nor elsewhere"
    );
    fs::create_dir(&stick).unwrap();
    let file = job.run(&own, ExportFormat::Csv, |_| {}).unwrap();
    assert_eq!(
        (file.path.parent(), own.exists()),
        (Some(stick.as_path()), false),
        "then the file is in it"
    );
    fs::remove_dir_all(&stick).unwrap();
    fs::write(&stick, "a file stands where the folder was").unwrap();
    let no_folder = job.run(&own, ExportFormat::Csv, |_| {});
    assert!(
        matches!(no_folder, Err(ExportError::NoFolder(_))),
        "a file is no folder: {no_folder:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_x_is_the_z_that_follows_and_changes_nothing() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    shop.sell_paid(&line, &[(WATER, 2)], "first").await.unwrap();
    let now = shop.now();
    let x = shop.till.x_report(now).unwrap().report;
    assert_eq!(
        shop.till.x_report(now).unwrap().report,
        x,
        "looking at it twice changes nothing"
    );
    let mut z = shop.till.close_day(now, "close", "").unwrap().report;
    z.head.number = None;
    assert_eq!(z, x, "one calculation");
    let after = shop.till.x_report(now).unwrap().report;
    assert_eq!(after.takings.net(), Ok(Fen::ZERO), "the next begins at nothing");
}

/// Where the ledger and the files of [`exports_until_it_is_killed`] are; without it that test does nothing.
const EXPORT_IN: &str = "SCANTILL_TEST_EXPORT_IN";

/// No promise of its own: the process that [`fault_8_a_kill_in_the_middle_of_an_export_leaves_no_half_file`] kills.
#[test]
fn exports_until_it_is_killed() {
    let Ok(folder) = std::env::var(EXPORT_IN) else {
        return;
    };
    let folder = Path::new(&folder);
    let db = Database::open(&folder.join("scantill.db")).unwrap();
    let config = config("T01", "http://127.0.0.1:9", 3, 30).unwrap();
    let now = db.read().z_reports().last().unwrap().unwrap().closed_at;
    let till = Till::open(config, db, now, [1; 32]).unwrap();
    let job = till.export(now, Some(ZNumber(1)), false).unwrap();
    loop {
        for format in [ExportFormat::Csv, ExportFormat::Xlsx] {
            job.run(folder, format, |_| {}).unwrap();
            println!("written");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_8_a_kill_in_the_middle_of_an_export_leaves_no_half_file() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    closed_day(&line, &mut shop).await;
    let (till, _, folder) = shop.into_parts();
    drop(till);
    for kill in 0..12 {
        let mut exporting = Command::new(std::env::current_exe().unwrap())
            .args([
                "reports::files::exports_until_it_is_killed",
                "--exact",
                "--nocapture",
            ])
            .env(EXPORT_IN, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(exporting.stdout.take().unwrap()).lines();
        let written = lines
            .map_while(Result::ok)
            .filter(|line| line.contains("written"));
        // Each time some files later, so that the kills fall on other moments.
        assert_eq!(
            written.take(kill + 1).count(),
            kill + 1,
            "it writes file after file"
        );
        exporting.kill().unwrap();
        exporting.wait().unwrap();
        let files = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut whole = 0;
        for file in files {
            match file.extension().and_then(|ending| ending.to_str()) {
                Some("xlsx") => {
                    let mut book: Xlsx<_> = calamine::open_workbook(&file).unwrap();
                    let orders = book.worksheet_range("成交").unwrap();
                    let sum = Fen::sum(orders.rows().skip(1).map(|row| amount(&row[5])));
                    assert_eq!(sum, Ok(yuan("13.00")), "whole after kill {kill}: {file:?}");
                    whole += 1;
                }
                Some("csv") => {
                    let text = fs::read_to_string(&file).unwrap();
                    assert!(text.ends_with("\r\n"), "whole after kill {kill}: {text}");
                    assert_eq!(text.lines().count(), 6, "its titles and five entries: {text}");
                    whole += 1;
                }
                Some(_) | None => {}
            }
        }
        assert!(whole > 0, "there is something to look at");
    }
    let hidden = |folder: &Path| -> Vec<_> {
        let names = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with('.')).collect()
    };
    fs::write(folder.path().join(".T01-unfinished-x"), "half").unwrap();
    let left = hidden(folder.path());
    assert!(
        left.iter().all(|name| name.starts_with(".T01-unfinished-")),
        "what a kill leaves is known by its name: {left:?}"
    );
    fs::write(folder.path().join(".T02-unfinished-x"), "another till's").unwrap();
    remove_unfinished(folder.path(), &TillId::parse("T01").unwrap());
    assert_eq!(
        hidden(folder.path()),
        [".T02-unfinished-x"],
        "the next start takes away ours, and what may be another's stays"
    );
}
