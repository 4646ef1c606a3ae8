//! What waiting costs: CPU of a question about a waiting payment against a bare HTTP call with the same body, and the
//! memory kept for each payment that waits.

use std::hint::black_box;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use scantill_tests::counter::{config, fast_folder, goods_csv};
use scantill_tests::process::Owned;
use scantill_tests::simulator::Gateway;
use tempfile::TempDir;
use till_app::{Config, Database, Till, carry_out};
use till_core::{OutTradeNo, ProductId};
use wechat_pay::{
    Client, HttpCall, HttpConfig, HttpTransport, Nonce, OrderQuery, Request as _, Transport as _, envelope,
};

use crate::commits::real_time;
use crate::cost::{bytes_kept, count_bytes, cpu, median};
use crate::scale::Scale;
use crate::table::{Goal, Row, Unit};

const LEDGER: &str = "scantill.db";
/// Not counted: never sold out.
const EGG: ProductId = ProductId(5);
/// Questions between two looks at the clock.
const BATCH: u32 = 40;

/// Serves a simulator until whoever started this process is gone.
pub(crate) fn be_the_gateway() -> anyhow::Result<()> {
    let parent = std::os::unix::process::parent_id();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let gateway = Gateway::open(1).await?;
        println!("{}", gateway.base());
        while std::os::unix::process::parent_id() == parent {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok(())
    })
}

/// Measures polls.
pub(crate) fn measure(scale: Scale) -> anyhow::Result<Vec<Row>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--gateway").stdout(Stdio::piped());
    let mut gateway = Owned::start(&mut command, "the simulator")?;
    let stdout = gateway.take_stdout().context("standard output was piped above")?;
    let mut base = String::new();
    BufReader::new(stdout).read_line(&mut base)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut rows = Vec::new();
    let rounds = scale.of(200, 2);
    for waiting in [1, scale.of(100, 10)] {
        let (found, _) = runtime.block_on(measure_with(base.trim(), waiting, rounds))?;
        rows.extend(found);
    }
    let many = scale.of(10_000, 200);
    let (found, left) = runtime.block_on(measure_with(base.trim(), many, rounds))?;
    rows.extend(found);
    let kept = kept_for_each(&left)?;
    rows.push(
        Row::plain(
            format!("memory kept for each of {many} that wait"),
            kept,
            Unit::Bytes,
        )
        .goal(Goal::AtMost(1000.0)),
    );
    Ok(rows)
}

/// What a till with waiting payments left behind.
struct Left {
    folder: TempDir,
    config: Config,
    now: Timestamp,
    waiting: u32,
}

async fn measure_with(base: &str, waiting: u32, times: usize) -> anyhow::Result<(Vec<Row>, Left)> {
    let folder = fast_folder()?;
    let mut config = config(&format!("P{waiting}"), base, 3, 30)?;
    // However long it takes: nobody pays and nothing expires.
    config.timing.timeout = SignedDuration::from_hours(48);
    let transport = HttpTransport::new(&HttpConfig::new(base))?;
    let mut shop = Waiting::open(config.clone(), &folder.path().join(LEDGER), transport)?;
    let number = shop.place(waiting).await?;
    let bare = Bare::new(&config, base, &number)?;
    // The first answer about each order begins its evidence and is written down; those that follow are what waiting is.
    shop.poll(waiting).await?;
    let query = OrderQuery::by_out_trade_no(&number)?;

    let mut rounds = Rounds::default();
    rounds.run(times, &mut shop, &bare, &query).await?;
    let theirs = median(&rounds.bare);
    let row = |name: &str, seconds: &[f64]| {
        Row::plain(name, median(seconds), Unit::Seconds).against(theirs, "bare reqwest call, same body")
    };
    let mut rows = vec![
        row(&format!("CPU of a question while {waiting} wait"), &rounds.till).goal(Goal::RatioAtMost(1.2)),
        row("  of it the client: sign, send, read, verify", &rounds.client),
        row(
            "  of that the transport: reqwest with time limits",
            &rounds.transport,
        ),
        Row::plain(
            "  pictures drawn for the screens, a question",
            rounds.pictures(),
            Unit::Count,
        ),
    ];
    if waiting == 1 {
        shop.till.to_front(&OutTradeNo::parse(&number)?)?;
        let mut rounds = Rounds::default();
        rounds.run(times, &mut shop, &bare, &query).await?;
        rows.push(
            Row::plain(
                "  the same while its code is on the screens",
                median(&rounds.till),
                Unit::Seconds,
            )
            .against(median(&rounds.bare), "bare reqwest call, same body"),
        );
    }
    let left = Left {
        folder,
        config,
        now: shop.now,
        waiting,
    };
    Ok((rows, left))
}

/// Seconds of CPU for a question, by who asks it.
#[derive(Default)]
struct Rounds {
    till: Vec<f64>,
    client: Vec<f64>,
    transport: Vec<f64>,
    bare: Vec<f64>,
    pictures: u32,
}

