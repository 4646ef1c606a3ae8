//! `[printer]`: the receipt printer.

use std::path::PathBuf;

use serde::Deserialize;
use till_paper::escpos::Paper;
use till_paper::printer::Target;

use super::ConfigProblem;

/// The receipt printer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printer {
    /// The way to it.
    pub target: Target,
    /// How wide its paper is.
    pub paper: Paper,
    /// It has no Chinese font: everything is drawn.
    pub raster: bool,
    /// A drawer hangs on it, and opens when the printer is told to.
    pub drawer: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PrinterText {
    address: Option<String>,
    device: Option<PathBuf>,
    paper_mm: Option<u8>,
    raster: bool,
    drawer: bool,
}

impl PrinterText {
    /// `None`: the till has no printer.
    pub(super) fn read(self) -> Result<Option<Printer>, ConfigProblem> {
        let target = match (self.address, self.device) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return Err(ConfigProblem::at(
                    "[printer] device",
                    "a printer has an address or a device, not both",
                    "device = \"/dev/usb/lp0\"",
                ));
            }
            (Some(address), None) => Target::Network(host_and_port(&address)?),
            (None, Some(device)) if device.is_absolute() => Target::Device(device),
            (None, Some(_)) => {
                return Err(ConfigProblem::at(
                    "[printer] device",
                    "a whole path",
                    "device = \"/dev/usb/lp0\"",
                ));
            }
        };
        let paper = match self.paper_mm {
            None | Some(80) => Paper::Mm80,
            Some(58) => Paper::Mm58,
            Some(_) => {
                return Err(ConfigProblem::at(
                    "[printer] paper_mm",
                    "58 or 80",
                    "paper_mm = 80",
                ));
            }
        };
        Ok(Some(Printer {
            target,
            paper,
            raster: self.raster,
            drawer: self.drawer,
        }))
    }
}

/// Printers listen on 9100 unless told otherwise.
fn host_and_port(address: &str) -> Result<String, ConfigProblem> {
    let wrong = || {
        ConfigProblem::at(
            "[printer] address",
            "a name or an IP address, and a port if it is not 9100",
            "address = \"192.168.1.50:9100\"",
        )
    };
    let address = address.trim();
    let (host, port) = match address.rsplit_once(':') {
        None => (address, "9100"),
        Some((host, port)) => (host, port),
    };
    let known = |character: char| character.is_ascii_alphanumeric() || "-._".contains(character);
    let port: u16 = port.parse().map_err(|_| wrong())?;
    if host.is_empty() || !host.chars().all(known) || port == 0 {
        return Err(wrong());
    }
    Ok(format!("{host}:{port}"))
}
