//! A screen nobody sees: an X server on a display number that it finds free itself, and what a desktop has besides.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::process::Owned;

/// A running X server; gone when dropped.
#[derive(Debug)]
pub struct Screen {
    display: String,
    bus: Option<String>,
    // Ended before the server that they speak to.
    _desktop: Vec<Owned>,
    _server: Owned,
}

/// Pixels across and down.
pub type Size = (u32, u32);

impl Screen {
    /// Opens a screen of this many pixels.
    pub fn open(width: u32, height: u32) -> anyhow::Result<Self> {
        let mut command = Command::new("Xvfb");
        command
            .args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24")])
            .args(["-nolisten", "tcp", "-noreset"]);
        Self::serve(&mut command, "Xvfb (Debian package xvfb)")
    }

    /// Opens two monitors, the primary one on the left, their tops level. (Xvfb has one; X.Org has as many as it is told.)
    pub fn open_two(left: Size, right: Size) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("xorg.conf");
        let (width, height) = (left.0 + right.0, left.1.max(right.1));
        std::fs::write(
            &config,
            format!(
                "Section \"Device\"\n Identifier \"card\"\n Driver \"dummy\"\n VideoRam 64000\nEndSection\n\
                 Section \"Screen\"\n Identifier \"screen\"\n Device \"card\"\n DefaultDepth 24\n \
                 SubSection \"Display\"\n Depth 24\n Virtual {width} {height}\n EndSubSection\nEndSection\n\
                 Section \"ServerFlags\"\n Option \"AutoAddDevices\" \"false\"\nEndSection\n"
            ),
        )?;
        let mut command = Command::new("Xorg");
        command
            // A seat of its own: the machine's console is left alone.
            .args([
                "-displayfd",
                "1",
                "-seat",
                "seat-of-a-test",
                "-noreset",
                "-nolisten",
                "tcp",
            ])
            .arg("-config")
            .arg(&config)
            .arg("-logfile")
            .arg(folder.path().join("xorg.log"));
        let screen = Self::serve(&mut command, "Xorg (Debian package xserver-xorg-video-dummy)")?;
        for (output, size) in [("DUMMY0", left), ("DUMMY1", right)] {
            screen.add_mode(output, size)?;
        }
        let place = format!("{}x0", left.0);
        screen.xrandr(&[
            "--output",
            "DUMMY0",
            "--mode",
            "DUMMY0",
            "--pos",
            "0x0",
            "--primary",
        ])?;
        screen.xrandr(&["--output", "DUMMY1", "--mode", "DUMMY1", "--pos", &place])?;
        // A full look at the outputs: only this makes the server count the second as connected.
        screen.xrandr(&[])?;
        Ok(screen)
    }

    /// Starts a window manager on it, as every desktop has one.
    pub fn with_window_manager(mut self) -> anyhow::Result<Self> {
        let mut command = Command::new("openbox");
        command
            .args(["--sm-disable", "--startup", "echo ready"])
            .env("DISPLAY", &self.display);
        let (manager, _) = speaking(&mut command, "openbox (Debian package openbox)")?;
        self._desktop.push(manager);
        Ok(self)
    }

    /// Starts a session bus beside it, as every desktop has one.
    pub fn with_session_bus(mut self) -> anyhow::Result<Self> {
        let mut command = Command::new("dbus-daemon");
        command.args(["--session", "--nofork", "--nopidfile", "--print-address"]);
        let (daemon, address) = speaking(&mut command, "dbus-daemon (Debian package dbus-daemon)")?;
        self._desktop.push(daemon);
        self.bus = Some(address);
        Ok(self)
    }

    /// What programs want in `DISPLAY`.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// What programs want in `DBUS_SESSION_BUS_ADDRESS`, if there is a session bus.
    pub fn bus(&self) -> Option<&str> {
        self.bus.as_deref()
    }

    fn serve(command: &mut Command, what: &str) -> anyhow::Result<Self> {
        // The server writes the number it found to its standard output as soon as it takes connections.
        let (server, number) = speaking(command, what)?;
        let number: u32 = number
            .parse()
            .with_context(|| format!("{what} ended without opening a display"))?;
        Ok(Self {
            display: format!(":{number}"),
            bus: None,
            _desktop: Vec::new(),
            _server: server,
        })
    }

    /// Gives an output a mode of its own name. No monitor is there to mind the timings.
    fn add_mode(&self, output: &str, (width, height): Size) -> anyhow::Result<()> {
        let across = [width, width + 10, width + 20, width + 30];
        let down = [height, height + 3, height + 6, height + 9];
        let timings: Vec<String> = across.iter().chain(&down).map(u32::to_string).collect();
        let mut arguments = vec!["--newmode", output, "100"];
        arguments.extend(timings.iter().map(String::as_str));
        self.xrandr(&arguments)?;
        self.xrandr(&["--addmode", output, output])
    }

    fn xrandr(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let done = Command::new("xrandr")
            .args(arguments)
            .env("DISPLAY", &self.display)
            .output()
            .context("starting xrandr (Debian package x11-xserver-utils)")?;
        anyhow::ensure!(
            done.status.success(),
            "xrandr {arguments:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        Ok(())
    }
}

/// A process that runs on, and the first line it wrote.
fn speaking(command: &mut Command, what: &str) -> anyhow::Result<(Owned, String)> {
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = Owned::start(command, what)?;
    let stdout = process.take_stdout().context("standard output was piped above")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    Ok((process, line.trim().to_owned()))
}
