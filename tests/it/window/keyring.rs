//! The API key in the keyring of a desktop session: the real program with a real Secret Service, GNOME's, unlocked by a
//! throw-away password and with a home folder of its own; and without one.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output, Stdio};

use anyhow::Context;
use scantill_tests::app::{program, surroundings};
use scantill_tests::counter::{API_KEY, MCH_ID};
use till_app::key_store::{self, KeyAge};

use super::*;

const KEYRING: &str = "in this user's keyring";
/// Of 32 letters and digits, as a key is.
const OLD_KEY: &str = "abcdefghijKLMNOPQRSTUV0123456789";
/// As long as a key, and none.
const WITH_BLANK: &str = "abcdefghijKLMNO QRSTUV0123456789";

/// Somebody's session.
struct Session {
    screen: Screen,
    folder: tempfile::TempDir,
    gateway: Gateway,
}

impl Session {
    /// Without a keyring: there is no session bus.
    async fn open() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let gateway = Gateway::open(7).await?;
        let config: String = gateway
            .till_config()
            .lines()
            .filter(|line| !line.starts_with("api_key"))
            .map(|line| format!("{line}\n"))
            .collect();
        std::fs::write(folder.path().join("till.toml"), config)?;
        Ok(Self {
            screen: Screen::open(1920, 1080)?,
            folder,
            gateway,
        })
    }

    /// With a keyring that is unlocked; it ends with the session bus.
    async fn open_with_keyring() -> anyhow::Result<Self> {
        let session = Self::open().await?;
        let session = Self {
            screen: session.screen.with_session_bus()?,
            ..session
        };
        session.unlock()?;
        Ok(session)
    }

    fn unlock(&self) -> anyhow::Result<()> {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--unlock", "--components=secrets"]);
        let output = self.told(&mut command, "a throw-away password")?;
        anyhow::ensure!(output.status.success(), "gnome-keyring-daemon: {output:?}");
        Ok(())
    }

    /// Runs the program without a window, a line on its standard input.
    fn scantill(&self, flag: &str, line: &str) -> anyhow::Result<Output> {
        let mut command = Command::new(program()?);
        self.told(command.arg(flag), &format!("{line}\n"))
    }

    fn told(&self, command: &mut Command, input: &str) -> anyhow::Result<Output> {
        let config = self.folder.path().join("till.toml");
        surroundings(command, &self.screen, &self.start(&config))?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{command:?}"))?;
        let mut stdin = child.stdin.take().context("piped")?;
        stdin.write_all(input.as_bytes())?;
        drop(stdin);
        Ok(child.wait_with_output()?)
    }

    fn start<'a>(&'a self, config: &'a std::path::Path) -> Start<'a> {
        Start {
            folder: self.folder.path(),
            flags: &[],
            config: Some(config),
        }
    }

    /// The keys that a program in this session finds.
    fn finds(&self) -> anyhow::Result<String> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args([
            "window::keyring::looks_for_keys",
            "--exact",
            "--ignored",
            "--nocapture",
        ]);
        self.told(&mut command, "").map(|output| said(&output))
    }

    /// Files beside the configuration that hold a key.
    fn key_files(&self) -> anyhow::Result<Vec<String>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(self.folder.path())? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with("key") {
                found.push(name);
            }
        }
        Ok(found)
    }
}

/// Run by the test below, in a session of that test's making.
#[test]
#[ignore = "a part of a_key_in_the_keyring_is_kept_read_and_forgotten"]
fn looks_for_keys() -> anyhow::Result<()> {
    let config = std::env::var_os("SCANTILL_CONFIG").context("whose keys")?;
    for age in [KeyAge::Current, KeyAge::Previous] {
        println!("\n{:?}", key_store::find(age, MCH_ID, config.as_ref()));
    }
    Ok(())
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + text(&output.stderr).as_str()
}

