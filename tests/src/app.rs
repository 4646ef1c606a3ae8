//! The real program in a real window: started by tauri-driver, clicked like a cashier would, seen as pixels.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use thirtyfour::prelude::{By, WebDriver, WebElement};
use thirtyfour::{Capabilities, WindowHandle};

use crate::process::{self, Owned};
use crate::qr;
use crate::screen::Screen;
use crate::wait::{PATIENCE, until};
use crate::whole::{built, nearest};

/// Which of the program's two windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// The cashier's.
    Till,
    /// The customer display.
    Customer,
}

impl Pane {
    /// The path in the window's address: the till's page is the one without a name.
    const fn path(self) -> &'static str {
        match self {
            Self::Till => "",
            Self::Customer => "/customer.html",
        }
    }
}

/// How to start the program.
#[derive(Debug, Clone)]
pub struct Start<'a> {
    /// An empty folder of the test's own: home, settings, run-time files and the till's data all go below it.
    pub folder: &'a Path,
    /// Flags for `scantill`; `--data-dir` is added.
    pub flags: &'a [&'a str],
    /// The till's configuration file, when it is to have one.
    pub config: Option<&'a Path>,
}

impl Start<'_> {
    /// Where the program keeps its data under `folder`.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }
}

/// The running program with its driver. Dropping it ends both, and every process they started.
#[derive(Debug)]
pub struct App {
    session: WebDriver,
    till: WindowHandle,
    customer: WindowHandle,
    id: u32,
    driver: Owned,
}

impl App {
    /// Starts the program on `screen` and waits for both windows.
    pub async fn start(screen: &Screen, start: &Start<'_>) -> anyhow::Result<Self> {
        let program = program()?;
        let (driver, server) = driver(screen, start).await?;
        let session = WebDriver::builder(server, capabilities(&program, start)?)
            .request_timeout(PATIENCE)
            .await
            .context("opening the windows through tauri-driver")?;
        let till = window(&session, Pane::Till).await?;
        let customer = window(&session, Pane::Customer).await?;
        let name = program.file_name().context("the program's path names no file")?;
        let id = process::descendant_running(driver.id(), name)
            .context("the program is not among the driver's processes")?;
        Ok(Self {
            session,
            till,
            customer,
            id,
            driver,
        })
    }

    /// Process id of the program itself.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Ends the program the hard way, as a power cut would: SIGKILL, and nothing more of it runs.
    pub async fn kill(self) -> anyhow::Result<()> {
        process::kill_now(self.id)?;
        let id = self.id;
        until("the killed program to be gone", PATIENCE, async || {
            Ok((!process::is_running(id)).then_some(()))
        })
        .await
    }

    /// Minimises the window in sight.
    pub async fn minimise(&self) -> anyhow::Result<()> {
        Ok(self.session.minimize_window().await?)
    }

    /// Makes `pane` the window the next calls are about.
    pub async fn look_at(&self, pane: Pane) -> anyhow::Result<()> {
        let handle = match pane {
            Pane::Till => &self.till,
            Pane::Customer => &self.customer,
        };
        Ok(self.session.switch_to_window(handle.clone()).await?)
    }

    /// Gives the window in sight this many CSS pixels.
    pub async fn resize(&self, width: u32, height: u32) -> anyhow::Result<()> {
        self.session.set_window_rect(0, 0, width, height).await?;
        until("the page to have its new size", PATIENCE, async || {
            let size = self
                .session
                .execute("return [innerWidth, innerHeight]", Vec::new())
                .await?;
            Ok((*size.json() == json!([width, height])).then_some(()))
        })
        .await?;
        // The page has its size before the web view has drawn it: until then a picture shows a black band, or the old
        // page moved.
        until("the page to be drawn at its new size", PATIENCE, async || {
            let picture = self.picture().await?;
            Ok(picture_is_drawn(&picture, width, height)?.then_some(()))
        })
        .await
    }

    /// Waits for the element with this `data-testid` to be there and visible.
    pub async fn element(&self, testid: &str) -> anyhow::Result<WebElement> {
        self.element_within(testid, PATIENCE).await
    }

    /// [`Self::element`] with a limit of its own.
    pub async fn element_within(&self, testid: &str, limit: Duration) -> anyhow::Result<WebElement> {
        until(&format!("{testid:?} to be on screen"), limit, async || {
            let Some(element) = self.find(testid).await? else {
                return Ok(None);
            };
            Ok(element.is_displayed().await?.then_some(element))
        })
        .await
    }

    /// Waits for the element with this `data-testid` to be gone.
    pub async fn gone(&self, testid: &str) -> anyhow::Result<()> {
        until(&format!("{testid:?} to be gone"), PATIENCE, async || {
            Ok(self.find(testid).await?.is_none().then_some(()))
        })
        .await
    }

