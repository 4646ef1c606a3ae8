//! The products in memory, to be found by name, barcode or pinyin while the cashier types.
//!
//! All keys stand in two long texts that are searched as a whole, so that a search is a scan of a few megabytes at memory
//! speed however many products there are, and stops as soon as it has enough good answers.

use std::collections::{BTreeSet, HashMap};

use memchr::memmem::Finder;
use pinyin::{Pinyin, ToPinyinMulti};
use till_core::{Product, ProductId};

/// Stands before every key. No key and no query holds it.
const START: char = '\u{1}';
/// Most ways to read a name that are kept.
const READINGS_MAX: usize = 16;
/// Longest query that makes sense, in characters.
const QUERY_MAX: usize = 64;

/// The products, in the order of the screen.
#[derive(Debug, Default)]
pub struct Catalogue {
    products: Vec<Product>,
    /// For each product, the number of its category.
    category_of: Vec<u32>,
    categories: Vec<String>,
    by_id: HashMap<ProductId, usize>,
    by_barcode: HashMap<String, usize>,
    /// Names and pinyin initials: found anywhere inside.
    inside: Keys,
    /// Barcodes and full pinyin: found by how they begin.
    beginning: Keys,
}

/// The keys of all products, one after the other.
#[derive(Debug, Default)]
struct Keys {
    text: String,
    /// For each product, where its keys end in `text`.
    ends: Vec<usize>,
}

/// The numbers of the products that a search has found, each list in the order of the screen.
#[derive(Default)]
struct Found {
    at_start: Vec<usize>,
    further_in: Vec<usize>,
}

impl Catalogue {
    /// Takes the products in, in the order of the screen.
    #[must_use]
    pub fn new(products: Vec<Product>) -> Self {
        let mut catalogue = Self::default();
        let mut category_numbers: HashMap<String, u32> = HashMap::new();
        for (number, product) in products.iter().enumerate() {
            let next = u32::try_from(category_numbers.len()).unwrap_or(u32::MAX);
            let category = *category_numbers
                .entry(product.category.clone())
                .or_insert_with(|| {
                    catalogue.categories.push(product.category.clone());
                    next
                });
            catalogue.category_of.push(category);
            catalogue.by_id.insert(product.id, number);
            let name = fold(&product.name);
            catalogue.inside.push(&name);
            for initials in readings(&name, |syllable| syllable.get(..1).unwrap_or_default()) {
                catalogue.inside.push(&initials);
            }
            catalogue.inside.end();
            if let Some(barcode) = &product.barcode {
                catalogue.beginning.push(&fold(barcode.as_str()));
                catalogue.by_barcode.insert(barcode.as_str().to_owned(), number);
            }
            for full in readings(&name, |syllable| syllable) {
                catalogue.beginning.push(&full);
            }
            catalogue.beginning.end();
        }
        catalogue.products = products;
        catalogue
    }

    /// All products, in the order of the screen.
    #[must_use]
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// The categories, in the order in which they first come.
    #[must_use]
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// The product with this number.
    #[must_use]
    pub fn get(&self, id: ProductId) -> Option<&Product> {
        self.by_id.get(&id).and_then(|number| self.products.get(*number))
    }

    /// The product with exactly this barcode; full-width digits, as a scanner types them into an input method, count too.
    #[must_use]
    pub fn by_barcode(&self, text: &str) -> Option<&Product> {
        self.products.get(self.number_of_barcode(text)?)
    }

    /// Sets what can be sold of a product now. An unknown product is passed over.
    pub fn set_available(&mut self, id: ProductId, available: Option<i64>) {
        let number = self.by_id.get(&id).copied();
        if let Some(product) = number.and_then(|number| self.products.get_mut(number)) {
            product.available = available;
        }
    }

