//! Products from a CSV file: every row right, or none taken and every wrong row named.

use std::collections::HashSet;

use csv::{ErrorKind, ReaderBuilder, StringRecord};
use till_core::{Barcode, Fen, MoneyError, Price, TOTAL_MAX};
use till_store::{NewProduct, NewStock};

/// The word in the price column for a price that the cashier enters.
const OPEN_PRICE: [&str; 2] = ["自定义", "open"];
/// Where a product without a category goes.
const CATEGORY_OTHER: &str = "其他";
/// Most pieces of one product.
const STOCK_MAX: u32 = 9_999_999;
/// Longest name, in characters.
const NAME_MAX: usize = 120;

/// One thing that is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongRow {
    /// Line of the file; the header is line 1.
    pub line: u32,
    /// Name of the column as the file has it; as it should be, where it has none.
    pub column: String,
    /// What is wrong.
    pub code: WrongRowCode,
    /// The text as found.
    pub found: String,
}

/// What can be wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrongRowCode {
    /// The file has no column of this name, or two.
    HeaderMissing,
    /// The row has too many or too few fields, or a text that can't be shown or that no order can carry.
    Unreadable,
    /// A product needs a name.
    NameEmpty,
    /// Not yuan with at most two decimals.
    PriceNotMoney,
    /// Under 0.01, or more than a till can take.
    PriceOutOfRange,
    /// Not a whole number of pieces, 0 or more.
    StockNotWhole,
    /// Another row has the same barcode; or the same name, where neither has a barcode.
    BarcodeTwice,
    /// Not 4 to 32 plain characters, or a number that a spreadsheet has rounded.
    BarcodeWrong,
}

/// Reads products. The columns are found by their names, Chinese or English, in any order; others are passed over. Name and
/// price must be there. An empty stock field means that the pieces are not counted; no stock column at all leaves known
/// products as they are.
pub fn read_products(csv_text: &str) -> Result<Vec<NewProduct>, Vec<WrongRow>> {
    let text = csv_text.strip_prefix('\u{FEFF}').unwrap_or(csv_text);
    let mut reader = ReaderBuilder::new().from_reader(text.as_bytes());
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => return Err(vec![unreadable(&error)]),
    };
    let columns = Columns::find(&header)?;
    let mut products = Vec::new();
    let mut wrong = Vec::new();
    let mut seen = HashSet::new();
    for record in reader.records() {
        match record {
            Ok(record) => {
                let row = Row {
                    columns: &columns,
                    record: &record,
                };
                match row.product() {
                    Ok(product) => match row.first_of_its_kind(&product, &mut seen) {
                        Ok(()) => products.push(product),
                        Err(twice) => wrong.push(twice),
                    },
                    Err(mut faults) => wrong.append(&mut faults),
                }
            }
            Err(error) => wrong.push(unreadable(&error)),
        }
    }
    if wrong.is_empty() {
        Ok(products)
    } else {
        Err(wrong)
    }
}

/// The products of the training shop.
pub fn training_products() -> Result<Vec<NewProduct>, Vec<WrongRow>> {
    read_products(include_str!("training_catalogue.csv"))
}

/// Where a column is and what the file calls it.
#[derive(Debug, Clone)]
struct Column {
    index: usize,
    name: String,
}

#[derive(Debug)]
struct Columns {
    name: Column,
    barcode: Option<Column>,
    price: Column,
    stock: Option<Column>,
    category: Option<Column>,
}

struct Row<'a> {
    columns: &'a Columns,
    record: &'a StringRecord,
}

impl Columns {
    fn find(header: &StringRecord) -> Result<Self, Vec<WrongRow>> {
        let mut wrong = Vec::new();
        let mut find = |chinese: &str, english: &str, needed: bool| -> Option<Column> {
            let mut named = header.iter().enumerate().filter_map(|(index, name)| {
                let name = name.trim();
                let is_it = name == chinese || name.eq_ignore_ascii_case(english);
                is_it.then(|| Column {
                    index,
                    name: name.to_owned(),
                })
            });
            let (first, second) = (named.next(), named.next());
            if second.is_some() || (first.is_none() && needed) {
                wrong.push(WrongRow {
                    line: 1,
                    column: format!("{chinese}/{english}"),
                    code: WrongRowCode::HeaderMissing,
                    found: header.iter().collect::<Vec<_>>().join(","),
                });
            }
            first
        };
        let name = find("品名", "name", true);
        let barcode = find("条码", "barcode", false);
        let price = find("价格", "price", true);
        let stock = find("库存", "stock", false);
        let category = find("分类", "category", false);
        match (name, price) {
            (Some(name), Some(price)) if wrong.is_empty() => Ok(Self {
                name,
                barcode,
                price,
                stock,
                category,
            }),
            _ => Err(wrong),
        }
    }
}