    /// The element with this `data-testid` as things stand now.
    pub async fn find(&self, testid: &str) -> anyhow::Result<Option<WebElement>> {
        let css = By::Css(format!("[data-testid=\"{testid}\"]"));
        Ok(self.session.find_all(css).await?.into_iter().next())
    }

    /// All elements whose `data-testid` begins so, once there is at least one.
    pub async fn all(&self, prefix: &str) -> anyhow::Result<Vec<WebElement>> {
        let css = By::Css(format!("[data-testid^=\"{prefix}\"]"));
        until(
            &format!("something {prefix:?} to be on screen"),
            PATIENCE,
            async || {
                let found = self.session.find_all(css.clone()).await?;
                Ok((!found.is_empty()).then_some(found))
            },
        )
        .await
    }

    /// Clicks the element with this `data-testid` as soon as it can be clicked.
    pub async fn click(&self, testid: &str) -> anyhow::Result<()> {
        until(&format!("{testid:?} to take a click"), PATIENCE, async || {
            let element = self.element_within(testid, Duration::ZERO).await?;
            if !element.is_enabled().await? {
                return Ok(None);
            }
            element.click().await?;
            Ok(Some(()))
        })
        .await
    }

    /// The visible text of the element with this `data-testid`.
    pub async fn text(&self, testid: &str) -> anyhow::Result<String> {
        Ok(self.element(testid).await?.text().await?)
    }

    /// Gives a file to the file input with this `data-testid`, which the page may hide behind a button.
    pub async fn give_file(&self, testid: &str, file: &Path) -> anyhow::Result<()> {
        let input = until(&format!("{testid:?} to be in the page"), PATIENCE, async || {
            self.find(testid).await
        })
        .await?;
        Ok(input.send_keys(file.display().to_string()).await?)
    }

    /// Waits for the customer display, being in sight, to come to `stage`: idle, cart, wait, scan or paid.
    pub async fn customer_at(&self, stage: &str, limit: Duration) -> anyhow::Result<()> {
        until(&format!("the customer display at {stage:?}"), limit, async || {
            let display = self.element_within("customer-stage", Duration::ZERO).await?;
            Ok((display.attr("data-stage").await?.as_deref() == Some(stage)).then_some(()))
        })
        .await
    }

    /// Whether the element with this `data-testid` can be seen now.
    pub async fn element_shown(&self, testid: &str) -> anyhow::Result<bool> {
        match self.find(testid).await? {
            Some(element) => Ok(element.is_displayed().await?),
            None => Ok(false),
        }
    }

    /// Loads the page of the window in sight again.
    pub async fn reload(&self) -> anyhow::Result<()> {
        Ok(self.session.refresh().await?)
    }

    /// Keys typed at whatever has the focus.
    pub async fn type_keys(&self, keys: &str) -> anyhow::Result<()> {
        Ok(self.session.action_chain().send_keys(keys).perform().await?)
    }

    /// What a script in the page answers; for looking only.
    pub async fn ask(&self, script: &str) -> anyhow::Result<serde_json::Value> {
        Ok(self.session.execute(script, Vec::new()).await?.json().clone())
    }

    /// What a script in the page answers by calling its last argument; for measuring.
    pub async fn ask_later(&self, script: &str) -> anyhow::Result<serde_json::Value> {
        Ok(self
            .session
            .execute_async(script, Vec::new())
            .await?
            .json()
            .clone())
    }

    /// The pixels of the window in sight, as PNG.
    pub async fn picture(&self) -> anyhow::Result<Vec<u8>> {
        // What the page says and what is painted may be two frames apart.
        let painted = "const done = arguments[0]; setTimeout(done, 500); \
                       requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30)));";
        self.session.execute_async(painted, Vec::new()).await?;
        Ok(self.session.screenshot_as_png().await?)
    }

    /// Saves the pixels of the window in sight.
    pub async fn save_picture(&self, path: &Path) -> anyhow::Result<()> {
        let png = self.picture().await?;
        std::fs::write(path, png).with_context(|| format!("writing {}", path.display()))
    }

    /// Waits for a QR code in the pixels of the window in sight and reads it.
    pub async fn read_qr(&self) -> anyhow::Result<String> {
        until("a QR code in the pixels", PATIENCE, async || {
            qr::read(&self.picture().await?)
        })
        .await
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // The session would otherwise ask a driver that is about to be killed to end politely, and wait for it.
        let session = self.session.clone();
        let _ = session.leak();
        let _ = self.driver.ended();
    }
}

