//! The real program in its windows: from the start to a page that takes clicks, from 收款 to the code on the screen, and
//! the memory of all its processes; against an empty page in the same web engine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use scantill_tests::app::{App, Pane, Start, surroundings};
use scantill_tests::counter::{API_KEY, APPID, MCH_ID, goods_csv};
use scantill_tests::elsewhere::order_from_elsewhere;
use scantill_tests::process::{Owned, descendants};
use scantill_tests::screen::Screen;
use scantill_tests::simulator::Gateway;
use scantill_tests::wait::{PATIENCE, until};
use serde::Deserialize;
use till_app::{Config, Database, Till};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use wechat_pay::{ApiKey, Client, HttpConfig, HttpTransport, Merchant, Nonce, SignType, UnifiedOrder};

use crate::commits::real_time;
use crate::cost::{median, now};
use crate::page;
use crate::scale::Scale;
use crate::table::{Goal, Row, Unit};

/// The web engine's own bare browser; comes with the engine.
const MINI_BROWSER: &str = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";

/// Presses 收款 on one article. Answers when the frame that has the code in it has been painted.
const CLICK: &str = r#"
    (await found(ready('tile-5'))).click();
    const pay = await found(ready('pay'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const frames = [];
    for (let i = 0; i < 10; i += 1) frames.push(await frame());
    const shown = appears('qr', () => performance.now());
    const start = performance.now();
    pay.click();
    const { there, painted } = await shown;
    (await found(ready('background'))).click();
    await found(ready('tile-5'));
    return { there: there - start, shown: painted - start, frame: (frames[9] - frames[0]) / 9 };
"#;

/// What [`CLICK`] answers, in milliseconds.
#[derive(Debug, Deserialize)]
struct Click {
    there: f64,
    shown: f64,
    frame: f64,
}

/// One start, in seconds from the start of the process.
struct Started {
    painted: Option<f64>,
    interactive: f64,
    memory: f64,
    processes: usize,
}

/// Measures the program that `SCANTILL_BIN` names, or the one built beside this one.
pub(crate) fn measure(scale: Scale) -> anyhow::Result<Vec<Row>> {
    match std::env::var_os("SCANTILL_BIN") {
        Some(path) => println!("The program in the windows is {}.", Path::new(&path).display()),
        None => anyhow::ensure!(
            std::env::current_exe()?.with_file_name("scantill").is_file(),
            "`cargo build --release -p scantill` has to come first, or SCANTILL_BIN has to name a program"
        ),
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(measure_windows(scale))
}

async fn measure_windows(scale: Scale) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let screen = Screen::open(1920, 1080)?;
    let gateway = Gateway::open(1).await?;
    let config = folder.path().join("till.toml");
    fs::write(&config, gateway.till_config())?;
    let start = Start {
        folder: folder.path(),
        flags: &[],
        config: Some(&config),
    };
    stock_up(&start, &gateway.till_config())?;

    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    let mut last = None;
    for _ in 0..scale.of(3, 1) {
        drop(last.take());
        let (app, started) = start_till(&screen, &start).await?;
        ours.push(started);
        last = Some(app);
        if Path::new(MINI_BROWSER).is_file() {
            bare.push(start_browser(&screen).await?);
        }
    }
    let app = last.context("the till was started")?;
    let mut rows = clicks(&app, &gateway, scale.of(12, 2)).await?;
    rows.extend(starts(&ours, &bare));
    Ok(rows)
}

/// Puts goods on the shelf before the program opens the ledger.
pub(crate) fn stock_up(start: &Start<'_>, config: &str) -> anyhow::Result<()> {
    let config = Config::parse(config)?;
    fs::create_dir_all(start.data_dir())?;
    let db = Database::open(&start.data_dir().join("scantill.db"))?;
    let mut till = Till::open(config, db, real_time(), [1; 32])?;
    till.import(real_time(), &goods_csv())?;
    Ok(())
}

/// From 收款 to the painted code, and in turns the same order placed by a bare call.
async fn clicks(app: &App, gateway: &Gateway, clicks: usize) -> anyhow::Result<Vec<Row>> {
    let (mut there, mut shown, mut frames, mut bare) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let placing = Placing::new(gateway)?;
    for number in 0..=clicks {
        let click: Click = page::ask(app, CLICK).await?;
        let own = placing.once(number).await?;
        // The first click loads what no later one does; it is not counted.
        if number > 0 {
            there.push(click.there / 1e3);
            shown.push(click.shown / 1e3);
            frames.push(click.frame / 1e3);
            bare.push(own);
        }
    }
    let (shown, own, frame) = (median(&shown), median(&bare), median(&frames));
    Ok(vec![
        Row::plain(
            "click to QR painted, beyond the simulator's own time",
            (shown - own) / frame,
            Unit::Frames,
        )
        .goal(Goal::AtMost(2.0)),
        Row::plain("  click to QR painted, all of it", shown, Unit::Seconds)
            .against(own, "the simulator, placed by a bare call"),
        Row::plain(
            "  click to QR in the page, not yet painted",
            median(&there),
            Unit::Seconds,
        ),
        Row::plain("  one frame of this screen", frame, Unit::Seconds),
    ])
}

/// The simulator's own time for placing an order.
struct Placing {
    client: Client<HttpTransport>,
}

impl Placing {
    fn new(gateway: &Gateway) -> anyhow::Result<Self> {
        let merchant = Merchant {
            appid: APPID.to_owned(),
            mch_id: MCH_ID.to_owned(),
            api_key: ApiKey::parse(API_KEY)?,
            previous_key: None,
            sign_type: SignType::HmacSha256,
        };
        let transport = HttpTransport::new(&HttpConfig::new(gateway.base()))?;
        Ok(Self {
            client: Client::new(merchant, transport),
        })
    }

    /// Seconds that it takes.
    async fn once(&self, number: usize) -> anyhow::Result<f64> {
        let order = order_from_elsewhere(&format!("BARE{number:012}"), 150);
        let order = UnifiedOrder::native(self.client.merchant(), &order)?;
        let start = now();
        let exchange = self.client.send(&order, Nonce::random()).await;
        let seconds = start.elapsed().as_secs_f64();
        anyhow::ensure!(
            matches!(exchange.outcome, wechat_pay::Outcome::Yes(_)),
            "the simulator takes the bare order"
        );
        Ok(seconds)
    }
}

fn starts(ours: &[Started], bare: &[Started]) -> Vec<Row> {
    let middle =
        |starts: &[Started], of: fn(&Started) -> f64| median(&starts.iter().map(of).collect::<Vec<_>>());
    let against = |row: Row, of: fn(&Started) -> f64| {
        if bare.is_empty() {
            row
        } else {
            row.against(middle(bare, of), "an empty page in MiniBrowser")
        }
    };
    let painted: Vec<f64> = ours.iter().filter_map(|start| start.painted).collect();
    let processes = ours.last().map_or(0, |start| start.processes);
    let mut rows = vec![against(
        Row::plain(
            "start to interactive, at most (as the driver sees it)",
            middle(ours, |start| start.interactive),
            Unit::Seconds,
        ),
        |start| start.interactive,
    )];
    if !painted.is_empty() {
        rows.push(Row::plain(
            "  start to first paint",
            median(&painted),
            Unit::Seconds,
        ));
    }
    rows.push(against(
        Row::plain(
            format!("memory (PSS) of its {processes} processes, two windows"),
            middle(ours, |start| start.memory),
            Unit::Bytes,
        ),
        |start| start.memory,
    ));
    rows
}

/// Starts the till and waits until a tile can be clicked.
async fn start_till(screen: &Screen, start: &Start<'_>) -> anyhow::Result<(App, Started)> {
    let app = App::start(screen, start).await?;
    app.look_at(Pane::Till).await?;
    app.element("tile-5").await?;
    let interactive = age(app.id())?;
    let began = seconds(real_time()) - age(app.id())?;
    let paint = app
        .ask(
            "const paint = performance.getEntriesByName('first-contentful-paint')[0]; \
             return paint ? performance.timeOrigin + paint.startTime : null;",
        )
        .await?;
    let (memory, processes) = settled_memory(app.id()).await?;
    let started = Started {
        painted: paint.as_f64().map(|millis| millis / 1e3 - began),
        interactive,
        memory,
        processes,
    };
    Ok((app, started))
}

/// Starts the engine's bare browser on a page that says when it has been painted.
async fn start_browser(screen: &Screen) -> anyhow::Result<Started> {
    const PAGE: &str = "<!doctype html><title>x</title><p>x<script>requestAnimationFrame(() => setTimeout(() => \
                        fetch('/painted')))</script>";
    let folder = tempfile::tempdir()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut command = Command::new(MINI_BROWSER);
    command
        .arg("--geometry=1366x768")
        .arg(format!("http://{}/", listener.local_addr()?))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let start = Start {
        folder: folder.path(),
        flags: &[],
        config: None,
    };
    surroundings(&mut command, screen, &start)?;
    let browser = Owned::start(&mut command, "MiniBrowser")?;
    let painted = async {
        loop {
            let (mut stream, _) = listener.accept().await?;
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).await?;
            if head[..length].starts_with(b"GET /painted") {
                return anyhow::Ok(());
            }
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{PAGE}",
                PAGE.len()
            );
            stream.write_all(answer.as_bytes()).await?;
        }
    };
    tokio::time::timeout(PATIENCE, painted)
        .await
        .context("MiniBrowser paints nothing")??;
    let interactive = age(browser.id())?;
    let (memory, processes) = settled_memory(browser.id()).await?;
    Ok(Started {
        painted: None,
        interactive,
        memory,
        processes,
    })
}

