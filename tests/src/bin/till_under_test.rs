//! The till without windows, told what to do by lines on its input: the process that the crash tests kill.
//!
//! Everything is the real thing: the thread of `till_app::run`, the SQLite file, HTTP. Only the clock can be put ahead and
//! the questions come quicker than every 3 seconds, so that half an hour fits into a test.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use clap::Parser;
use jiff::{SignedDuration, Timestamp};
use scantill_tests::process::{die_at, freeze_at};
use scantill_tests::till_process::{Kill, Picture, Says, Told};
use scantill_tests::wait::{PATIENCE, until};
use till_app::approval::{Act, Credential};
use till_app::clock::{Clock, steady};
use till_app::run::{self, TillHandle};
use till_app::{Config, Database, Refusal, Till, lock};
use till_core::{Attempt, Fen, OutTradeNo, Part};
use wechat_pay::{Client, HttpConfig, HttpTransport};

#[derive(Debug, Parser)]
struct Args {
    /// Data folder, with a `till.toml` in it.
    folder: PathBuf,
    /// How far the till's clock is ahead of the machine's.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    ahead_millis: i64,
    /// From one question to the next.
    #[arg(long, default_value_t = 15)]
    poll_millis: i64,
    /// Where to die, as POINT:NTH.
    #[arg(long)]
    kill: Option<Kill>,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    if let Some(kill) = &args.kill {
        die_at(&kill.point, kill.nth)?;
    }
    let _lock = lock::take(&args.folder)?;
    let mut config = Config::load(&args.folder.join("till.toml"))?;
    config.timing.poll = SignedDuration::from_millis(args.poll_millis);
    let transport = HttpTransport::new(&HttpConfig::new(&config.gateway.base_url))?;
    let client = Client::new(config.merchant.clone(), transport);
    let db = Database::open(&args.folder.join("scantill.db"))?;
    let ahead = Arc::new(AtomicI64::new(args.ahead_millis));
    let clock = clock(Arc::clone(&ahead));
    let till = Till::open(config, db, clock(), rand::random())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let running = run::start(till, client, clock, runtime.handle().clone(), |_, _| {})?;
    say(&Says::Ready)?;
    for line in std::io::stdin().lock().lines() {
        let answer = match serde_json::from_str(&line?)? {
            Told::Arm(kill) => {
                // The till notes its first copy of the day in a commit of its own, whenever that copy is done: it must not
                // be counted among those that follow the arming.
                runtime.block_on(until("the day's copy", PATIENCE, async || {
                    let copies = running.handle.call(|till, _| till.backups()).await?;
                    Ok((copies.last.is_some() && !copies.under_way).then_some(()))
                }))?;
                die_at(&kill.point, kill.nth)?;
                Says::Done
            }
            Told::Freeze(kill) => {
                freeze_at(&kill.point, kill.nth)?;
                Says::Done
            }
            Told::Advance(millis) => {
                ahead.fetch_add(millis, Ordering::SeqCst);
                // An act, so that the till's thread looks at its clock.
                runtime.block_on(running.handle.call(|_, _| ()))?;
                Says::Done
            }
            told => runtime.block_on(act(&running.handle, told))?,
        };
        say(&answer)?;
    }
    running.stop();
    Ok(())
}

async fn act(handle: &TillHandle, told: Told) -> anyhow::Result<Says> {
    let done = |result: Result<(), Refusal>| match result {
        Ok(()) => Says::Done,
        Err(refusal) => Says::Refused(refusal.to_string()),
    };
    let ordered = |result: Result<OutTradeNo, Refusal>| match result {
        Ok(number) => Says::Order(number.as_str().to_owned()),
        Err(refusal) => Says::Refused(refusal.to_string()),
    };
    Ok(match told {
        Told::Scan(barcode) => done(handle.call(move |till, _| till.scan(&barcode)).await?),
        Told::Pay(click) => ordered(handle.call(move |till, now| till.pay(now, &click)).await?),
        Told::PayAgain(number) => {
            let number = OutTradeNo::parse(&number)?;
            ordered(handle.call(move |till, now| till.pay_again(now, &number)).await?)
        }
        Told::Cancel(number) => {
            let number = OutTradeNo::parse(&number)?;
            done(handle.call(move |till, now| till.cancel(now, &number)).await?)
        }
        Told::Refund { order, fen, click } => {
            let number = OutTradeNo::parse(&order)?;
            let wished = handle.call(move |till, now| {
                let yes = till.approve(now, Act::Refund, Some(&Credential::Confirmed))?;
                till.refund(now, &number, Part::Amount(Fen::new(fen)), "退货", &click, yes)
            });
            match wished.await? {
                Ok(number) => Says::Order(number.to_string()),
                Err(refusal) => Says::Refused(refusal.to_string()),
            }
        }
        Told::CloseDay(click) => {
            let closed = handle
                .call(move |till, now| till.close_day(now, &click, ""))
                .await?;
            match closed.map(|picture| picture.report.head.number) {
                Ok(number) => Says::Z(number.map_or(0, |number| number.0)),
                Err(refusal) => Says::Refused(refusal.to_string()),
            }
        }
        Told::Look => Says::Picture(handle.call(|till, _| look(till)).await??),
        Told::Arm(_) | Told::Freeze(_) | Told::Advance(_) => anyhow::bail!("that is no act of the till's"),
    })
}

fn look(till: &Till) -> anyhow::Result<Picture> {
    let snapshot = till.snapshot();
    let rows = till.db().read().attempts().search("", None)?;
    let of_order = |attempt: &Attempt| till.db().read().refunds().of_order(&attempt.out_trade_no);
    let mut refunds = Vec::new();
    for row in rows.iter().rev() {
        refunds.extend(of_order(&row.attempt)?.into_iter().map(|it| it.refund));
    }
    Ok(Picture {
        refunds,
        in_cart: snapshot.cart.pieces(),
        orders: rows.into_iter().rev().map(|row| row.attempt).collect(),
        on_show: snapshot
            .front
            .filter(|front| front.qr.is_some())
            .map(|front| front.attempt.out_trade_no.as_str().to_owned()),
    })
}

fn clock(ahead: Arc<AtomicI64>) -> Clock {
    let machine = steady();
    Box::new(move || {
        let ahead = SignedDuration::from_millis(ahead.load(Ordering::SeqCst));
        machine().saturating_add(ahead).unwrap_or(Timestamp::MAX)
    })
}

fn say(what: &Says) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(what)?)?;
    Ok(out.flush()?)
}