/// Whether a PNG has this size and neither its first row nor its last column is all black.
fn picture_is_drawn(png: &[u8], width: u32, height: u32) -> anyhow::Result<bool> {
    let picture = image::load_from_memory_with_format(png, image::ImageFormat::Png)?.into_luma8();
    let top = picture
        .rows()
        .next()
        .is_some_and(|mut row| row.any(|pixel| pixel.0 != [0]));
    let right = picture
        .rows()
        .any(|mut row| row.next_back().is_some_and(|pixel| pixel.0 != [0]));
    Ok(picture.dimensions() == (width, height) && top && right)
}

/// Waits for the window that shows `pane`'s page.
async fn window(session: &WebDriver, pane: Pane) -> anyhow::Result<WindowHandle> {
    until(&format!("the window {pane:?}"), PATIENCE, async || {
        for handle in session.windows().await? {
            session.switch_to_window(handle.clone()).await?;
            if session.current_url().await?.path() == pane.path() {
                return Ok(Some(handle));
            }
        }
        Ok(None)
    })
    .await
}

/// `SCANTILL_BIN`, or the program built beside this one.
pub fn program() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("SCANTILL_BIN") {
        return Ok(path.into());
    }
    built("scantill")
}

/// tauri-driver, with WebKitWebDriver below it, ready for a session; and where it listens.
async fn driver(screen: &Screen, start: &Start<'_>) -> anyhow::Result<(Owned, String)> {
    let [port, native_port] = free_ports()?;
    let mut command = Command::new(tauri_driver()?);
    command
        .arg(format!("--port={port}"))
        .arg(format!("--native-port={native_port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    surroundings(&mut command, screen, start)?;
    let driver = Owned::start(&mut command, "tauri-driver")?;
    let server = format!("http://127.0.0.1:{port}");
    until(
        "tauri-driver and WebKitWebDriver (Debian package webkit2gtk-driver) to answer",
        PATIENCE,
        async || {
            reqwest::get(format!("{server}/status"))
                .await?
                .error_for_status()?;
            Ok(Some(()))
        },
    )
    .await?;
    Ok((driver, server))
}

/// The one that `script/install.sh test` puts into the target folder.
fn tauri_driver() -> anyhow::Result<PathBuf> {
    nearest("tools/bin/tauri-driver")?.context("`script/install.sh test` installs tauri-driver")
}

/// Two ports that were free a moment ago; neither driver can choose one and say which.
fn free_ports() -> anyhow::Result<[u16; 2]> {
    // Both held until both are known, or they might be the same.
    let [one, other] = [0, 0].map(|any| TcpListener::bind((Ipv4Addr::LOCALHOST, any)));
    Ok([one?.local_addr()?.port(), other?.local_addr()?.port()])
}

/// Starts the program once more, as a cashier does who does not see that it runs already; without a driver.
pub fn start_again(screen: &Screen, start: &Start<'_>) -> anyhow::Result<Owned> {
    let mut command = Command::new(program()?);
    command
        .args(arguments(start))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    surroundings(&mut command, screen, start)?;
    Owned::start(&mut command, "the program again")
}

fn arguments(start: &Start<'_>) -> Vec<String> {
    let data_dir = format!("--data-dir={}", start.data_dir().display());
    start
        .flags
        .iter()
        .map(|&flag| flag.to_owned())
        .chain([data_dir])
        .collect()
}

fn capabilities(program: &Path, start: &Start<'_>) -> anyhow::Result<Capabilities> {
    let args = arguments(start);
    let mut capabilities = Capabilities::new();
    capabilities.set("tauri:options", json!({ "application": program, "args": args }))?;
    Ok(capabilities)
}

/// The same surroundings wherever the test runs: as root or not, with or without a desktop session.
pub fn surroundings(command: &mut Command, screen: &Screen, start: &Start<'_>) -> anyhow::Result<()> {
    let run = start.folder.join("run");
    std::fs::create_dir_all(start.data_dir())?;
    // The run-time folder must be its owner's alone, or the toolkit refuses it.
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&run)?;
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", start.folder)
        .env("XDG_RUNTIME_DIR", &run)
        .env("LANG", "C.UTF-8")
        .env("DISPLAY", screen.display())
        .env("GDK_BACKEND", "x11")
        // No desktop session: neither its settings service nor its accessibility service is there.
        .env("GSETTINGS_BACKEND", "memory")
        .env("NO_AT_BRIDGE", "1")
        // No graphics card either. (Not WEBKIT_DISABLE_DMABUF_RENDERER: with it a screenshot never comes.)
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .env("RUST_BACKTRACE", "1");
    if let Some(bus) = screen.bus() {
        command.env("DBUS_SESSION_BUS_ADDRESS", bus);
    }
    if let Some(config) = start.config {
        command.env("SCANTILL_CONFIG", config);
    }
    Ok(())
}