impl Row<'_> {
    fn product(&self) -> Result<NewProduct, Vec<WrongRow>> {
        let mut wrong = Vec::new();
        let mut keep = |fault| wrong.push(fault);
        let name = self.name().map_err(&mut keep);
        let barcode = self.barcode().map_err(&mut keep);
        let price = self.price().map_err(&mut keep);
        let stock = self.stock().map_err(&mut keep);
        let category = self.category().map_err(&mut keep);
        match (name, barcode, price, stock, category) {
            (Ok(name), Ok(barcode), Ok(price), Ok(stock), Ok(category)) => Ok(NewProduct {
                name,
                barcode,
                price,
                category,
                stock,
            }),
            _ => Err(wrong),
        }
    }

    fn name(&self) -> Result<String, WrongRow> {
        let column = &self.columns.name;
        let name = self.field(column);
        if name.is_empty() {
            return Err(self.fault(column, WrongRowCode::NameEmpty));
        }
        self.showable(column)
    }

    fn category(&self) -> Result<String, WrongRow> {
        match &self.columns.category {
            Some(column) if !self.field(column).is_empty() => self.showable(column),
            Some(_) | None => Ok(CATEGORY_OTHER.to_owned()),
        }
    }

    fn barcode(&self) -> Result<Option<Barcode>, WrongRow> {
        let Some(column) = &self.columns.barcode else {
            return Ok(None);
        };
        let text = self.field(column);
        if text.is_empty() {
            return Ok(None);
        }
        match Barcode::parse(text) {
            Ok(barcode) if !rounded_by_a_spreadsheet(text) => Ok(Some(barcode)),
            Ok(_) | Err(_) => Err(self.fault(column, WrongRowCode::BarcodeWrong)),
        }
    }

    fn price(&self) -> Result<Price, WrongRow> {
        let column = &self.columns.price;
        let text = self.field(column);
        if OPEN_PRICE.iter().any(|word| text.eq_ignore_ascii_case(word)) {
            return Ok(Price::Open);
        }
        let code = match Fen::parse_yuan(text) {
            Ok(price) if price >= Fen::new(1) && price <= TOTAL_MAX => return Ok(Price::Fixed(price)),
            Ok(_) | Err(MoneyError::OutOfRange) => WrongRowCode::PriceOutOfRange,
            Err(MoneyError::NotMoney) => WrongRowCode::PriceNotMoney,
        };
        Err(self.fault(column, code))
    }

    fn stock(&self) -> Result<NewStock, WrongRow> {
        let Some(column) = &self.columns.stock else {
            return Ok(NewStock::Unsaid);
        };
        let text = self.field(column);
        if text.is_empty() {
            return Ok(NewStock::NotCounted);
        }
        // `parse` would let a "+" pass.
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u32>() {
            Ok(pieces) if digits && pieces <= STOCK_MAX => Ok(NewStock::Available(pieces)),
            Ok(_) | Err(_) => Err(self.fault(column, WrongRowCode::StockNotWhole)),
        }
    }

    /// Two rows for one product would leave it to their order what it costs.
    fn first_of_its_kind(
        &self,
        product: &NewProduct,
        seen: &mut HashSet<(bool, String)>,
    ) -> Result<(), WrongRow> {
        let (key, column) = match (&product.barcode, &self.columns.barcode) {
            (Some(barcode), Some(column)) => ((true, barcode.as_str().to_owned()), column),
            (Some(_) | None, _) => ((false, product.name.clone()), &self.columns.name),
        };
        if seen.insert(key) {
            Ok(())
        } else {
            Err(self.fault(column, WrongRowCode::BarcodeTwice))
        }
    }

    fn showable(&self, column: &Column) -> Result<String, WrongRow> {
        let text = self.field(column);
        if !text.chars().all(wechat_pay::is_text_char) || text.chars().count() > NAME_MAX {
            return Err(self.fault(column, WrongRowCode::Unreadable));
        }
        Ok(text.to_owned())
    }

    fn field(&self, column: &Column) -> &str {
        self.record.get(column.index).unwrap_or_default().trim()
    }

    fn fault(&self, column: &Column, code: WrongRowCode) -> WrongRow {
        WrongRow {
            line: self.record.position().map_or(0, |position| line(position.line())),
            column: column.name.clone(),
            code,
            found: self.record.get(column.index).unwrap_or_default().to_owned(),
        }
    }
}

