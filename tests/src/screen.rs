//! A screen nobody sees: Xvfb on a display number that it finds free itself.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::process::Owned;

/// A running Xvfb; gone when dropped.
#[derive(Debug)]
pub struct Screen {
    display: String,
    _server: Owned,
}

impl Screen {
    /// Opens a screen of this many pixels.
    pub fn open(width: u32, height: u32) -> anyhow::Result<Self> {
        let mut command = Command::new("Xvfb");
        command
            // Xvfb writes the number it found to its standard output as soon as it takes connections.
            .args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24")])
            .args(["-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut server = Owned::start(&mut command, "Xvfb (Debian package xvfb)")?;
        let stdout = server.take_stdout().context("standard output was piped above")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let number: u32 = line
            .trim()
            .parse()
            .context("Xvfb ended without opening a display")?;
        Ok(Self {
            display: format!(":{number}"),
            _server: server,
        })
    }

    /// What programs want in `DISPLAY`.
    pub fn display(&self) -> &str {
        &self.display
    }
}