impl Rounds {
    /// All four in turns.
    async fn run(
        &mut self,
        times: usize,
        shop: &mut Waiting,
        bare: &Bare,
        query: &OrderQuery,
    ) -> anyhow::Result<()> {
        // The first round opens connections; it is not counted.
        for round in 0..=times {
            let start = cpu();
            let pictures = shop.poll(BATCH).await?;
            let polled = cpu();
            bare.post(BATCH).await?;
            let posted = cpu();
            for _ in 0..BATCH {
                black_box(shop.client.send(query, Nonce::random()).await);
            }
            let sent = cpu();
            bare.post_through(&shop.transport, BATCH).await?;
            let through = cpu();
            if round > 0 {
                let each = |seconds: f64| seconds / f64::from(BATCH);
                self.till.push(each(polled - start));
                self.bare.push(each(posted - polled));
                self.client.push(each(sent - posted));
                self.transport.push(each(through - sent));
                self.pictures += pictures;
            }
        }
        Ok(())
    }

    /// Pictures drawn, a question of the till's.
    fn pictures(&self) -> f64 {
        f64::from(self.pictures) / (self.till.len() as f64 * f64::from(BATCH))
    }
}

/// Bytes that a till keeps for each waiting payment after a start, the run of answers that each is in included.
fn kept_for_each(left: &Left) -> anyhow::Result<f64> {
    let open = |db: Database| -> anyhow::Result<(Till, i64)> {
        count_bytes();
        let till = Till::open(left.config.clone(), db, left.now, [2; 32])?;
        Ok((till, bytes_kept()))
    };
    let mut empty = Database::in_memory()?;
    let products = till_app::import::training_products();
    empty.write(|tx| tx.products().import(&products.unwrap_or_default()))?;
    let (_, without) = open(empty)?;
    let (till, with) = open(Database::open(&left.folder.path().join(LEDGER))?)?;
    let seen = till.snapshot().waiting.len();
    anyhow::ensure!(seen > 1, "the orders wait again after the start: {seen}");
    Ok((with - without) as f64 / f64::from(left.waiting))
}

/// A till with payments that nobody makes, on invented time.
struct Waiting {
    till: Till,
    client: Client<HttpTransport>,
    transport: HttpTransport,
    now: Timestamp,
    shown: u32,
}

impl Waiting {
    fn open(config: Config, file: &std::path::Path, transport: HttpTransport) -> anyhow::Result<Self> {
        let now = real_time();
        let client = Client::new(config.merchant.clone(), transport.clone());
        let mut till = Till::open(config, Database::open(file)?, now, [1; 32])?;
        till.import(now, &goods_csv())?;
        Ok(Self {
            till,
            client,
            transport,
            now,
            shown: 0,
        })
    }

    /// Places so many orders, all in the background; the number of the last.
    async fn place(&mut self, orders: u32) -> anyhow::Result<String> {
        let mut last = None;
        for order in 0..orders {
            self.till.add(EGG, None)?;
            last = Some(self.till.pay(self.now, &format!("click-{order}"))?);
            self.till.to_background();
            // Nothing but the new order is due: time stands still.
            while let Some(job) = self.till.begin(self.now) {
                let reply = carry_out(&self.client, job).await;
                self.till.finish(self.now, reply);
            }
        }
        Ok(last.context("at least one order")?.to_string())
    }

    /// Asks so many questions one after the other, as the till's thread does it, and takes a picture for the screens
    /// whenever there is something new to see. How many pictures that were.
    async fn poll(&mut self, questions: u32) -> anyhow::Result<u32> {
        let mut pictures = 0;
        for _ in 0..questions {
            let due = self.till.next_due().context("every order is asked after")?;
            self.now = self.now.max(due);
            let job = self.till.begin(self.now).context("a question is due")?;
            let reply = carry_out(&self.client, job).await;
            self.till.finish(self.now, reply);
            if self.shown != self.till.version() {
                self.shown = self.till.version();
                black_box((self.till.snapshot(), self.till.customer()));
                pictures += 1;
            }
        }
        Ok(pictures)
    }
}

/// The same question again and again, its answer not looked at.
struct Bare {
    http: reqwest::Client,
    url: String,
    body: String,
}

impl Bare {
    fn new(config: &Config, base: &str, number: &str) -> anyhow::Result<Self> {
        let query = OrderQuery::by_out_trade_no(number)?;
        let (sealed, _) = envelope::seal(query.fields(), &config.merchant, &Nonce::random())?;
        Ok(Self {
            http: reqwest::Client::builder().no_proxy().build()?,
            url: format!("{base}{}", OrderQuery::PATH),
            body: sealed.to_xml(),
        })
    }

    /// The same through our own transport.
    async fn post_through(&self, transport: &HttpTransport, times: u32) -> anyhow::Result<()> {
        for _ in 0..times {
            let call = HttpCall {
                path: OrderQuery::PATH,
                body: self.body.clone(),
                client_cert: false,
                repeatable: true,
                answer_cap: OrderQuery::ANSWER_CAP,
            };
            black_box(transport.post(call).await?);
        }
        Ok(())
    }

    async fn post(&self, times: u32) -> anyhow::Result<()> {
        for _ in 0..times {
            let request = self.http.post(&self.url).body(self.body.clone());
            let answer = request.send().await?.error_for_status()?.bytes().await?;
            // All answers of the gateway are of one length but for the digits in them: a refusal is much shorter.
            anyhow::ensure!(
                answer.len() > 300,
                "the simulator answers the bare call like ours"
            );
        }
        Ok(())
    }
}