/// `6.92117E+12`: the digits are lost, and no scanner will ever read this.
fn rounded_by_a_spreadsheet(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    upper.split_once("E+").is_some_and(|(digits, power)| {
        let numeric =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        numeric(digits) && numeric(power)
    })
}

fn unreadable(error: &csv::Error) -> WrongRow {
    let at = error.position().map_or(1, |position| line(position.line()));
    let found = match error.kind() {
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("{len} fields instead of {expected_len}"),
        _ => error.to_string(),
    };
    WrongRow {
        line: at,
        column: String::new(),
        code: WrongRowCode::Unreadable,
        found,
    }
}

fn line(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong, as `line column code found`.
    fn faults(csv: &str) -> Vec<String> {
        let Err(wrong) = read_products(csv) else {
            return Vec::new();
        };
        wrong
            .into_iter()
            .map(|it| format!("{} {} {:?} {}", it.line, it.column, it.code, it.found))
            .collect()
    }

    #[test]
    fn columns_are_found_by_either_name_in_any_order() {
        let chinese = read_products("\u{FEFF}品名,条码,价格,库存,分类\n可乐,6901234,3.50,12,饮料\n").unwrap();
        let english =
            read_products("Stock,note,PRICE,Name,category,barcode\r\n12,x,3.5,可乐,饮料,6901234\r\n")
                .unwrap();
        assert_eq!(
            chinese, english,
            "order, language, mark at the start and line ends make no difference"
        );
        assert_eq!(
            chinese[0].price,
            Price::Fixed(Fen::new(350)),
            "3.5 yuan is 350 fen"
        );
        assert_eq!(chinese[0].stock, NewStock::Available(12), "twelve can be sold");
    }

    #[test]
    fn what_is_left_out_has_a_meaning() {
        let products = read_products("name,price\n包子,2\n其它,自定义\n").unwrap();
        assert_eq!(
            products[0].stock,
            NewStock::Unsaid,
            "no stock column says nothing about stock"
        );
        assert_eq!(products[0].category, "其他", "no category is the last one");
        assert_eq!(products[1].price, Price::Open, "the cashier enters this one");
        let products = read_products("name,price,stock\n包子,2,\n").unwrap();
        assert_eq!(
            products[0].stock,
            NewStock::NotCounted,
            "an empty field says that it is not counted"
        );
    }

    #[test]
    fn wrong_prices_are_refused_each_with_its_line() {
        let csv = "品名,价格\na,1.999\nb,-1\nc,１２\nd,1e3\ne,¥5\nf,\ng,0\nh,6921168509256\ni,99999999999999999999\nj,\"1,5\"\nk,0x10\nl,NaN\n";
        assert_eq!(
            faults(csv),
            [
                "2 价格 PriceNotMoney 1.999",
                "3 价格 PriceNotMoney -1",
                "4 价格 PriceNotMoney １２",
                "5 价格 PriceNotMoney 1e3",
                "6 价格 PriceNotMoney ¥5",
                "7 价格 PriceNotMoney ",
                "8 价格 PriceOutOfRange 0",
                "9 价格 PriceOutOfRange 6921168509256",
                "10 价格 PriceOutOfRange 99999999999999999999",
                "11 价格 PriceNotMoney 1,5",
                "12 价格 PriceNotMoney 0x10",
                "13 价格 PriceNotMoney NaN",
            ],
            "nothing is rounded, guessed or read as a float; a barcode in the price column is no price"
        );
    }

    #[test]
    fn wrong_stock_is_refused() {
        let csv = "name,price,stock\na,1,-1\nb,1,2.0\nc,1,+3\nd,1,３\ne,1,99999999\nf,1,99999999999\n";
        assert_eq!(
            faults(csv).len(),
            6,
            "below zero, broken, signed, full-width, absurd and too long: all six"
        );
        assert!(
            faults(csv).iter().all(|fault| fault.contains("StockNotWhole")),
            "each of them for its stock"
        );
    }

    #[test]
    fn wrong_and_doubled_barcodes_are_refused() {
        let csv = "name,price,barcode\na,1,6901234567892\nb,1,6901234567892\nc,1,６９０１\nd,1,12 34\ne,1,6.92117E+12\nf,1,123\n";
        assert_eq!(
            faults(csv),
            [
                "3 barcode BarcodeTwice 6901234567892",
                "4 barcode BarcodeWrong ６９０１",
                "5 barcode BarcodeWrong 12 34",
                "6 barcode BarcodeWrong 6.92117E+12",
                "7 barcode BarcodeWrong 123",
            ],
            "the second of two, full-width digits, a blank, one that a spreadsheet has rounded, one too short"
        );
        assert_eq!(
            faults("name,price\n包子,1\n包子,2\n"),
            ["3 name BarcodeTwice 包子"],
            "without a barcode the name is what it is known by"
        );
    }

    #[test]
    fn one_wrong_row_keeps_every_row_out_and_all_faults_are_told_at_once() {
        let csv = "品名,价格,库存\n可乐,3.5,1\n ,x,y\n";
        assert_eq!(
            faults(csv),
            [
                "3 品名 NameEmpty  ",
                "3 价格 PriceNotMoney x",
                "3 库存 StockNotWhole y"
            ],
            "the right row is not imported, and the wrong one says all that is wrong with it"
        );
    }

    #[test]
    fn rows_of_another_length_are_refused_by_their_line() {
        assert_eq!(
            faults("name,price\n\"two\nlines\",1\nb\nc,1,2\nd,1\n"),
            [
                "2 name Unreadable two\nlines",
                "4  Unreadable 1 fields instead of 2",
                "5  Unreadable 3 fields instead of 2"
            ],
            "lines are those of the file, also after a field that goes over two"
        );
    }

    #[test]
    fn a_file_without_its_columns_is_refused() {
        assert_eq!(
            faults(""),
            ["1 品名/name HeaderMissing ", "1 价格/price HeaderMissing "],
            "an empty file lacks both"
        );
        assert_eq!(
            faults("品名,name,价格\na,b,1\n"),
            ["1 品名/name HeaderMissing 品名,name,价格"],
            "two columns for one thing is as bad as none"
        );
        assert_eq!(
            faults("name;price\na;1\n").len(),
            2,
            "semicolons make one strange column"
        );
    }

    #[test]
    fn a_name_that_looks_like_a_formula_is_a_name() {
        let names = [
            "=HYPERLINK(\"http://x\")",
            "+1",
            "-5度",
            "@SUM(A1)",
            "<b>粗体</b>",
            "'; DROP TABLE products; --",
        ];
        for name in names {
            let csv = format!("name,price\n\"{}\",1\n", name.replace('"', "\"\""));
            let products = read_products(&csv).unwrap();
            assert_eq!(products[0].name, name, "kept as text, letter for letter");
        }
    }

    #[test]
    fn names_that_can_not_be_shown_are_refused() {
        assert_eq!(faults("name,price\na\u{0}b,1\n").len(), 1, "a control character");
        let long = format!("name,price\n{},1\n", "长".repeat(NAME_MAX + 1));
        assert_eq!(faults(&long).len(), 1, "a name that no receipt holds");
    }

    #[test]
    fn the_training_shop_is_a_believable_one() {
        let products = training_products().unwrap();
        assert!((55..=70).contains(&products.len()), "about 60 products");
        let mut categories: Vec<&str> = products.iter().map(|it| it.category.as_str()).collect();
        categories.dedup();
        assert_eq!(
            categories,
            ["饮料", "零食", "乳品", "熟食", "日用", "速食", "其他"],
            "seven categories, each in one piece"
        );
        for barcode in products.iter().filter_map(|it| it.barcode.as_ref()) {
            let digits: Vec<u32> = barcode
                .as_str()
                .chars()
                .filter_map(|it| it.to_digit(10))
                .collect();
            let weighted: u32 = digits
                .iter()
                .zip([1, 3].into_iter().cycle())
                .map(|(digit, weight)| digit * weight)
                .sum();
            assert!(
                digits.len() == 13 && barcode.as_str().starts_with("69") && weighted.is_multiple_of(10),
                "{} is an EAN-13 with a right check digit",
                barcode.as_str()
            );
        }
        let low = products
            .iter()
            .filter(|it| matches!(it.stock, NewStock::Available(2..=4)))
            .count();
        assert!(low >= 3, "a few run low");
        let open = products.iter().filter(|it| it.price == Price::Open).count();
        assert_eq!(open, 1, "one has its price entered");
        let hot = products.iter().filter(|it| it.category == "熟食");
        assert!(
            hot.into_iter().all(|it| it.stock == NewStock::NotCounted),
            "nobody counts hot food"
        );
    }
}
