//! `make bench`: measures the till and prints each figure against a baseline taken in the same run, in turns, so that a
//! noisy machine disturbs both alike. Figures are medians unless they say otherwise.

mod agreement;
mod commits;
mod cost;
mod drain;
mod export;
mod page;
mod polls;
mod relay;
mod report;
mod scale;
mod search;
mod signs;
mod table;
mod told;
mod window;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use scantill_tests::process::end_all;
use tokio::signal::unix::{SignalKind, signal};

use cost::wall;
use scale::Scale;
use table::{Head, Row, Unit};

#[global_allocator]
static ALLOCATOR: cost::CountingAllocator = cost::CountingAllocator;

/// Measures the till.
#[derive(Debug, Parser)]
struct Args {
    /// Only this part.
    #[arg(long)]
    part: Option<Part>,
    /// Every part with small numbers: to see that it works. The figures say little.
    #[arg(long)]
    quick: bool,
    /// How many sales the ledger has of which a day is reported [default: 1000000,10000000].
    #[arg(long, value_delimiter = ',')]
    sales: Option<Vec<u32>>,
    /// How many messages wait for a till that was away [default: 100000].
    #[arg(long)]
    messages: Option<u32>,
    /// How many orders are written to a file of sheets [default: 100000].
    #[arg(long)]
    orders: Option<u32>,
    #[command(flatten)]
    instead: Instead,
}

/// What the benchmark starts itself as.
#[derive(Debug, clap::Args)]
struct Instead {
    /// Be the simulator in a process of its own.
    #[arg(long, hide = true)]
    gateway: bool,
    /// Be a server with nothing behind it.
    #[arg(long, hide = true)]
    bare_server: bool,
    /// Be a till that writes the sheets of the ledger in this folder.
    #[arg(long, hide = true)]
    sheets_of: Option<PathBuf>,
    /// Write as many cells as those sheets have into this folder, with nothing around it.
    #[arg(long, hide = true)]
    bare_sheets_in: Option<PathBuf>,
}

/// In the order in which they are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Signing, reading and verifying.
    Signs,
    /// Search in 100,000 products.
    Search,
    /// Commits per sale and their rate.
    Commits,
    /// CPU and memory of waiting payments.
    Polls,
    /// The real program in its windows.
    Window,
    /// The callback service, alone and under attack.
    Relay,
    /// From the customer's payment to the till's window, told and asked.
    Told,
    /// 100,000 messages that wait for a till.
    Drain,
    /// A day's report out of millions of sales.
    Report,
    /// 100,000 orders against WeChat's bill.
    Agreement,
    /// 100,000 orders as a file of sheets.
    Export,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(done) = args.instead.be() {
        return ended(done);
    }
    if cfg!(debug_assertions) {
        println!("This is a debug build: its ratios say little.");
    }
    if let Err(error) = end_with_a_signal() {
        return ended(Err(error));
    }
    println!("{Head}");
    let (seconds, failed) = wall(|| args.measure());
    println!("{}", Row::plain("all of it took", seconds, Unit::Seconds));
    for part in &failed {
        println!("{part:?} could not be measured: see above.");
    }
    // A goal that is missed is a finding, not a failure.
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

impl Args {
    /// Measures and prints; the parts that could not be measured.
    fn measure(&self) -> Vec<Part> {
        let parts = Part::value_variants().iter().copied();
        let wanted = parts.filter(|part| self.part.is_none_or(|only| only == *part));
        let mut failed = Vec::new();
        for part in wanted {
            // What a part has started ends with it, in a panic too: everything is held by what is dropped.
            let (seconds, measured) = wall(|| catch_unwind(AssertUnwindSafe(|| self.measure_part(part))));
            match measured {
                Ok(Ok(rows)) => rows.iter().for_each(|row| println!("{row}")),
                Ok(Err(error)) => {
                    println!("{part:?}: could not be measured: {error:#}");
                    failed.push(part);
                }
                Err(_) => {
                    println!("{part:?}: could not be measured: it panicked");
                    failed.push(part);
                }
            }
            let name = format!("  ({part:?} took)").to_lowercase();
            println!("{}", Row::plain(name, seconds, Unit::Seconds));
        }
        failed
    }

    fn measure_part(&self, part: Part) -> anyhow::Result<Vec<Row>> {
        let scale = if self.quick { Scale::Quick } else { Scale::Whole };
        match part {
            Part::Signs => signs::measure(scale),
            Part::Search => search::measure(scale),
            Part::Commits => commits::measure(scale),
            Part::Polls => polls::measure(scale),
            Part::Window => window::measure(scale),
            Part::Relay => relay::measure(scale),
            Part::Told => told::measure(scale),
            Part::Drain => drain::measure(scale, self.messages.unwrap_or_else(|| scale.of(100_000, 1_000))),
            Part::Report => {
                let sizes = scale.of([1_000_000, 10_000_000], [10_000, 40_000]);
                report::measure(self.sales.as_deref().unwrap_or(&sizes))
            }
            Part::Agreement => agreement::measure(scale),
            Part::Export => export::measure(scale, self.orders.unwrap_or_else(|| scale.of(100_000, 2_000))),
        }
    }
}

impl Instead {
    /// Is what it was started as, if it was.
    fn be(&self) -> Option<anyhow::Result<()>> {
        if self.gateway {
            Some(polls::be_the_gateway())
        } else if self.bare_server {
            Some(relay::be_bare())
        } else if let Some(folder) = &self.sheets_of {
            Some(export::be_the_till(folder))
        } else {
            let folder = self.bare_sheets_in.as_ref()?;
            Some(export::be_bare(folder))
        }
    }
}

/// Ctrl-C ends what was started too; some of it stands in process groups of its own.
fn end_with_a_signal() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        end_all();
        // Ledgers of gigabytes lie there.
        if let Ok(folder) = scantill_tests::picture_folder("bench") {
            let _ = std::fs::remove_dir_all(folder);
        }
        std::process::exit(130);
    });
    Ok(())
}

fn ended(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
