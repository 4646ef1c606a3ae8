//! The day's end in the real window: closed by clicking, printed, and taken out in files that others can read.

use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;

use calamine::{Data, Reader as _, Xlsx};

use super::steps::{pictures, reads};
use super::*;

/// What a printer without answers got, each time its caller hung up.
pub(super) fn printer() -> anyhow::Result<(u16, mpsc::Receiver<Vec<u8>>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let (mut connection, mut got) = (connection, Vec::new());
            // A caller that breaks off has sent what it has sent.
            let _ = connection.read_to_end(&mut got);
            if send.send(got).is_err() {
                return;
            }
        }
    });
    Ok((port, receive))
}

/// 副本 in GB 18030.
const COPY_MARK: [u8; 4] = [0xb8, 0xb1, 0xb1, 0xbe];

pub(super) type Papers = mpsc::Receiver<Vec<u8>>;

/// The next paper, and the printer for the one after.
pub(super) async fn next_paper(printed: Papers) -> anyhow::Result<(Papers, Vec<u8>)> {
    let waiting = move || {
        let paper = printed.recv_timeout(PATIENCE)?;
        anyhow::Ok((printed, paper))
    };
    tokio::task::spawn_blocking(waiting).await?
}

fn holds(paper: &[u8], part: &[u8]) -> bool {
    paper.windows(part.len()).any(|window| window == part)
}

/// Presses the button of a format and waits for the place of the file.
async fn take_out(app: &App, format: &str, ending: &str) -> anyhow::Result<PathBuf> {
    app.click(&format!("report-{format}")).await?;
    until(&format!("the place of the {format} file"), PATIENCE, async || {
        let told = app.text("take-out-told").await?;
        let path = told.find('/').map(|at| told[at..].trim_end_matches(['.', '。']));
        Ok(path.filter(|path| path.ends_with(ending)).map(PathBuf::from))
    })
    .await
}

fn net_in(file: &Path) -> anyhow::Result<f64> {
    let mut book: Xlsx<_> = calamine::open_workbook(file)?;
    let sheet = book.worksheet_range("Z 0001")?;
    let row = sheet.rows().find(|row| row[0] == Data::String("净额".to_owned()));
    match row.map(|row| &row[1]) {
        Some(Data::Float(net)) => Ok(*net),
        other => anyhow::bail!("a number beside 净额, not {other:?}"),
    }
}

#[tokio::test]
async fn the_day_is_closed_by_clicking_printed_and_taken_out() -> anyhow::Result<()> {
    let counter = Counter::open("day-end").await?;
    let (port, printed) = printer()?;
    let config = counter.folder.path().join("till.toml");
    let mut text = std::fs::read_to_string(&config)?;
    text.push_str(&format!("\n[printer]\naddress = \"127.0.0.1:{port}\"\n"));
    std::fs::write(&config, text)?;
    let app = counter.start_till().await?;
    app.resize(1366, 768).await?;
    counter.stock_up(&app).await?;

    let number = ring_up(&app).await?;
    counter.customer.pay(&number).await?;
    app.element("paid-amount").await?;
    app.click("nav-sell").await?;
    app.element("search").await?;
    // One is left waiting over the day's end.
    let waiting = ring_up(&app).await?;
    app.click("nav-day").await?;
    reads(&app, "day-net", "17.80").await?;
    reads(&app, "day-unsettled", "1").await?;
    pictures(&counter, &app, "1-x").await?;

    app.click("close-day").await?;
    app.element("close-dialog").await?;
    reads(&app, "close-open", &waiting).await?;
    for (width, height) in [(1366, 768), (1920, 1080)] {
        app.resize(width, height).await?;
        counter.picture(&app, &format!("2-close-{width}")).await?;
    }
    app.click("close-ok").await?;
    reads(&app, "paper-title", "0001").await?;
    reads(&app, "take-out-told", "已交打印机").await?;
    let (printed, original) = next_paper(printed).await?;
    assert!(
        holds(&original, b"17.80") && !holds(&original, &COPY_MARK),
        "closing has printed the sum, as the original"
    );
    reads(&app, "paper-copy", "副本").await?;
    pictures(&counter, &app, "3-z").await?;

    let xlsx = take_out(&app, "xlsx", ".xlsx").await?;
    assert!(
        (net_in(&xlsx)? - 17.80).abs() < 0.001,
        "an independent reader finds the net"
    );
    let pdf = take_out(&app, "pdf_a4", "a4.pdf").await?;
    let said = Command::new("pdftotext").arg(&pdf).arg("-").output()?;
    let said = String::from_utf8(said.stdout)?;
    assert!(
        said.contains("17.80") && said.contains(&waiting) && said.contains("副本"),
        "the sum and what is carried over stand on the PDF, a copy of what was printed:\n{said}"
    );
    let picture = counter.pictures.join("z-a4");
    Command::new("pdftoppm")
        .args(["-png", "-r", "80"])
        .arg(&pdf)
        .arg(&picture)
        .status()?;

    app.click("report-print").await?;
    let (printed, copy) = next_paper(printed).await?;
    assert!(
        holds(&copy, b"17.80") && holds(&copy, &COPY_MARK),
        "printed again it is a copy, with the same sum"
    );

    // What is paid later is in the next Z, and the closed one stays as it was.
    counter.customer.pay(&waiting).await?;
    app.click("look-x").await?;
    reads(&app, "day-net", "17.80").await?;
    app.click("close-day").await?;
    app.click("close-print").await?;
    app.click("close-ok").await?;
    reads(&app, "paper-title", "0002").await?;
    assert!(
        app.find("paper-copy").await?.is_none(),
        "this one is on no paper yet"
    );
    assert!(
        printed.try_recv().is_err(),
        "unticked, closing prints nothing, and the first print is still to come"
    );
    app.click("z-older").await?;
    reads(&app, "paper-title", "0001").await?;
    reads(&app, "day-net", "17.80").await
}