    /// The products that a query means, at most `limit`, the best first: the one with exactly this barcode; those whose
    /// name, barcode, pinyin initials or full pinyin begin with it; those that have it further inside their name or
    /// initials. An empty query gives all of the category.
    ///
    /// Characters with several readings: the usual reading of every character, and every other reading of one character
    /// at a time, so that 重庆 is found by both `cq` and `zq`.
    #[must_use]
    pub fn search(&self, query: &str, category: Option<&str>, limit: usize) -> Vec<&Product> {
        let wanted = match category.map(|name| self.categories.iter().position(|it| it == name)) {
            None => None,
            Some(Some(number)) => Some(u32::try_from(number).unwrap_or(u32::MAX)),
            Some(None) => return Vec::new(),
        };
        let in_category =
            |number: &usize| wanted.is_none_or(|wanted| self.category_of.get(*number) == Some(&wanted));
        let exact = self.number_of_barcode(query).filter(in_category);
        let query = fold(query);
        let numbers: Vec<usize> = if query.is_empty() {
            (0..self.products.len()).filter(in_category).take(limit).collect()
        } else if query.chars().count() > QUERY_MAX {
            Vec::new()
        } else {
            self.numbers(exact, &query, in_category, limit)
        };
        numbers
            .into_iter()
            .filter_map(|number| self.products.get(number))
            .collect()
    }

    fn number_of_barcode(&self, text: &str) -> Option<usize> {
        // Not in lower case: two barcodes may differ by that.
        let scanned: String = text.trim().chars().map(plain_width).collect();
        self.by_barcode.get(&scanned).copied()
    }

    fn numbers(
        &self,
        exact: Option<usize>,
        query: &str,
        in_category: impl Fn(&usize) -> bool,
        limit: usize,
    ) -> Vec<usize> {
        let inside = self.inside.find(query, &in_category, limit);
        let mut start = String::with_capacity(query.len() + 1);
        start.push(START);
        start.push_str(query);
        let beginning = self.beginning.find(&start, &in_category, limit);
        // Each list is in order; joined, they have to be put in order again.
        let first: BTreeSet<usize> = inside
            .at_start
            .into_iter()
            .chain(beginning.at_start)
            .chain(beginning.further_in)
            .filter(|number| Some(*number) != exact)
            .collect();
        let then = inside
            .further_in
            .into_iter()
            .filter(|number| Some(*number) != exact && !first.contains(number));
        exact
            .into_iter()
            .chain(first.iter().copied())
            .chain(then)
            .take(limit)
            .collect()
    }
}

impl Keys {
    fn push(&mut self, key: &str) {
        self.text.push(START);
        self.text.push_str(key);
    }

    fn end(&mut self) {
        self.ends.push(self.text.len());
    }

    /// The products that have the needle in one of their keys: up to `limit` that have it at the start of one, and up to
    /// `limit` that have it only further in. A needle that begins with [`START`] is one that can only be found at a start.
    fn find(&self, needle: &str, wanted: impl Fn(&usize) -> bool, limit: usize) -> Found {
        let mut found = Found::default();
        let text = self.text.as_bytes();
        let mut number = 0;
        for hit in Finder::new(needle).find_iter(text) {
            while self.ends.get(number).is_some_and(|end| *end <= hit) {
                number += 1;
            }
            if !wanted(&number) {
                continue;
            }
            let at_start = hit
                .checked_sub(1)
                .and_then(|before| text.get(before))
                .is_some_and(|byte| *byte == START as u8)
                || needle.starts_with(START);
            let list = if at_start {
                &mut found.at_start
            } else {
                &mut found.further_in
            };
            if list.len() < limit && list.last() != Some(&number) {
                list.push(number);
            }
            if found.at_start.len() >= limit {
                break;
            }
        }
        found
    }
}

/// One form for what means the same: lower case, full-width forms as plain ones, runs of blanks as one blank, none at the
/// ends, no control characters.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars() {
        let plain = plain_width(character);
        if plain.is_whitespace() {
            if !folded.is_empty() && !folded.ends_with(' ') {
                folded.push(' ');
            }
        } else if !plain.is_control() {
            folded.extend(plain.to_lowercase());
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

fn plain_width(character: char) -> char {
    match character {
        // Full-width forms stand in the order of ASCII, from "!" on.
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(character) - 0xFF01 + 0x21).unwrap_or(character),
        other => other,
    }
}

