//! The self-check: what must be true of a ledger, whoever wrote to it. Rules only; walking the ledger is the store's part.
//!
//! Nothing here trusts that the till has kept its own rules: a row may have been changed behind its back.

use std::fmt;

use serde::Serialize;

use crate::{
    Attempt, CashRefund, Evidence, Fen, Line, Lowered, MoneyError, OutTradeNo, Refund, Sale, SaleId,
    SignVerdict, Sold, State, StockHold, ZNumber,
};

/// What is looked at, in the order in which it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Every page and index of the file, and every row's parent.
    File,
    /// The chain of the journal's digests.
    Journal,
    /// Every sale and order that anything speaks of is there.
    Sales,
    /// A sale's lines, its total, its orders' amounts and the journal say the same.
    Sums,
    /// An order's columns, its body and its last row in the journal say the same.
    Orders,
    /// A sale's goods are held, sold or free as its orders have it.
    Goods,
    /// Money is in the ledger only where a rightly signed answer says so.
    Evidence,
    /// No more was given back than had been paid.
    Refunds,
    /// On hand = start + received − sold − reserved, as the sales have it.
    Stock,
    /// The books hold what follows from orders, refunds and cash, and nothing else.
    Books,
    /// Every Z is there as it was made, and books and drawer still add up to it.
    Zs,
    /// Each movement of cash is in the journal, and each shift is what was moved and counted in it.
    Drawer,
    /// The people, refunds, bills and sign-offs are those that the journal tells of, and the account was never exchanged under
    /// them.
    Records,
    /// The tables and the guards on them are those that this program makes.
    Schema,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The ledger as a whole.
    Ledger,
    /// A row of the journal, or several in a row.
    Journal {
        /// The first.
        first: i64,
        /// The last.
        last: i64,
    },
    /// A sale.
    Sale(SaleId),
    /// An order, by the number that stands in the ledger.
    Order(String),
    /// A product, by its name.
    Product(String),
    /// A closed day.
    Z(ZNumber),
    /// A shift, by the number that stands in the ledger.
    Shift(i64),
}

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// About what.
    pub about: About,
    /// What should be there; empty where that can't be said.
    pub expected: String,
    /// What is there; empty where nothing is.
    pub found: String,
}

/// One check and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Which.
    pub check: Check,
    /// How many things were looked at.
    pub looked_at: u64,
    /// What does not hold; at most [`WRONG_MAX`].
    pub wrong: Vec<Wrong>,
    /// How many more do not hold.
    pub more: u64,
}

/// What came of all checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfCheck {
    /// In the order of [`Check`].
    pub parts: Vec<Part>,
}

/// More than this is not listed: the page is to be read by a person.
pub const WRONG_MAX: usize = 100;

impl Check {
    /// All of them, in order.
    pub const ALL: [Self; 14] = [
        Self::File,
        Self::Journal,
        Self::Sales,
        Self::Sums,
        Self::Orders,
        Self::Goods,
        Self::Evidence,
        Self::Refunds,
        Self::Stock,
        Self::Books,
        Self::Zs,
        Self::Drawer,
        Self::Records,
        Self::Schema,
    ];

    /// The check in one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Journal => "journal",
            Self::Sales => "sales",
            Self::Sums => "sums",
            Self::Orders => "orders",
            Self::Goods => "goods",
            Self::Evidence => "evidence",
            Self::Refunds => "refunds",
            Self::Stock => "stock",
            Self::Books => "books",
            Self::Zs => "zs",
            Self::Drawer => "drawer",
            Self::Records => "records",
            Self::Schema => "schema",
        }
    }
}

impl Wrong {
    /// Something else should be there.
    #[must_use]
    pub fn new(about: About, expected: impl ToString, found: impl ToString) -> Self {
        Self {
            about,
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }
}

impl Part {
    /// A check that has not looked at anything yet.
    #[must_use]
    pub fn new(check: Check) -> Self {
        Self {
            check,
            looked_at: 0,
            wrong: Vec::new(),
            more: 0,
        }
    }

    /// Everything that was looked at holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.wrong.is_empty()
    }

    /// One more thing was looked at.
    pub fn look(&mut self, wrong: Option<Wrong>) {
        self.looked_at += 1;
        if let Some(wrong) = wrong {
            self.note(wrong);
        }
    }