/// Seconds since this process was started, to 1/100.
fn age(id: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let after_name = stat.rsplit_once(") ").context("no stat line")?.1;
    // Field 22 of all, counted from the state, which is field 3: ticks of 1/100 s since the machine started.
    let ticks: f64 = after_name.split(' ').nth(19).context("no start time")?.parse()?;
    let uptime = fs::read_to_string("/proc/uptime")?;
    let up: f64 = uptime.split(' ').next().context("no uptime")?.parse()?;
    Ok(up - ticks / 100.0)
}

/// The memory of a process and all below it, each shared page divided among those that share it, once it has stopped
/// growing; and how many processes that is.
async fn settled_memory(id: u32) -> anyhow::Result<(f64, usize)> {
    let mut last = f64::MAX;
    until("the memory to settle", PATIENCE, async || {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let (bytes, processes) = memory(id)?;
        let settled = (bytes - last).abs() < 0.01 * bytes;
        last = bytes;
        Ok(settled.then_some((bytes, processes)))
    })
    .await
}

fn memory(id: u32) -> anyhow::Result<(f64, usize)> {
    let mut all = descendants(id);
    all.push(id);
    let mut bytes = 0.0;
    let mut counted = 0;
    for id in all {
        let path = PathBuf::from(format!("/proc/{id}/smaps_rollup"));
        // One that has just ended has none.
        let Ok(text) = fs::read_to_string(path) else {
            continue;
        };
        let Some(line) = text.lines().find_map(|line| line.strip_prefix("Pss:")) else {
            continue;
        };
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        bytes += kilobytes * 1024.0;
        counted += 1;
    }
    Ok((bytes, counted))
}

fn seconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1e3
}