/// The ways to write a name in pinyin, `part` of each syllable; letters and digits stand for themselves, everything else
/// is left out. None for a name without any Chinese character: the name itself is key enough.
fn readings(name: &str, part: impl Fn(&str) -> &str) -> Vec<String> {
    let mut syllables: Vec<Vec<String>> = Vec::new();
    let mut chinese = false;
    for character in name.chars() {
        if let Some(several) = character.to_pinyin_multi() {
            chinese = true;
            let mut distinct: Vec<String> = Vec::new();
            for syllable in several.into_iter().map(letters) {
                let syllable = part(&syllable).to_owned();
                if !syllable.is_empty() && !distinct.contains(&syllable) {
                    distinct.push(syllable);
                }
            }
            syllables.push(distinct);
        } else if character.is_ascii_alphanumeric() {
            syllables.push(vec![character.to_string()]);
        }
    }
    if !chinese {
        return Vec::new();
    }
    let usual: Vec<&str> = syllables
        .iter()
        .map(|readings| readings.first().map_or("", String::as_str))
        .collect();
    let mut all = vec![usual.concat()];
    for (place, readings) in syllables.iter().enumerate() {
        for other in readings.iter().skip(1) {
            if all.len() >= READINGS_MAX {
                return all;
            }
            let mut changed = usual.clone();
            changed[place] = other;
            all.push(changed.concat());
        }
    }
    all
}

/// A syllable as it is typed: plain letters, `v` for ü. The rare interjections without such a spelling become nothing.
fn letters(pinyin: Pinyin) -> String {
    let typed = pinyin.plain().replace('ü', "v");
    if typed.is_ascii() { typed } else { String::new() }
}

#[cfg(test)]
mod tests {
    use till_core::{Barcode, Fen, Price};

    use super::*;

    fn product(id: i64, name: &str, barcode: Option<&str>, category: &str) -> Product {
        Product {
            id: ProductId(id),
            name: name.to_owned(),
            barcode: barcode.map(|text| Barcode::parse(text).unwrap()),
            price: Price::Fixed(Fen::new(100)),
            category: category.to_owned(),
            available: None,
        }
    }

    fn shop() -> Catalogue {
        Catalogue::new(vec![
            product(1, "农夫山泉 550ml", Some("6999000001374"), "饮料"),
            product(2, "乐事 薯片 原味", Some("6999000021785"), "零食"),
            product(3, "重庆小面", None, "速食"),
            product(4, "Coca-Cola 可乐", Some("6999000001381"), "饮料"),
            product(5, "绿茶", Some("69990000013"), "饮料"),
            product(6, "小农夫饼干", None, "零食"),
        ])
    }

    fn ids(catalogue: &Catalogue, query: &str) -> Vec<i64> {
        let found = catalogue.search(query, None, 50);
        found.into_iter().map(|product| product.id.0).collect()
    }

    #[test]
    fn a_name_is_found_by_initials_and_by_full_pinyin() {
        let shop = shop();
        assert_eq!(ids(&shop, "nfsq"), [1], "the initials of 农夫山泉");
        assert_eq!(
            ids(&shop, "NFSQ5"),
            [1],
            "in either case, and on into the figures"
        );
        assert_eq!(ids(&shop, "nongfush"), [1], "the beginning of the full pinyin");
        assert_eq!(ids(&shop, "lvc"), [5], "ü is typed as v");
        assert_eq!(
            ids(&shop, "shanquan"),
            [0; 0],
            "full pinyin is looked at from its beginning only"
        );
    }

    #[test]
    fn a_character_with_several_readings_is_found_by_each() {
        let shop = shop();
        for query in ["cqxm", "zqxm", "chongqing", "zhongqing"] {
            assert_eq!(ids(&shop, query), [3], "重 is read both ways: {query}");
        }
        assert_eq!(ids(&shop, "lssp"), [2], "乐 as in 快乐");
        assert_eq!(ids(&shop, "yssp"), [2], "and 乐 as in 音乐");
    }

