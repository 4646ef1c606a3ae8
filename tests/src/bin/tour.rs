//! `make tour`: clicks through a sale by itself, first in training mode, then with the callback service and a broker, and
//! leaves numbered pictures of both windows.

use std::path::PathBuf;
use std::process::ExitCode;

use scantill_tests::app::{App, Pane, Start};
use scantill_tests::broker::Broker;
use scantill_tests::screen::Screen;
use scantill_tests::simulator::Customer;
use scantill_tests::wait::PATIENCE;
use scantill_tests::whole::Whole;

/// The two sizes a till's screen has in most shops.
const SIZES: [(u32, u32); 2] = [(1366, 768), (1920, 1080)];

#[tokio::main]
async fn main() -> ExitCode {
    match tour().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("The tour broke off: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn tour() -> anyhow::Result<()> {
    let screen = Screen::open(1920, 1080)?;
    println!("Opened a screen that nobody sees, {}.", screen.display());
    let mut album = Album {
        folder: scantill_tests::picture_folder("tour")?,
        pictures: 0,
    };
    in_training(&screen, &mut album).await?;
    with_the_callback(&screen, &mut album).await?;
    println!("{} pictures are in {}.", album.pictures, album.folder.display());
    Ok(())
}

/// First chapter: nothing but the till, the simulator inside it.
async fn in_training(screen: &Screen, album: &mut Album) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let start = Start {
        folder: folder.path(),
        flags: &["--training"],
        config: None,
    };
    let app = opened(screen, &start).await?;
    println!("The till opened in training mode, with the customer display beside it.");
    let mut tour = Tour {
        customer: Customer::at(&start.data_dir()).await?,
        album,
        language: "zh-CN",
        app,
    };
    tour.sell().await?;
    tour.app.click("locale").await?;
    tour.language = "en";
    println!("The cashier switched the till to English; it goes on without a restart.");
    tour.sell().await
}

/// Second chapter: simulator, callback service and broker are programs of their own, and the till asks only once a minute.
async fn with_the_callback(screen: &Screen, album: &mut Album) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    println!("Starting a broker, the callback service and the simulator as programs of their own.");
    let broker = Broker::start_new().await?;
    let mut whole = Whole::start(folder.path(), broker.vhost().await?).await?;
    whole.ask_every(60)?;
    let start = Start {
        folder: folder.path(),
        flags: &[],
        config: Some(&whole.till_config),
    };
    whole.fill_shelves(&start.data_dir())?;
    let app = opened(screen, &start).await?;
    let mut tour = Tour {
        customer: whole.simulator.customer(),
        album,
        language: "zh-CN",
        app,
    };
    println!("The till is connected to its queue, and will ask WeChat only once a minute.");
    tour.sell().await?;
    println!("It was WeChat's notify that told the till: no question had been due yet.");
    Ok(())
}

async fn opened(screen: &Screen, start: &Start<'_>) -> anyhow::Result<App> {
    let app = App::start(screen, start).await?;
    app.look_at(Pane::Till).await?;
    app.element("search").await?;
    Ok(app)
}

/// The pictures taken so far.
struct Album {
    folder: PathBuf,
    pictures: usize,
}

/// One walk through the program.
struct Tour<'a> {
    app: App,
    customer: Customer,
    album: &'a mut Album,
    language: &'static str,
}

impl Tour<'_> {
    /// One sale from the first tile to the record of the day.
    async fn sell(&mut self) -> anyhow::Result<()> {
        for tile in self.app.all("tile-").await?.iter().take(3) {
            tile.click().await?;
        }
        let total = self.app.text("cart-total").await?;
        println!("The cashier rang up three articles: {total}.");
        self.till("sell").await?;
        self.display("cart", "customer-cart").await?;

        self.app.click("pay").await?;
        self.app.element("qr").await?;
        let number = self.app.text("order-no").await?;
        println!("收款: WeChat took the order {number} and its QR code is on both screens.");
        self.till("pay").await?;
        self.display("scan", "customer-scan").await?;

        self.app.look_at(Pane::Customer).await?;
        let code = self.app.read_qr().await?;
        let scanned = self.customer.scan(&code).await?;
        anyhow::ensure!(
            scanned == number,
            "the code on the customer display belongs to {scanned}"
        );
        println!("The customer scanned the code off the customer display: {code}.");
        self.customer.pay(&scanned).await?;
        self.app.look_at(Pane::Till).await?;
        let paid = self.app.text("paid-amount").await?;
        println!("The customer paid, and the till shows {paid} as received.");
        // Both go back to selling by themselves after 5 seconds: the pictures come first.
        self.picture("paid", SIZES[0]).await?;
        self.display("paid", "customer-paid").await?;
        self.app.click("next").await?;

        self.app.click("nav-orders").await?;
        self.app.click(&format!("order-row-{number}")).await?;
        self.app.element("evidence-row").await?;
        println!("The order's page shows each question, each answer and whether its signature was right.");
        self.till("orders").await?;
        self.app.click("nav-day").await?;
        self.app.element("day-net").await?;
        println!("The day's figures come from the same record.");
        self.till("day").await?;
        self.app.click("nav-sell").await?;
        self.app.element("search").await.map(drop)
    }

    /// The till window at each size.
    async fn till(&mut self, name: &str) -> anyhow::Result<()> {
        for size in SIZES {
            self.picture(name, size).await?;
        }
        Ok(())
    }

    async fn picture(&mut self, name: &str, (width, height): (u32, u32)) -> anyhow::Result<()> {
        self.app.resize(width, height).await?;
        self.save(&format!("{name}-{}-{width}x{height}", self.language))
            .await
    }

    /// The customer display once it has come to `stage`; the till is in sight again afterwards.
    async fn display(&mut self, stage: &str, name: &str) -> anyhow::Result<()> {
        self.app.look_at(Pane::Customer).await?;
        self.app.customer_at(stage, PATIENCE).await?;
        self.save(&format!("{name}-{}", self.language)).await?;
        self.app.look_at(Pane::Till).await
    }

    async fn save(&mut self, name: &str) -> anyhow::Result<()> {
        self.album.pictures += 1;
        let path = self
            .album
            .folder
            .join(format!("{:02}-{name}.png", self.album.pictures));
        self.app.save_picture(&path).await
    }
}
