//! Copies and the self-check in the real window, and the self-check at a terminal beside it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rusqlite::Connection;
use scantill_tests::app::App;
use scantill_tests::wait::{PATIENCE, until};
use scantill_tests::whole::built;

use super::{Counter, ring_up};

fn data(counter: &Counter) -> PathBuf {
    counter.folder.path().join("data")
}

fn ledger(counter: &Counter) -> PathBuf {
    data(counter).join("scantill.db")
}

/// `scantill --self-check --json`, without a display.
fn self_check(data: &Path, home: &Path) -> anyhow::Result<(Output, serde_json::Value)> {
    let output = Command::new(built("scantill")?)
        .args(["--self-check", "--json", "--data-dir"])
        .arg(data)
        .env_clear()
        .env("HOME", home)
        .output()?;
    let json = serde_json::from_slice(&output.stdout).unwrap_or_default();
    Ok((output, json))
}

/// The findings of one check that do not hold, each as "subject: expected, found".
fn wrong(json: &serde_json::Value, code: &str) -> Vec<String> {
    let findings = json["findings"].as_array().cloned().unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    findings
        .iter()
        .filter(|it| it["code"] == code && it["holds"] == false)
        .map(|it| {
            format!(
                "{}: {}, {}",
                text(&it["subject"]),
                text(&it["expected"]),
                text(&it["found"])
            )
        })
        .collect()
}

/// Changes the ledger with SQLite itself, its guards taken away.
fn tamper(ledger: &Path, statements: &str) -> anyhow::Result<()> {
    let conn = Connection::open(ledger)?;
    conn.execute_batch("PRAGMA foreign_keys = OFF; DROP TRIGGER IF EXISTS journal_is_not_changed;")?;
    Ok(conn.execute_batch(statements)?)
}

/// Opens the settings, where the newest copy stands first.
async fn newest_copy(app: &App, copies: usize) -> anyhow::Result<String> {
    app.click("nav-settings").await?;
    app.element("backup-card").await?;
    until(&format!("{copies} copies in the list"), PATIENCE, async || {
        let names = app.all("restore-scantill-").await?;
        if names.len() != copies {
            return Ok(None);
        }
        Ok(names[0].attr("data-testid").await?)
    })
    .await
}