    #[test]
    fn the_exact_barcode_comes_first_then_beginnings_then_the_rest() {
        let shop = shop();
        assert_eq!(
            ids(&shop, "69990000013"),
            [5, 1, 4],
            "the one with this very code before the two whose code only begins with it"
        );
        assert_eq!(
            ids(&shop, "农夫"),
            [1, 6],
            "a name that begins with it before one that has it inside"
        );
        assert_eq!(
            ids(&shop, "0013"),
            [0; 0],
            "the middle of a barcode finds nothing"
        );
    }

    #[test]
    fn what_an_input_method_makes_of_it_is_understood() {
        let shop = shop();
        let scanned = shop
            .by_barcode("６９９９０００００１３７４")
            .map(|product| product.id);
        assert_eq!(
            scanned,
            Some(ProductId(1)),
            "full-width digits are the same barcode"
        );
        assert_eq!(
            ids(&shop, "  ＮＦ "),
            [1, 6],
            "full-width letters and blanks around are the same query"
        );
        assert_eq!(ids(&shop, "coca-cola"), [4], "a Latin name in lower case");
    }

    #[test]
    fn categories_and_limits_bound_the_answer() {
        let shop = shop();
        let found = shop.search("", Some("饮料"), 2);
        assert_eq!(
            found.iter().map(|product| product.id.0).collect::<Vec<_>>(),
            [1, 4],
            "the first two of the category, in the order of the screen"
        );
        assert!(
            shop.search("", Some("没有"), 50).is_empty(),
            "no such category, nothing in it"
        );
        assert!(
            shop.search("农夫", Some("速食"), 50).is_empty(),
            "a name outside the category is not found"
        );
        assert_eq!(
            shop.categories(),
            ["饮料", "零食", "速食"],
            "in the order in which they first come"
        );
    }

    #[test]
    fn a_query_of_any_kind_does_no_harm() {
        let shop = shop();
        for query in [
            "\u{1}",
            "\0",
            "%",
            "a\u{1}b",
            "🍜",
            &"农".repeat(10_000),
            "\u{202E}",
        ] {
            assert!(
                ids(&shop, query).len() <= 6,
                "no product comes twice for {:?}",
                query.chars().next()
            );
        }
        assert_eq!(
            ids(&Catalogue::default(), "nf"),
            [0; 0],
            "an empty shop has nothing"
        );
    }

    #[test]
    fn what_can_be_sold_is_kept_up_to_date() {
        let mut shop = shop();
        shop.set_available(ProductId(1), Some(3));
        shop.set_available(ProductId(99), Some(3));
        let available = shop.get(ProductId(1)).and_then(|product| product.available);
        assert_eq!(available, Some(3), "the next search shows what is left");
    }

    #[test]
    fn every_answer_is_one_that_a_plain_look_would_find() {
        let products = crate::import::training_products().unwrap();
        let products: Vec<Product> = (1..)
            .zip(&products)
            .map(|(id, new)| {
                product(
                    id,
                    &new.name,
                    new.barcode.as_ref().map(Barcode::as_str),
                    &new.category,
                )
            })
            .collect();
        let shop = Catalogue::new(products.clone());
        for product in &products {
            let name = &product.name;
            assert!(
                ids(&shop, name).contains(&product.id.0),
                "{name} is found by its own name"
            );
            let initials: String = readings(&fold(name), |it| it.get(..1).unwrap_or_default()).swap_remove(0);
            assert!(
                ids(&shop, &initials).contains(&product.id.0),
                "{name} is found by {initials}"
            );
            if let Some(barcode) = &product.barcode {
                assert_eq!(
                    ids(&shop, barcode.as_str()),
                    [product.id.0],
                    "{name} alone has its barcode"
                );
            }
        }
        for query in ["a", "5", "s", "水", "ml", "k"] {
            let all = shop.search(query, None, 1000);
            let first = shop.search(query, None, 5);
            assert_eq!(
                first,
                all[..first.len()],
                "a limit cuts the answer {query:?} short and changes nothing else"
            );
        }
    }
}
