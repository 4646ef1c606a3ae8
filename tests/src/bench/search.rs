//! Search in 100,000 products, against a plain look through all names.

use std::hint::black_box;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use till_app::catalogue::Catalogue;
use till_core::{Barcode, Fen, Price, Product, ProductId};

use crate::cost::{median, percentile, wall};
use crate::scale::Scale;
use crate::table::{Goal, Row, Unit};

const PRODUCTS: u32 = 100_000;
/// As many as the till window gets.
const LIMIT: usize = 200;

/// Characters with their pinyin.
const BRANDS: &[(&str, &str)] = &[
    ("农夫", "nongfu"),
    ("康师傅", "kangshifu"),
    ("三全", "sanquan"),
    ("蒙牛", "mengniu"),
    ("伊利", "yili"),
    ("旺旺", "wangwang"),
    ("白象", "baixiang"),
    ("双汇", "shuanghui"),
    ("海天", "haitian"),
    ("立白", "libai"),
    ("心相印", "xinxiangyin"),
    ("卫龙", "weilong"),
    ("达利园", "daliyuan"),
    ("王老吉", "wanglaoji"),
    ("元气", "yuanqi"),
    ("金龙鱼", "jinlongyu"),
];
const GOODS: &[(&str, &str)] = &[
    ("山泉水", "shanquanshui"),
    ("红烧牛肉面", "hongshaoniuroumian"),
    ("鲜肉水饺", "xianroushuijiao"),
    ("纯牛奶", "chunniunai"),
    ("绿茶", "lvcha"),
    ("雪饼", "xuebing"),
    ("火腿肠", "huotuichang"),
    ("酱油", "jiangyou"),
    ("洗衣液", "xiyiye"),
    ("抽纸", "chouzhi"),
    ("辣条", "latiao"),
    ("薯片", "shupian"),
    ("饼干", "binggan"),
    ("花生油", "huashengyou"),
];
const SIZES: &[&str] = &["100g", "250g", "500g", "1kg", "330ml", "550ml", "1L", "2L"];

/// A product and what a cashier may type to find it.
struct Made {
    product: Product,
    pinyin: String,
    initials: String,
}

fn make(number: u32, rng: &mut StdRng) -> anyhow::Result<Made> {
    let pick = |list: &[(&'static str, &'static str)], rng: &mut StdRng| {
        list.choose(rng).copied().unwrap_or_default()
    };
    let (brand, good) = (pick(BRANDS, rng), pick(GOODS, rng));
    let size = SIZES.choose(rng).copied().unwrap_or_default();
    let name = format!("{}{} {size} {}号", brand.0, good.0, number % 977);
    // The initials as a cashier knows them: the first letter of the brand's and the goods' pinyin is enough to begin with.
    let initials = [brand.1, good.1].iter().filter_map(|it| it.get(..1)).collect();
    Ok(Made {
        product: Product {
            id: ProductId(i64::from(number)),
            name,
            barcode: Some(Barcode::parse(&format!("69{number:011}"))?),
            price: Price::Fixed(Fen::new(i64::from(number % 9_900) + 100)),
            category: good.0.to_owned(),
            available: Some(10),
        },
        pinyin: format!("{}{}", brand.1, good.1),
        initials,
    })
}

/// What is typed on the way to one product, key by key.
fn typed(made: &Made, rng: &mut StdRng) -> String {
    let beginning = |text: &str, rng: &mut StdRng| {
        let length = rng.random_range(1..=text.chars().count());
        text.chars().take(length).collect()
    };
    let name = &made.product.name;
    let barcode = made.product.barcode.as_ref().map_or("", Barcode::as_str);
    match rng.random_range(0..6) {
        0 => beginning(name, rng),
        1 => beginning(&made.pinyin, rng),
        2 => beginning(&made.initials, rng),
        3 => beginning(barcode, rng),
        // From the middle of the name.
        4 => name.chars().skip(2).take(rng.random_range(1..5)).collect(),
        // Nothing like it.
        _ => format!("{}x", beginning(&made.pinyin, rng)),
    }
}

/// Measures search.
pub(crate) fn measure(scale: Scale) -> anyhow::Result<Vec<Row>> {
    let queries = scale.of(1_500, 30);
    let mut rng = StdRng::seed_from_u64(1);
    let made = (1..=PRODUCTS)
        .map(|number| make(number, &mut rng))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let names: Vec<String> = made.iter().map(|it| it.product.name.to_lowercase()).collect();
    let products = made.iter().map(|it| it.product.clone()).collect();
    let (opening, catalogue) = wall(|| Catalogue::new(products));
    let (mut ours, mut plain, mut found) = (Vec::new(), Vec::new(), 0);
    for _ in 0..queries {
        let one = &made[rng.random_range(0..made.len())];
        let query = typed(one, &mut rng);
        let (seconds, hits) = wall(|| black_box(catalogue.search(black_box(&query), None, LIMIT)).len());
        ours.push(seconds);
        found += usize::from(hits > 0);
        let (seconds, _) = wall(|| {
            let hits = names.iter().filter(|name| name.contains(black_box(&query)));
            black_box(hits.take(LIMIT).count())
        });
        plain.push(seconds);
    }
    anyhow::ensure!(found > queries / 2, "most queries find something: {found}");
    let p95 = Row::plain(
        "search in 100,000 products, p95",
        percentile(&ours, 95),
        Unit::Seconds,
    )
    .against(percentile(&plain, 95), "plain look through the names")
    .goal(Goal::AtMost(0.016));
    let middle = Row::plain("  median", median(&ours), Unit::Seconds)
        .against(median(&plain), "plain look through the names");
    Ok(vec![
        p95,
        middle,
        Row::plain("  making the index, once at the start", opening, Unit::Seconds),
    ])
}