    /// Something does not hold.
    pub fn note(&mut self, wrong: Wrong) {
        if self.wrong.len() < WRONG_MAX {
            self.wrong.push(wrong);
        } else {
            self.more += 1;
        }
    }
}

impl SelfCheck {
    /// Everything holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.parts.iter().all(Part::holds)
    }
}

/// A sale's lines make its total; an order asks for all of it, or for less where cash was taken before; what was paid is
/// what was asked for, and makes the total with the cash. A payment that a person took over may differ.
#[must_use]
pub fn check_sums(sale: &Sale, lines: Result<Fen, MoneyError>, cash_moved: bool) -> Option<Wrong> {
    let about = About::Sale(sale.id);
    if lines != Ok(sale.total) {
        let found = lines.map_or_else(|error| error.to_string(), |sum| sum.to_string());
        return Some(Wrong::new(about, sale.total, found));
    }
    if sale.cash < Fen::ZERO || sale.cash > sale.total {
        return Some(Wrong::new(about, sale.total, sale.cash));
    }
    sale.attempts.iter().find_map(|attempt| {
        let about = About::order(&attempt.out_trade_no);
        if attempt.total_fee > sale.total || (!cash_moved && attempt.total_fee != sale.total) {
            return Some(Wrong::new(about, sale.total, attempt.total_fee));
        }
        let payment = attempt.state.paid()?;
        let wrong = payment.total_fee != attempt.total_fee || payment.total_fee != sale.rest();
        (wrong && attempt.adopted.is_none()).then(|| Wrong::new(about, sale.rest(), payment.total_fee))
    })
}