#[tokio::test]
async fn a_key_in_the_keyring_is_kept_read_and_forgotten() -> anyhow::Result<()> {
    let session = Session::open_with_keyring().await?;
    for older in ["till.key", "till.previous-key"] {
        std::fs::write(session.folder.path().join(older), "of another time")?;
    }
    for (flag, key) in [("--keep-previous-key", OLD_KEY), ("--keep-key", API_KEY)] {
        let kept = session.scantill(flag, key)?;
        assert!(
            kept.status.success() && said(&kept).contains(KEYRING),
            "{flag}: {}",
            said(&kept)
        );
    }
    assert!(
        session.key_files()?.is_empty(),
        "and in no file, not even an older one that would count whenever the keyring is locked: {:?}",
        session.key_files()?
    );

    let config = session.folder.path().join("till.toml");
    let app = App::start(&session.screen, &session.start(&config)).await?;
    app.look_at(Pane::Till).await?;
    app.click("nav-settings").await?;
    until("the settings to say where the key is", PATIENCE, async || {
        let page = app.ask("return document.body.innerText").await?.to_string();
        Ok(page.contains("系统钥匙串").then_some(()))
    })
    .await?;
    std::fs::write(session.folder.path().join("products.csv"), PRODUCTS)?;
    app.give_file("import-file", &session.folder.path().join("products.csv"))
        .await?;
    app.element("import-result").await?;
    app.click("nav-sell").await?;
    app.element("search").await?;
    ring_up(&app).await?;
    let orders = session
        .gateway
        .simulator()
        .with(|gateway, now| gateway.orders(now).len());
    assert_eq!(orders, 1, "an order signed with it: WeChat took it");
    app.kill().await?;

    assert!(session.finds()?.contains(OLD_KEY), "the one before is there too");
    for _ in 0..2 {
        let forgotten = session.scantill("--keep-previous-key", "")?;
        assert!(
            forgotten.status.success(),
            "forgotten, and not missed when it is forgotten again: {}",
            said(&forgotten)
        );
        let found = session.finds()?;
        assert!(
            found.contains(API_KEY) && !found.contains(OLD_KEY),
            "that key and no other: {found}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn without_a_keyring_the_key_lies_in_a_file_of_its_user_alone() -> anyhow::Result<()> {
    let session = Session::open().await?;
    let kept = session.scantill("--keep-key", API_KEY)?;
    let file = session.folder.path().join("till.key");
    assert!(
        kept.status.success() && said(&kept).contains("No keyring took the key"),
        "said as it is: {}",
        said(&kept)
    );
    assert!(
        said(&kept).contains("that one counts"),
        "and that a keyring out of reach may hold another: {}",
        said(&kept)
    );
    let mode = std::fs::metadata(&file)?.permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "nobody else may read it");
    assert_eq!(std::fs::read_to_string(&file)?, API_KEY, "whole");
    let kept = session.scantill("--keep-previous-key", OLD_KEY)?;
    assert!(kept.status.success(), "{}", said(&kept));
    assert_eq!(session.key_files()?.len(), 2, "one file each");
    let forgotten = session.scantill("--keep-previous-key", "")?;
    assert_eq!(
        session.key_files()?,
        ["till.key"],
        "the one before is in no file any more"
    );
    assert!(
        !forgotten.status.success() && said(&forgotten).contains("the keyring can't be asked"),
        "whether a keyring has it is not known, and not said to be: {}",
        said(&forgotten)
    );
    for (no_key, why) in [
        ("too short", "exactly 32 characters"),
        (WITH_BLANK, "letters, digits"),
    ] {
        let refused = session.scantill("--keep-key", no_key)?;
        assert!(
            !refused.status.success() && said(&refused).contains(why),
            "what is no key is not kept: {}",
            said(&refused)
        );
    }
    let config = session.folder.path().join("till.toml");
    let text = std::fs::read_to_string(&config)?;
    let with_key = text.replacen("[wechat]", &format!("[wechat]\napi_key = \"{OLD_KEY}\""), 1);
    std::fs::write(&config, with_key)?;
    let refused = session.scantill("--keep-key", OLD_KEY)?;
    assert!(
        !refused.status.success() && said(&refused).contains("[wechat] api_key: line"),
        "the key in the configuration would count, not the one kept: {}",
        said(&refused)
    );
    assert_eq!(
        std::fs::read_to_string(&file)?,
        API_KEY,
        "and the one there stays"
    );
    Ok(())
}
