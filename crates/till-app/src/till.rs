//! The till: what a cashier can do. One thread owns it; time is handed in; everything that matters is saved before it is
//! acted on.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use thiserror::Error;
use till_core::{
    Cart, CartError, Fen, Input, NotNow, OutTradeNo, Product, RefundRefusal, Sale, SaleId, Shift, State,
};
use till_store::{Database, HeldCart, OpenError, StoreError, StoredSale};

use crate::account;
use crate::backup::Backups;
use crate::bill_file::BillFault;
use crate::bills::BillDesk;
use crate::cash::{CashReceipt, CashView};
use crate::catalogue::Catalogue;
use crate::config::{Config, Locale};
use crate::display::{Front, Thanks};
use crate::house::HouseRules;
use crate::notify::NotifyDesk;
use crate::open_drawer::DrawerShut;
use crate::qr::LastDrawn;
use crate::records;
use crate::refunds::RefundDesk;
use crate::runs::Run;
use crate::snapshot::{LastCheck, WechatLamp};
use crate::timetable::Timetable;
use crate::unseen::Unseen;
use crate::users::Staff;

/// The till of one counter.
#[derive(Debug)]
pub struct Till {
    pub(crate) config: Config,
    pub(crate) db: Database,
    pub(crate) rng: StdRng,
    pub(crate) locale: Locale,
    pub(crate) catalogue: Catalogue,
    pub(crate) catalogue_version: u32,
    pub(crate) last_drawn: LastDrawn,
    pub(crate) cart: Cart,
    pub(crate) held: Vec<HeldCart>,
    /// Sales of which an attempt is not final or is in review, and those on show.
    pub(crate) sales: HashMap<SaleId, Watched>,
    pub(crate) orders: HashMap<OutTradeNo, SaleId>,
    pub(crate) timetable: Timetable<OutTradeNo>,
    pub(crate) refunds: RefundDesk,
    /// The payment in the pay view.
    pub(crate) front: Option<Front>,
    /// What a customer who has just paid sees.
    pub(crate) thanks: Option<Thanks>,
    /// The newest time it was told.
    pub(crate) time: Timestamp,
    /// The cash view, where it is open.
    pub(crate) cash_view: Option<CashView>,
    /// The sale that was just paid in cash, until the next customer comes.
    pub(crate) cash_paid: Option<CashReceipt>,
    /// The drawer was to open for cash, and did not.
    pub(crate) drawer_shut: Option<DrawerShut>,
    /// Settled while nobody was looking.
    pub(crate) unseen: Unseen,
    pub(crate) wechat: WechatLamp,
    /// Questions in a row, of any order, without a usable answer, and since when.
    pub(crate) doubts: u32,
    pub(crate) doubts_since: Option<Timestamp>,
    /// The clock stands behind what the ledger has seen.
    pub(crate) clock_back_at_start: bool,
    /// The machine's clock stands behind the till's.
    pub(crate) clock_behind: bool,
    pub(crate) disk_trouble: bool,
    pub(crate) notify: NotifyDesk,
    pub(crate) staff: Staff,
    pub(crate) house: HouseRules,
    /// The shift that goes on.
    pub(crate) shift: Option<Shift>,
    pub(crate) bills: BillDesk,
    pub(crate) backups: Backups,
    pub(crate) bills_version: u32,
    pub(crate) version: u32,
}

/// A sale in memory, and what is known of its attempts beyond what is saved.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) sale: Sale,
    pub(crate) first: String,
    pub(crate) pieces: u32,
    pub(crate) notes: Notes,
}

/// The notes on a sale's attempts. A sale has one attempt, seldom two: a map would keep room for eleven, a kilobyte or two
/// for each payment that waits.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<(OutTradeNo, Note)>);

impl Notes {
    pub(crate) fn get(&self, number: &OutTradeNo) -> Option<&Note> {
        self.0.iter().find(|(its, _)| its == number).map(|(_, note)| note)
    }

