//! Looking things up: products, orders, days; and taking a product list in.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use till_core::{DayFigures, DayRefund, Fen, GatewayKind, Product, Tally};
use till_store::{OrderRow, Read, Reader, StoreError};

use crate::catalogue::Catalogue;
use crate::config::{Config, Locale, Shop};
use crate::day_text;
use crate::house::HouseRules;
use crate::import::{self, WrongRow};
use crate::snapshot::PaymentBrief;
use crate::till::{Refusal, Till, setting};

/// Tiles on one page.
const PRODUCTS_MAX: usize = 200;

/// A day's figures and their text.
#[derive(Debug, Clone)]
pub struct DayPicture {
    /// The figures; of WeChat alone while it is counted blind.
    pub figures: DayFigures,
    /// A shift of this day goes on and is counted blind: nothing here tells what should be in the drawer.
    pub blind: bool,
    /// The same, ready to print.
    pub text: String,
}

/// What came of an import: all of it or nothing.
#[derive(Debug, Clone)]
pub enum Imported {
    /// So many products are in the catalogue now, new or changed.
    Products(u32),
    /// These rows are wrong; nothing was taken in.
    Wrong(Vec<WrongRow>),
}

impl Till {
    /// Products that match a name, barcode or pinyin initials, in one category or in all.
    #[must_use]
    pub fn products(&self, query: &str, category: Option<&str>) -> Vec<Product> {
        self.catalogue
            .search(query, category, PRODUCTS_MAX)
            .into_iter()
            .cloned()
            .collect()
    }

    /// Categories in the shop's order.
    #[must_use]
    pub fn categories(&self) -> Vec<String> {
        self.catalogue.categories().to_vec()
    }

    /// Takes a product list in, all of it or nothing.
    pub fn import(&mut self, now: Timestamp, csv: &str) -> Result<Imported, Refusal> {
        let products = match import::read_products(csv) {
            Ok(products) => products,
            Err(rows) => return Ok(Imported::Wrong(rows)),
        };
        let written = self.db.write(|tx| {
            let count = tx.products().import(&products)?;
            tx.journal()
                .add(now, "products_imported", None, None, &count.to_string())?;
            Ok((count, tx.read().products().all()?))
        });
        let (count, all) = self.saved(written)?;
        self.catalogue = Catalogue::new(all);
        self.catalogue_version = self.catalogue_version.wrapping_add(1);
        self.changed();
        Ok(Imported::Products(count))
    }

    /// Puts the training catalogue into a till that has no products.
    pub fn stock_for_training(&mut self) -> Result<(), Refusal> {
        let count = self.db.read().products().count();
        if self.saved(count)? > 0 {
            return Ok(());
        }
        let products = match import::training_products() {
            Ok(products) => products,
            Err(rows) => {
                // The list is compiled in and tested; a till without products is still a till.
                tracing::error!(?rows, "the training catalogue is wrong");
                return Ok(());
            }
        };
        let written = self.db.write(|tx| {
            tx.products().import(&products)?;
            tx.read().products().all()
        });
        self.catalogue = Catalogue::new(self.saved(written)?);
        self.catalogue_version = self.catalogue_version.wrapping_add(1);
        self.changed();
        Ok(())
    }

    /// Orders placed or paid on a business day, newest first.
    pub fn orders_of(&self, day: Date) -> Result<Vec<PaymentBrief>, Refusal> {
        let (from, to) = self.config.shop.calendar.bounds(day).ok_or(Refusal::DayWrong)?;
        let rows = self
            .db
            .read()
            .attempts()
            .of_day(from, to)
            .map_err(Refusal::NotSaved)?;
        Ok(rows.into_iter().map(brief).collect())
    }

    /// Orders by a part of their number or of WeChat's, or by an amount in yuan, newest first.
    pub fn find_orders(&self, text: &str) -> Result<Vec<PaymentBrief>, Refusal> {
        let text = text.trim();
        let amount = Fen::parse_yuan(text.trim_start_matches(['¥', '￥'])).ok();
        let rows = self
            .db
            .read()
            .attempts()
            .search(text, amount)
            .map_err(Refusal::NotSaved)?;
        Ok(rows.into_iter().map(brief).collect())
    }

    /// The business day that has this instant in it.
    #[must_use]
    pub fn day_of(&self, now: Timestamp) -> Date {
        self.config.shop.calendar.day_of(now)
    }

    /// The figures of a business day.
    pub fn day(&self, day: Date, training: bool) -> Result<DayPicture, Refusal> {
        let blind_from = self.blind_shift().map(|shift| shift.opened_at);
        day_picture(
            self.db.read(),
            &self.config.shop,
            self.locale,
            blind_from,
            day,
            training,
        )
    }
}

/// The figures of a business day as text, from the ledger in this file as it is: changes nothing, and may run beside an open
/// till.
pub fn day_of_ledger(ledger: &Path, config: &Config, day: Date) -> anyhow::Result<String> {
    let reader = Reader::open(ledger)?;
    let read = reader.read();
    // What was sold for practice stays practice, whatever the configuration says today.
    let account = read.journal().account()?.unwrap_or_else(|| config.account());
    let training = account.gateway == GatewayKind::Simulator;
    let locale = chosen_locale(read, config)?;
    let house: HouseRules = read.settings().get(setting::HOUSE)?.unwrap_or_default();
    let open = read.shifts().open()?.filter(|_| house.blind_count);
    let blind_from = open.map(|shift| shift.opened_at);
    Ok(day_picture(read, &config.shop, locale, blind_from, day, training)?.text)
}

/// The language that was chosen at this till, else the shop's.
pub(crate) fn chosen_locale(read: Read<'_>, config: &Config) -> Result<Locale, StoreError> {
    Ok(match read.settings().get::<String>(setting::LOCALE)?.as_deref() {
        Some("en") => Locale::En,
        Some("zh-CN") => Locale::ZhCn,
        Some(_) | None => config.shop.locale,
    })
}

/// A day's figures, without cash when a shift that is counted blind goes on in it.
fn day_picture(
    read: Read<'_>,
    shop: &Shop,
    locale: Locale,
    blind_from: Option<Timestamp>,
    day: Date,
    training: bool,
) -> Result<DayPicture, Refusal> {
    let (from, to) = shop.calendar.bounds(day).ok_or(Refusal::DayWrong)?;
    let rows = read.attempts().day_rows(from, to).map_err(Refusal::NotSaved)?;
    let refunds = read.refunds().of_day(from, to).map_err(Refusal::NotSaved)?;
    let refunds = refunds.iter().map(|stored| DayRefund::from(&stored.refund));
    let blind = blind_from.is_some_and(|opened_at| opened_at < to);
    let cash = match blind {
        true => Vec::new(),
        false => read.sales().day_cash(from, to).map_err(Refusal::NotSaved)?,
    };
    let figures =
        DayFigures::compute(day, &shop.calendar, rows, refunds, cash).map_err(|_| Refusal::DayWrong)?;
    let discounts = match blind {
        true => Tally::default(),
        false => read
            .sale_lines()
            .discounts_of_day(from, to)
            .map_err(Refusal::NotSaved)?,
    };
    let text = day_text::write(&figures, discounts, blind, shop, locale, training);
    Ok(DayPicture { figures, blind, text })
}

fn brief(row: OrderRow) -> PaymentBrief {
    PaymentBrief {
        attempt: row.attempt,
        first: row.first,
        pieces: row.pieces,
        cash_in_hand: row.cash_in_hand,
    }
}
