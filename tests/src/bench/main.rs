//! `make bench`: measures the till and prints each figure against a baseline taken in the same run, in turns, so that a
//! noisy machine disturbs both alike. Figures are medians unless they say otherwise.

mod agreement;
mod commits;
mod cost;
mod polls;
mod relay;
mod report;
mod search;
mod signs;
mod table;
mod window;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use table::{Head, Row};

#[global_allocator]
static ALLOCATOR: cost::CountingAllocator = cost::CountingAllocator;

/// Measures the till.
#[derive(Debug, Parser)]
struct Args {
    /// Only this part.
    #[arg(long)]
    part: Option<Part>,
    /// How many sales the ledger has of which a day is reported.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000_000, 10_000_000])]
    sales: Vec<u32>,
    /// Be the simulator in a process of its own; the benchmark starts itself like this.
    #[arg(long, hide = true)]
    gateway: bool,
    /// Be a server with nothing behind it; the benchmark starts itself like this.
    #[arg(long, hide = true)]
    bare_server: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Commits per sale and their rate.
    Commits,
    /// CPU and memory of waiting payments.
    Polls,
    /// Signing, reading and verifying.
    Signs,
    /// Search in 100,000 products.
    Search,
    /// 100,000 orders against WeChat's bill.
    Agreement,
    /// A day's report out of millions of sales.
    Report,
    /// The callback service, alone and under attack.
    Relay,
    /// The real program in its windows.
    Window,
}

impl Part {
    const ALL: [Self; 8] = [
        Self::Signs,
        Self::Search,
        Self::Agreement,
        Self::Report,
        Self::Commits,
        Self::Polls,
        Self::Relay,
        Self::Window,
    ];

    fn measure(self, sales: &[u32]) -> anyhow::Result<Vec<Row>> {
        match self {
            Self::Commits => commits::measure(),
            Self::Polls => polls::measure(),
            Self::Signs => signs::measure(),
            Self::Search => search::measure(),
            Self::Agreement => agreement::measure(),
            Self::Report => report::measure(sales),
            Self::Relay => relay::measure(),
            Self::Window => window::measure(),
        }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.gateway {
        return ended(polls::be_the_gateway());
    }
    if args.bare_server {
        return ended(relay::be_bare());
    }
    if cfg!(debug_assertions) {
        println!("This is a debug build: its ratios say little.");
    }
    println!("{Head}");
    let mut good = true;
    for part in Part::ALL {
        if args.part.is_some_and(|only| only != part) {
            continue;
        }
        match part.measure(&args.sales) {
            Ok(rows) => rows.iter().for_each(|row| println!("{row}")),
            Err(error) => {
                println!("{part:?}: could not be measured: {error:#}");
                good = false;
            }
        }
    }
    // A goal that is missed is a finding, not a failure.
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
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
