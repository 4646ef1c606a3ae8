//! A Z on the receipt printer: handed over once, marked as a copy from the second time on, and honest about what is unknown.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;
use std::time::Duration;

use scantill_tests::printer;
use scantill_tests::shop::{Line, Shop};
use till_app::Refusal;
use till_app::report::{ExportFormat, Printed};

use super::closed_day;

/// Longer than any printer of a test needs.
const SOON: Duration = Duration::from_secs(20);

/// The characters as the printer would take them.
fn gb18030(text: &str) -> Vec<u8> {
    let table = [
        ("副本", [0xb8, 0xb1, 0xb1, 0xbe]),
        ("净额", [0xbe, 0xbb, 0xb6, 0xee]),
    ];
    let known = table.iter().find(|(word, _)| *word == text);
    known.unwrap().1.to_vec()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

async fn printing_at(line: &Line, address: SocketAddr) -> Shop {
    let shop = Shop::open_with(line, "T01", |config| {
        config.printer = Some(printer::at(address, false))
    });
    shop.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_z_is_printed_once_and_then_as_a_copy() {
    let (address, receive) = printer::listening().unwrap();
    let line = Line::open().await.unwrap();
    let mut shop = printing_at(&line, address).await;
    let number = closed_day(&line, &mut shop).await;
    for copy in [false, true, true] {
        let job = shop.till.print(shop.now(), Some(number), false).unwrap();
        let printed = tokio::task::spawn_blocking(move || job.run()).await.unwrap();
        assert!(matches!(printed, Printed::Yes), "handed over: {printed:?}");
        let got = receive.recv_timeout(SOON).unwrap();
        assert!(holds(&got, &gb18030("净额")), "the net is on the paper");
        assert_eq!(holds(&got, &gb18030("副本")), copy, "marked as a copy: {copy}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_on_paper_or_in_a_pdf_is_the_original_and_what_follows_either_is_a_copy() {
    let (address, receive) = printer::listening().unwrap();
    let line = Line::open().await.unwrap();
    let mut shop = printing_at(&line, address).await;
    let number = closed_day(&line, &mut shop).await;
    let folder = tempfile::tempdir().unwrap();
    let pdf_says = |shop: &mut Shop, format| {
        let job = shop.till.pdf(shop.now(), Some(number), false).unwrap();
        let file = job.run(folder.path(), format, |_| {}).unwrap();
        let said = Command::new("pdftotext")
            .arg(&file.path)
            .arg("-")
            .output()
            .unwrap();
        String::from_utf8(said.stdout).unwrap()
    };
    let first = pdf_says(&mut shop, ExportFormat::PdfA4);
    assert!(
        first.contains("净额") && !first.contains("副本"),
        "the first one is the original:\n{first}"
    );
    let again = pdf_says(&mut shop, ExportFormat::Pdf80);
    assert!(again.contains("副本"), "in another format it is a copy:\n{again}");

    let job = shop.till.print(shop.now(), Some(number), false).unwrap();
    let printed = tokio::task::spawn_blocking(move || job.run()).await.unwrap();
    assert!(matches!(printed, Printed::Yes), "handed over: {printed:?}");
    let paper = receive.recv_timeout(SOON).unwrap();
    assert!(holds(&paper, &gb18030("副本")), "and so it is on paper");

    let job = shop.till.pdf(shop.now(), None, false).unwrap();
    let x = job.run(folder.path(), ExportFormat::PdfA4, |_| {}).unwrap();
    assert!(x.path.exists(), "an X is no original and has no copies");
    assert_eq!(
        shop.journal("z_printed").unwrap().len() + shop.journal("z_copied").unwrap().len(),
        3,
        "the original and two copies are in the journal, the X is not"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_print_that_certainly_came_to_nothing_leaves_the_next_one_the_original() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let nobody = closed.local_addr().unwrap();
    drop(closed);
    let line = Line::open().await.unwrap();
    let mut shop = printing_at(&line, nobody).await;
    let number = closed_day(&line, &mut shop).await;
    let job = shop.till.print(shop.now(), Some(number), false).unwrap();
    assert!(
        shop.till.z_printed(number).unwrap(),
        "noted before it is sent: a crash now leaves it doubtful"
    );
    let printed = tokio::task::spawn_blocking(move || job.run()).await.unwrap();
    assert!(matches!(printed, Printed::No(_)), "nobody listens: {printed:?}");
    shop.till.not_printed(shop.now(), number).unwrap();
    assert!(!shop.till.z_printed(number).unwrap(), "nothing is on paper");
    drop(shop.till.print(shop.now(), Some(number), false).unwrap());
    let again = shop.till.print(shop.now(), Some(number), false).unwrap();
    drop(again);
    shop.till.not_printed(shop.now(), number).unwrap();
    assert!(
        shop.till.z_printed(number).unwrap(),
        "the copy came to nothing, the original before it may be on paper"
    );
    assert_eq!(
        (
            shop.journal("z_printed").unwrap().len(),
            shop.journal("z_copied").unwrap().len()
        ),
        (2, 1),
        "the second try was an original, the third a copy"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_printer_nothing_is_printed_and_the_till_says_so() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let number = closed_day(&line, &mut shop).await;
    let none = shop.till.print(shop.now(), Some(number), false);
    assert!(
        matches!(none, Err(Refusal::NoPrinter)),
        "the configuration names none: {none:?}"
    );

    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let mut shop = Shop::open_with(&line, "T02", |config| {
        config.printer = Some(printer::at(address, false))
    })
    .await
    .unwrap();
    let number = closed_day(&line, &mut shop).await;
    let job = shop.till.print(shop.now(), Some(number), false).unwrap();
    let printed = tokio::task::spawn_blocking(move || job.run()).await.unwrap();
    assert!(
        matches!(printed, Printed::No(_)),
        "nobody listens there, so nothing was printed: {printed:?}"
    );
}