async fn both_sizes(counter: &Counter, app: &App, name: &str) -> anyhow::Result<()> {
    for (width, height) in [(1920, 1080), (1366, 768)] {
        app.resize(width, height).await?;
        counter.picture(app, &format!("{name}-{width}")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_copy_is_made_checked_and_put_back_in_the_window() -> anyhow::Result<()> {
    let counter = Counter::open("keeping").await?;
    let app = counter.start_till().await?;
    app.resize(1366, 768).await?;
    counter.stock_up(&app).await?;
    let before = ring_up(&app).await?;
    app.click("background").await?;
    // The till has made one when it was opened.
    newest_copy(&app, 1).await?;
    app.click("back-up-now").await?;
    let newest = newest_copy(&app, 2).await?;
    assert!(
        app.text("backup-made").await?.contains(".db"),
        "the window says under which name it was copied"
    );
    both_sizes(&counter, &app, "1-settings-zh-CN").await?;

    app.click("nav-sell").await?;
    let after = ring_up(&app).await?;
    app.click("background").await?;
    // The first Z, of which the backup that is put back knows nothing; the till makes a copy of it by itself.
    close_day(&app, "0001").await?;
    newest_copy(&app, 3).await?;
    app.click(&newest).await?;
    let relation = app.text("restore-relation").await?;
    assert!(
        relation.contains("少 3 条流水"),
        "who is about to restore is told what is missing: {relation}"
    );
    let last_z = app.element("restore-last-z").await?;
    assert_eq!(
        last_z.prop("value").await?.as_deref(),
        Some("1"),
        "the last Z that was issued is found in the ledger in use"
    );
    let told = app.text("restore-z-told").await?;
    assert!(
        told.contains("下一张是 Z 0002"),
        "and its number is not given again: {told}"
    );
    counter.picture(&app, "2-restore-zh-CN").await?;
    app.click("restore-confirm").await?;
    app.click("approval-yes").await?;
    let done = app.text("restored").await?;
    assert!(
        done.contains("aside-"),
        "the window says where the ledger that was in use is kept: {done}"
    );
    counter.picture(&app, "3-restored-zh-CN").await?;
    app.click("restore-go-on").await?;
    app.click("nav-orders").await?;
    app.element(&format!("order-row-{before}")).await?;
    assert!(
        app.find(&format!("order-row-{after}")).await?.is_none(),
        "what came after the copy is not in the ledger any more"
    );
    assert!(
        app.find(&format!("order-row-{before}")).await?.is_some(),
        "what was there before is"
    );
    // The payment that was waiting in the copy is taken up again, and is on show.
    app.click("nav-sell").await?;
    app.click("background").await?;
    ring_up(&app).await?;
    app.click("background").await?;
    close_day(&app, "0002").await?;
    assert_eq!(
        app.text("paper-aside").await?,
        "0001",
        "the Z says that the first lies in the ledger set aside"
    );
    both_sizes(&counter, &app, "4-next-z-zh-CN").await?;
    let (holds, json) = self_check(&data(&counter), counter.folder.path())?;
    assert_eq!(
        holds.status.code(),
        Some(0),
        "the self-check knows of it, and of nothing else: {json}"
    );
    Ok(())
}

/// Closes the day without a printer, as the Z of this number.
async fn close_day(app: &App, number: &str) -> anyhow::Result<()> {
    app.click("nav-day").await?;
    app.click("close-day").await?;
    let dialog = app.text("close-dialog").await?;
    assert!(
        dialog.contains(&format!("Z {number}")),
        "{number} is the next: {dialog}"
    );
    app.click("close-ok").await?;
    app.element("paper-digest").await?;
    Ok(())
}

#[tokio::test]
async fn the_self_check_says_in_the_window_and_at_a_terminal_what_holds_and_what_does_not()
-> anyhow::Result<()> {
    let counter = Counter::open("self-check").await?;
    let home = counter.folder.path();
    let (nothing, _) = self_check(&home.join("nowhere"), home)?;
    assert_eq!(
        nothing.status.code(),
        Some(2),
        "no ledger is neither one that holds nor one that does not: {}",
        String::from_utf8_lossy(&nothing.stderr)
    );
    let app = counter.start_till().await?;
    app.resize(1366, 768).await?;
    counter.stock_up(&app).await?;
    let paid = ring_up(&app).await?;
    counter.customer.pay(&paid).await?;
    app.element("paid-amount").await?;
    app.click("next").await?;
    ring_up(&app).await?;
    app.click("background").await?;

    app.click("nav-settings").await?;
    app.click("self-check").await?;
    let verdict = app.text("self-check-verdict").await?;
    assert!(verdict.contains("全部相符"), "everything holds: {verdict}");
    both_sizes(&counter, &app, "1-holds-zh-CN").await?;
    let (holds, json) = self_check(&data(&counter), home)?;
    assert_eq!(
        (holds.status.code(), &json["holds"]),
        (Some(0), &serde_json::Value::Bool(true)),
        "the terminal says the same beside the open till: {}",
        String::from_utf8_lossy(&holds.stderr)
    );

    // Behind the till's back, while it is open.
    tamper(
        &ledger(&counter),
        &format!(
            "UPDATE journal SET detail = '0.01' WHERE what = 'placed' AND out_trade_no = '{paid}';
             UPDATE sale_lines SET price_fen = 1 WHERE sale_id = 1 AND nth = 0;
             UPDATE attempts SET transaction_id = 'x' WHERE out_trade_no = '{paid}';
             UPDATE stock SET sold = sold + 1 WHERE product_id = 1;"
        ),
    )?;
    let (broken, json) = self_check(&data(&counter), home)?;
    assert_eq!(broken.status.code(), Some(1), "it does not hold any more: {json}");
    let order = format!("order {paid}");
    for (code, subject) in [
        ("journal", "journal row"),
        ("sums", "sale 1"),
        ("orders", &order),
        ("stock", "product 农夫山泉 550ml"),
    ] {
        let wrong = wrong(&json, code);
        assert!(
            wrong.iter().any(|it| it.starts_with(subject)),
            "{code}: {subject} is named: {wrong:?}"
        );
    }
    app.click("self-check-again").await?;
    until("the window to name it", PATIENCE, async || {
        let page = app.text("self-check-page").await?;
        let named = page.contains(&paid) && page.contains("农夫山泉");
        Ok((page.contains("处不符") && named).then_some(()))
    })
    .await?;
    both_sizes(&counter, &app, "2-broken-zh-CN").await?;
    app.click("locale").await?;
    both_sizes(&counter, &app, "3-broken-en").await?;
    app.click("self-check-back").await?;
    app.element("backup-card").await?;
    both_sizes(&counter, &app, "4-settings-en").await
}

#[tokio::test]
async fn a_damaged_ledger_is_said_looked_at_and_replaced_in_the_window() -> anyhow::Result<()> {
    let counter = Counter::open("damaged").await?;
    let app = counter.start_till().await?;
    counter.stock_up(&app).await?;
    let sold = ring_up(&app).await?;
    app.click("background").await?;
    newest_copy(&app, 1).await?;
    app.click("back-up-now").await?;
    let newest = newest_copy(&app, 2).await?;
    app.kill().await?;
    let garbage = "no ledger any more ".repeat(1000);
    std::fs::write(ledger(&counter), &garbage)?;

    let (damaged, json) = self_check(&data(&counter), counter.folder.path())?;
    assert_eq!(damaged.status.code(), Some(1), "damage is an answer: {json}");
    assert_eq!(
        wrong(&json, "file").len(),
        1,
        "the file is what does not hold: {json}"
    );

    let app = counter.start_till().await?;
    app.resize(1366, 768).await?;
    app.element("problem").await?;
    app.element("backup-card").await?;
    counter.picture(&app, "1-damaged-zh-CN").await?;
    app.click("self-check").await?;
    app.element("self-check-verdict").await?;
    counter.picture(&app, "2-self-check-zh-CN").await?;
    app.click("self-check-back").await?;
    app.click(&newest).await?;
    app.element("restore-relation").await?;
    counter.picture(&app, "3-restore-zh-CN").await?;
    app.click("restore-confirm").await?;
    // The till opens behind the page, which goes back to selling: to the payment that was waiting in the copy.
    app.element("qr").await?;
    app.click("nav-orders").await?;
    app.element(&format!("order-row-{sold}")).await?;
    let aside = std::fs::read_dir(data(&counter))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        // What belongs to it is set aside with it.
        .find(|path| {
            let name = path.to_string_lossy();
            name.contains(".aside-") && !name.ends_with("-wal") && !name.ends_with("-shm")
        });
    let kept = aside.map(std::fs::read_to_string).transpose()?;
    assert_eq!(
        kept.as_deref(),
        Some(garbage.as_str()),
        "the damaged file is kept as it was, under another name"
    );
    Ok(())
}
