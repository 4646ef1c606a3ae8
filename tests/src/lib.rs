//! What the tests, the tour and the benchmarks share: a screen, a driven window, a reader of QR codes.

use std::path::{Path, PathBuf};

use anyhow::Context;

pub mod app;
pub mod audit;
pub mod bill_text;
pub mod broker;
pub mod caller;
pub mod clocks;
pub mod counter;
pub mod elsewhere;
pub mod network;
pub mod people;
pub mod printer;
pub mod process;
pub mod proxy;
pub mod qr;
pub mod refunds;
pub mod relay;
pub mod screen;
pub mod shop;
pub mod simulator;
pub mod till_process;
pub mod visit;
pub mod wait;
pub mod whole;
pub mod wire_tap;
pub mod world;

/// An empty folder for pictures in the folder this program was built into; what an earlier run left there is removed.
pub fn picture_folder(name: &str) -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe()?;
    // Tests lie one folder deeper than programs: target/debug/deps/it-… and target/debug/tour.
    let profile = here.ancestors().skip(1).find(|folder| !folder.ends_with("deps"));
    let target = profile
        .and_then(Path::parent)
        .context("this program does not lie in a folder that cargo built into")?;
    let folder = target.join(name);
    if folder.is_dir() {
        remove_pictures(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn remove_pictures(folder: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "png") {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}