/// What the journal has to say of a sale that was rung up below its list prices; `None` of any other.
#[must_use]
pub fn reductions_told(lines: &[Line]) -> Option<String> {
    let told: Vec<String> = lines.iter().filter_map(reduction_told).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

fn reduction_told(line: &Line) -> Option<String> {
    let it = line.reduction.as_ref()?;
    let how = match it.how {
        Lowered::NewPrice => "new price",
        Lowered::AmountOff => "amount off",
    };
    let approved = it
        .approved_by
        .as_ref()
        .map_or_else(String::new, |by| format!(", approved by {by}"));
    let Line {
        line, price, pieces, ..
    } = line;
    Some(format!(
        "line {}: {pieces} at {price} for {}, {how}{approved}",
        line.0, it.list
    ))
}

/// What was taken off a sale's lines is what the journal tells, no more and no less.
#[must_use]
pub fn check_reductions(sale: SaleId, lines: &[Line], told: &[String]) -> Option<Wrong> {
    let standing: Vec<String> = reductions_told(lines).into_iter().collect();
    (standing != told).then(|| Wrong::new(About::Sale(sale), list(told), list(&standing)))
}

/// A sale is paid once at most; its goods are sold when it is, free when it can't be paid any more, and held as long as it
/// may be or a person has to decide.
#[must_use]
pub fn check_goods(sale: &Sale) -> Option<Wrong> {
    let count = |is: fn(&Attempt) -> bool| sale.attempts.iter().filter(|it| is(it)).count();
    let adopted = count(|it| it.state.paid().is_some() && it.adopted.is_some());
    let paid = count(|it| it.state.paid().is_some()) + usize::from(sale.is_paid_in_cash());
    let waiting = count(|it| !it.is_final());
    let in_review = count(|it| matches!(it.state, State::Review { .. }));
    let on_a_word = count(Attempt::sold_on_a_word);
    let about = About::Sale(sale.id);
    if paid > 1 {
        return Some(Wrong::new(about, "paid: 1", format!("paid: {paid}")));
    }
    let open = waiting + in_review > 0 || sale.cash > Fen::ZERO;
    let holds = match sale.stock {
        StockHold::Sold => paid == 1 || on_a_word > 0,
        // A late payment that was taken over may find nothing left to sell.
        StockHold::Returned => waiting == 0 && paid == adopted,
        StockHold::Held => paid == 0 && open,
    };
    let expected = match (paid, open) {
        (0, false) => StockHold::Returned,
        (0, true) => StockHold::Held,
        (_, _) => StockHold::Sold,
    };
    (!holds).then(|| Wrong::new(about, goods_word(expected), goods_word(sale.stock)))
}

/// What the journal has to say of a refund in cash before its reason.
#[must_use]
pub fn cash_refund_told(refund: &CashRefund) -> String {
    format!("{} {}", refund.number, refund.amount)
}

/// No more cash was refunded of a sale than it was made of, and no piece twice; each refund is a movement of cash, and the
/// journal has told of each as it stands. `moved` and `told` are what left the drawer and what the journal says, in order.
#[must_use]
pub fn check_cash_refunds(sale: &Sale, sold: &Sold<'_>, moved: &[Fen], told: &[String]) -> Option<Wrong> {
    let wrong = |expected: String, found: String| Some(Wrong::new(About::Sale(sale.id), expected, found));
    let refunds = sold.cash_refunds;
    let given = Fen::sum(refunds.iter().map(|it| it.amount));
    if given.as_ref().ok().is_none_or(|given| *given > sale.cash_kept()) {
        let found = given.map_or_else(|error| error.to_string(), |sum| sum.to_string());
        return wrong(sale.cash_kept().to_string(), found);
    }
    let amounts: Vec<Fen> = refunds.iter().map(|it| it.amount).collect();
    if amounts != moved {
        return wrong(list(moved), list(&amounts));
    }
    let standing: Vec<String> = refunds.iter().map(cash_refund_told).collect();
    if standing != told {
        return wrong(list(told), list(&standing));
    }
    sold.lines.iter().find_map(|line| {
        let at_wechat = sold.refunds.iter().filter(|it| Refund::counts(&it.refund));
        let pieces = at_wechat
            .map(|it| &it.lines)
            .chain(refunds.iter().map(|it| &it.lines))
            .flatten()
            .filter(|it| it.line == line.line)
            .fold(0_u32, |sum, it| sum.saturating_add(it.pieces));
        (pieces > line.pieces)
            .then(|| wrong(format!("{} × {}", line.name, line.pieces), pieces.to_string()))
            .flatten()
    })
}

fn list(what: &[impl ToString]) -> String {
    let words: Vec<String> = what.iter().map(ToString::to_string).collect();
    words.join(", ")
}

/// Money stands in the ledger only where a rightly signed answer with WeChat's number of it was kept.
#[must_use]
pub fn check_evidence(attempt: &Attempt, evidence: &[Evidence]) -> Option<Wrong> {
    let payment = attempt.payment()?;
    let proves = |row: &Evidence| {
        row.sign == SignVerdict::Right
            && row
                .answer
                .as_ref()
                .is_some_and(|answer| answer.contains(&payment.transaction_id))
    };
    let proven = evidence.iter().any(proves);
    (!proven).then(|| Wrong::new(About::order(&attempt.out_trade_no), &payment.transaction_id, ""))
}

/// The journal says of an order that it was placed, with its amount.
#[must_use]
pub fn check_placed(attempt: &Attempt, placed: Option<&str>) -> Option<Wrong> {
    let amount = attempt.total_fee.to_string();
    (placed != Some(amount.as_str())).then(|| {
        Wrong::new(
            About::order(&attempt.out_trade_no),
            amount,
            placed.unwrap_or_default(),
        )
    })
}

/// The last that the journal says of an order's state, as "old -> new", is the state that it is in.
#[must_use]
pub fn check_last_state(attempt: &Attempt, last: Option<&str>) -> Option<Wrong> {
    let said = match last {
        Some(change) => change.rsplit_once(" -> ").map_or(change, |(_, new)| new),
        // An order begins its life like this; the journal says so by "placed".
        None => State::Placing.word(),
    };
    let is = attempt.state.word();
    (said != is).then(|| Wrong::new(About::order(&attempt.out_trade_no), said, is))
}

fn goods_word(stock: StockHold) -> &'static str {
    match stock {
        StockHold::Held => "held",
        StockHold::Sold => "sold",
        StockHold::Returned => "returned",
    }
}

impl About {
    /// About an order.
    #[must_use]
    pub fn order(number: &OutTradeNo) -> Self {
        Self::Order(number.as_str().to_owned())
    }
}

/// For lists and logs; the pages say it in their own words.
impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ledger => f.write_str("ledger"),
            Self::Journal { first, last } if first == last => write!(f, "journal row {first}"),
            Self::Journal { first, last } => write!(f, "journal rows {first} to {last}"),
            Self::Sale(id) => write!(f, "sale {}", id.0),
            Self::Order(number) => write!(f, "order {number}"),
            Self::Product(name) => write!(f, "product {name}"),
            Self::Z(number) => write!(f, "Z {}", number.0),
            Self::Shift(id) => write!(f, "shift {id}"),
        }
    }
}