    /// The note on this attempt, a blank one if there was none.
    pub(crate) fn of(&mut self, number: &OutTradeNo) -> &mut Note {
        let at = self.0.iter().position(|(its, _)| its == number);
        let at = at.unwrap_or_else(|| {
            self.0.reserve_exact(1);
            self.0.push((number.clone(), Note::default()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Note> {
        self.0.iter_mut().map(|(_, note)| note)
    }
}

/// What is known of an attempt beyond what is saved: the run of answers it is in.
#[derive(Debug, Default)]
pub(crate) struct Note {
    /// It was placed for the merchant in the configuration: looked up once, every poll wants to know.
    pub(crate) ours: bool,
    pub(crate) last_check: Option<LastCheck>,
    pub(crate) run: Option<Run>,
}

/// Why an act is refused; nothing was done.
#[derive(Debug, Error)]
pub enum Refusal {
    /// The cart said no.
    #[error(transparent)]
    Cart(#[from] CartError),
    /// The sale does not allow it now.
    #[error(transparent)]
    NotNow(#[from] NotNow),
    /// Fewer pieces are left than asked for.
    #[error("not enough left of {name}")]
    OutOfStock {
        /// Of what.
        name: String,
    },
    /// No product under this number.
    #[error("no such product")]
    NoSuchProduct,
    /// No product with this barcode.
    #[error("no product with barcode {0}")]
    NoSuchBarcode(String),
    /// No order, or no held cart, under this number.
    #[error("no such order")]
    NoSuchOrder,
    /// Money was taken; nothing is left to cancel.
    #[error("the order is paid")]
    AlreadyPaid,
    /// Out of a refund's bounds.
    #[error(transparent)]
    Refund(#[from] RefundRefusal),
    /// WeChat takes a refund only with the merchant's certificate, and the configuration names none.
    #[error("a refund needs [wechat] client_cert and client_key")]
    NoClientCertificate,
    /// The refund is past that.
    #[error("the refund's state does not allow it")]
    NotThisRefund,
    /// The store did not take it.
    #[error("not saved: {0}")]
    NotSaved(StoreError),
    /// A day that is none.
    #[error("not a day")]
    DayWrong,
    /// Not a bill of this merchant's.
    #[error(transparent)]
    Bill(#[from] BillFault),
    /// No such difference from the bill any more.
    #[error("no such difference")]
    NoSuchDifference,
    /// A note of nothing, or one longer than a note.
    #[error("a note has 1 to 500 characters")]
    NoteWrong,
    /// There is no bill to agree with.
    #[error("the bill is not there yet")]
    NoBill,
    /// Differences without a word about them can't be signed off.
    #[error("{0} differences are open")]
    DifferencesOpen(usize),
    /// There are people who work here, and none of them has signed in.
    #[error("the till is locked")]
    Locked,
    /// Nobody on duty under this number.
    #[error("no such user")]
    NoSuchUser,
    /// Not that person's PIN.
    #[error("the PIN is wrong")]
    PinWrong,
    /// Too many wrong PINs: none is looked at before this.
    #[error("no PIN is looked at before {until}")]
    PinShut {
        /// When one may be tried again.
        until: Timestamp,
    },
    /// A manager has to approve it with their PIN.
    #[error("a manager has to approve it")]
    NeedsManager,
    /// There are no users yet: whoever is at the till has to confirm it.
    #[error("it has to be confirmed")]
    NeedsConfirmation,
    /// Somebody on duty has this name.
    #[error("the name is taken")]
    NameTaken,
    /// Without this one there would be no manager left.
    #[error("a shop with users has a manager")]
    LastManager,
    /// A rule of the house that makes no sense.
    #[error("a rule of the house is out of range")]
    RulesOutOfRange,
    /// A shop with users takes money in a shift, and none is open.
    #[error("no shift is open")]
    NoShift,
    /// The configuration names no printer.
    #[error("there is no [printer]")]
    NoPrinter,
    /// No drawer hangs on a printer that the configuration names.
    #[error("there is no drawer on a [printer]")]
    NoDrawer,
    /// No Z under this number.
    #[error("no such Z")]
    NoSuchZ,
    /// One shift at a time.
    #[error("a shift is open already")]
    ShiftOpen,
    /// An amount of cash that makes no sense here.
    #[error("the amount is out of range")]
    AmountOutOfRange,
    /// Less was handed over than is due.
    #[error("less than is due")]
    TooLittle,
    /// Cash goes in and out for a reason.
    #[error("a reason is missing")]
    ReasonMissing,
    /// A person's words have at most 60 characters.
    #[error("at most 60 characters")]
    WordsTooLong,
}

/// Names in the settings table.
pub(crate) mod setting {
    pub(crate) const CART: &str = "cart";
    pub(crate) const LOCALE: &str = "locale";
    pub(crate) const ORDER_SEQUENCE: &str = "order_sequence";
    pub(crate) const LAST_SEEN: &str = "last_seen_ms";
    pub(crate) const INBOX_SEEN: &str = "inbox_seen";
    pub(crate) const LAST_BACKUP: &str = "last_backup_ms";
    pub(crate) const HOUSE: &str = "house_rules";
}

/// A clock that is so far back is worth a word to the cashier.
const CLOCK_BACK: SignedDuration = SignedDuration::from_mins(2);

impl Till {
    /// Opens the till on its ledger: everything that is not final is asked after first, spread over one poll interval.
    ///
    /// # Errors
    /// The ledger can't be read or written, or it belongs to another account than the configuration's.
    pub fn open(config: Config, mut db: Database, now: Timestamp, seed: [u8; 32]) -> Result<Self, OpenError> {
        account::go_on(&config.account(), &mut db, now)?;
        let locale = records::chosen_locale(db.read(), &config)?;
        let cart = db
            .read()
            .settings()
            .get::<Cart>(setting::CART)?
            .unwrap_or_default();
        let held = db.read().held_carts().all()?;
        let last_seen = db.read().settings().get::<i64>(setting::LAST_SEEN)?;
        let clock_back_at_start = last_seen
            .and_then(|millis| Timestamp::from_millisecond(millis).ok())
            .is_some_and(|seen| seen.duration_since(now) > CLOCK_BACK);
        let live = db.read().sales().live()?;
        let staff = Staff::new(db.read().users().on_duty()?, now);
        let house = HouseRules::load(&db)?;
        let shift = db.read().shifts().open()?;
        let last_z = db.read().z_reports().last()?.map(|z| z.closed_at);
        let backups = Backups::since(db.read().settings().get(setting::LAST_BACKUP)?, last_z);
        let catalogue = Catalogue::new(db.read().products().all()?);
        let notify = NotifyDesk::open(&config, &db)?;
        let mut till = Self {
            config,
            db,
            rng: StdRng::from_seed(seed),
            locale,
            catalogue,
            catalogue_version: 1,
            last_drawn: LastDrawn::default(),
            cart,
            held,
            sales: HashMap::new(),
            orders: HashMap::new(),
            timetable: Timetable::default(),
            refunds: RefundDesk::default(),
            front: None,
            thanks: None,
            time: now,
            cash_view: None,
            cash_paid: None,
            drawer_shut: None,
            unseen: Unseen::default(),
            wechat: WechatLamp::Idle,
            doubts: 0,
            doubts_since: None,
            clock_back_at_start,
            clock_behind: false,
            disk_trouble: false,
            notify,
            staff,
            house,
            shift,
            backups,
            bills: BillDesk::default(),
            bills_version: 1,
            version: 1,
        };
        till.resume(now, live)?;
        till.resume_refunds(now)?;
        Ok(till)
    }

    /// Takes up every sale that was left open.
    fn resume(&mut self, now: Timestamp, live: Vec<StoredSale>) -> Result<(), StoreError> {
        let count = live
            .iter()
            .map(|it| it.sale.attempts.iter().filter(|it| !it.is_done()).count())
            .sum::<usize>();
        let apart = self
            .config
            .timing
            .poll
            .checked_div(i32::try_from(count.max(1)).unwrap_or(i32::MAX));
        let apart = apart.unwrap_or(SignedDuration::ZERO);
        let mut nth = 0;
        for stored in live {
            let open: Vec<_> = stored
                .sale
                .attempts
                .iter()
                .filter(|attempt| !attempt.is_done())
                .map(|attempt| attempt.out_trade_no.clone())
                .collect();
            self.watch(stored);
            for number in open {
                let hold_back = apart.checked_mul(nth).unwrap_or(SignedDuration::ZERO);
                nth += 1;
                self.take_note_of_last_run(&number)?;
                // Nothing to save: what is asked is worked out anew at each start.
                self.change_in_memory(now, &number, Input::Resume { hold_back });
            }
        }
        // The window comes back to what the customer was in the middle of paying, if it is one only.
        let mut waiting = self
            .sales
            .values()
            .flat_map(|it| &it.sale.attempts)
            .filter(|it| it.can_cancel());
        if let (Some(only), None) = (waiting.next(), waiting.next()) {
            let number = only.out_trade_no.clone();
            self.serve(number);
        }
        Ok(())
    }

    /// Takes a sale into memory.
    pub(crate) fn watch(&mut self, stored: StoredSale) {
        let StoredSale {
            sale, first, pieces, ..
        } = stored;
        for attempt in &sale.attempts {
            self.orders.insert(attempt.out_trade_no.clone(), sale.id);
        }
        self.sales.insert(
            sale.id,
            Watched {
                sale,
                first,
                pieces,
                notes: Notes::default(),
            },
        );
    }

    /// Loads a settled sale back into memory when something is to be done with it.
    pub(crate) fn recall(&mut self, number: &OutTradeNo) -> Result<SaleId, Refusal> {
        if let Some(id) = self.orders.get(number) {
            return Ok(*id);
        }
        let stored = self
            .db
            .read()
            .sales()
            .by_order(number)
            .map_err(Refusal::NotSaved)?;
        let stored = stored.ok_or(Refusal::NoSuchOrder)?;
        let id = stored.sale.id;
        self.watch(stored);
        Ok(id)
    }

    /// Lets go of sales that are settled and that nobody looks at; the ledger has them.
    pub(crate) fn forget_settled(&mut self, id: SaleId) {
        let Some(watched) = self.sales.get(&id) else {
            return;
        };
        let needed = watched.sale.attempts.iter().any(|attempt| {
            let number = &attempt.out_trade_no;
            !attempt.is_final()
                || attempt.next.is_some()
                || matches!(attempt.state, State::Review { .. })
                || self.timetable.is_asking(number)
                || self.unseen.contains(number)
                || self.is_front(number)
        });
        let needed = needed
            || watched.sale.cash_in_hand() > Fen::ZERO
            || matches!(&self.cash_view, Some(CashView { of: Some(number) }) if watched.sale.attempt(number).is_some());
        if !needed && let Some(watched) = self.sales.remove(&id) {
            for attempt in &watched.sale.attempts {
                self.orders.remove(&attempt.out_trade_no);
            }
        }
    }

    /// The configuration in use.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The ledger, to read.
    #[must_use]
    pub fn db(&self) -> &Database {
        &self.db
    }

    /// Goes up with each change that a screen could show.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The next picture is newer than this one, which another till has shown in the same windows.
    pub fn go_on_from(&mut self, version: u32) {
        self.version = self.version.max(version).wrapping_add(1);
    }

    /// The language in use.
    #[must_use]
    pub fn locale(&self) -> Locale {
        self.locale
    }

    /// How far the machine's clock stands behind the till's.
    pub fn note_clock(&mut self, behind: SignedDuration) {
        let wrong = behind > CLOCK_BACK;
        if wrong != self.clock_behind {
            if wrong {
                tracing::warn!(seconds = behind.as_secs(), "the machine's clock was turned back");
            }
            self.clock_behind = wrong;
            self.changed();
        }
    }

    pub(crate) fn changed(&mut self) {
        self.version = self.version.wrapping_add(1);
    }

    /// Notes whether the disk takes what it is given.
    pub(crate) fn saved<T>(&mut self, result: Result<T, StoreError>) -> Result<T, Refusal> {
        let trouble = matches!(
            result,
            Err(StoreError::NotSaved(_) | StoreError::Unreadable { .. })
        );
        if trouble != self.disk_trouble && (trouble || result.is_ok()) {
            self.disk_trouble = trouble;
            self.changed();
        }
        result.map_err(|error| match error {
            StoreError::OutOfStock { product } => Refusal::OutOfStock {
                name: self
                    .catalogue
                    .get(product)
                    .map_or_else(String::new, |it: &Product| it.name.clone()),
            },
            StoreError::NotSaved(_) | StoreError::Unreadable { .. } | StoreError::Forbidden(_) => {
                tracing::error!(%error, "not saved");
                Refusal::NotSaved(error)
            }
        })
    }
}
