//! The gateway: all orders and refunds of one merchant, and the one way in for requests.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wechat_pay::{ApiKey, SignError, SignType};

use crate::answer::{Answer, Delivery, Record, Signature, XML};
use crate::beijing::compact;
use crate::calls::{Call, Done, Refusal};
use crate::check;
use crate::config::GatewayConfig;
use crate::dice::Dice;
use crate::faults::{Fault, Faults};
use crate::notify::Notify;
use crate::order::{Order, Payment};
use crate::refund::Refund;
use crate::wire::{self, Params};

/// The code of a request whose signature is wrong.
const SIGN_ERROR: &str = "SIGNERROR";

/// WeChat Pay's side of one merchant. No I/O and no clock: every method that needs the time is given it.
#[derive(Debug, Clone)]
pub struct Gateway {
    pub(crate) config: GatewayConfig,
    /// The key before [`Self::rotate_key`].
    previous_key: Option<ApiKey>,
    pub(crate) faults: Faults,
    pub(crate) book: Book,
    changes: u64,
}

/// All that a snapshot keeps.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Book {
    mch_id: String,
    pub(crate) dice: Dice,
    /// By out_trade_no.
    pub(crate) orders: BTreeMap<String, Order>,
    /// Every code_url ever given to its order, dead ones too.
    pub(crate) codes: BTreeMap<String, String>,
    /// transaction_id to out_trade_no.
    pub(crate) transactions: BTreeMap<String, String>,
    /// By refund_id.
    pub(crate) refunds: BTreeMap<String, Refund>,
    /// out_refund_no to refund_id.
    pub(crate) refund_numbers: BTreeMap<String, String>,
    /// Refunds that are still PROCESSING, by the time that ends.
    pub(crate) settling: BTreeSet<(Timestamp, String)>,
    pub(crate) notifies: BTreeMap<u64, Notify>,
    pub(crate) notify_ids: u64,
    /// The latest time the gateway was told: a snapshot that goes on before it does so on a clock that was turned back.
    pub(crate) latest: Timestamp,
}

impl Book {
    /// The order and its payment, if it is paid.
    pub(crate) fn paid(&self, out_trade_no: &str) -> Option<(&Order, &Payment)> {
        let order = self.orders.get(out_trade_no)?;
        Some((order, order.payment()?))
    }
}

/// Why a snapshot can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It isn't a snapshot of this version.
    #[error("the snapshot can't be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// It belongs to another merchant.
    #[error("the snapshot belongs to the merchant {0}")]
    OtherMerchant(String),
}

impl Gateway {
    /// A gateway without orders.
    pub fn new(config: GatewayConfig) -> Self {
        let book = Book {
            mch_id: config.mch_id.clone(),
            dice: Dice::new(config.seed),
            orders: BTreeMap::new(),
            codes: BTreeMap::new(),
            transactions: BTreeMap::new(),
            refunds: BTreeMap::new(),
            refund_numbers: BTreeMap::new(),
            settling: BTreeSet::new(),
            notifies: BTreeMap::new(),
            notify_ids: 0,
            latest: Timestamp::MIN,
        };
        Self {
            config,
            previous_key: None,
            faults: Faults::default(),
            book,
            changes: 0,
        }
    }

    /// A gateway that goes on now where [`Self::to_json`] left off; faults are not kept, a clock pushed ahead among them.
    ///
    /// # Errors
    /// The text isn't a snapshot, or one of another merchant.
    pub fn from_json(config: GatewayConfig, json: &str, now: Timestamp) -> Result<Self, SnapshotError> {
        let book: Book = serde_json::from_str(json)?;
        if book.mch_id != config.mch_id {
            return Err(SnapshotError::OtherMerchant(book.mch_id));
        }
        let mut gateway = Self {
            config,
            previous_key: None,
            faults: Faults::default(),
            book,
            changes: 0,
        };
        gateway.go_on_at(now);
        Ok(gateway)
    }

    /// Everything but the configuration (it holds the key) and the faults.
    ///
    /// # Errors
    /// None known; JSON of plain maps is always possible, the signature leaves that to serde.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self.book)
    }

    /// The configuration it was made with.
    pub fn config(&self) -> &GatewayConfig {
        &self.config
    }

    /// The merchant sets another key at WeChat's platform: from now on only that one counts, in requests and in what is
    /// written. A notify that was written before stays as it is, however often it is still sent.
    pub fn rotate_key(&mut self, key: ApiKey) {
        self.previous_key = Some(std::mem::replace(&mut self.config.api_key, key));
    }

    /// The disputed rules, to be changed while it runs.
    pub fn rules_mut(&mut self) -> &mut crate::config::Rules {
        &mut self.config.rules
    }

    /// The faults that wait to strike.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The faults, to be set and taken back.
    pub fn faults_mut(&mut self) -> &mut Faults {
        &mut self.faults
    }

    /// Counts up with every change that a snapshot must have; answers that change nothing don't count.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    pub(crate) fn changed(&mut self) {
        self.changes += 1;
    }

    pub(crate) fn seen(&mut self, now: Timestamp) {
        self.book.latest = self.book.latest.max(now);
    }

    /// Answers a POST. `cert`: whether the caller showed a valid client certificate.
    pub fn answer(&mut self, now: Timestamp, path: &str, body: &[u8], cert: bool) -> Answer {
        self.seen(now);
        let Some(call) = Call::of_path(path) else {
            return Answer::page(404, "404 Not Found", Record::of(None));
        };
        let mut answer = self.answer_call(now, call, body, cert);
        if let Delivery::After(wait) = &mut answer.delivery {
            *wait = self.faults.strike_delay(call);
        }
        answer
    }

    /// Answers any method but POST.
    pub fn answer_other_method(&mut self, path: &str) -> Answer {
        let record = Record::of(Call::of_path(path));
        unsigned(
            "请使用post方法 REQUIRE_POST_METHOD",
            record,
            "REQUIRE_POST_METHOD",
        )
    }

    fn answer_call(&mut self, now: Timestamp, call: Call, body: &[u8], cert: bool) -> Answer {
        let mut record = Record::of(Some(call));
        if self.faults.strike(call, Fault::DropBefore) {
            return Answer::lost(Delivery::Drop, record.result("dropped, not processed"));
        }
        if self.faults.strike(call, Fault::HangBefore) {
            return Answer::lost(Delivery::Hang, record.result("hangs, not processed"));
        }
        if self.faults.strike(call, Fault::Html502) {
            return Answer::page(502, "502 Bad Gateway", record);
        }
        if self.faults.strike(call, Fault::Redirect) {
            let page = Answer::page(302, "302 Found", record);
            return Answer {
                location: Some("https://wx.gtimg.com/core/404.html"),
                ..page
            };
        }
        if call.needs_certificate() && self.config.rules.require_certificate && !cert {
            // From memory of the web server before the gateway; the documents don't show it.
            return Answer::page(400, "400 No required SSL certificate was sent", record);
        }
        let (request, kind) = match self.read(body, &mut record) {
            Ok(read) => read,
            // A bill's page has words of its own for it.
            Err(Refusal { code: SIGN_ERROR, .. }) if call == Call::DownloadBill => {
                return bill_refused("SIGN ERROR", "20001", record);
            }
            Err(refusal) => return unsigned(&refusal.description, record, refusal.code),
        };
        let done = if self.faults.strike(call, Fault::SystemError) {
            Err(Refusal::new("SYSTEMERROR", "系统超时"))
        } else if self.faults.strike(call, Fault::FrequencyLimited) {
            Err(Refusal::new("FREQUENCY_LIMITED", "频率限制，请稍后重试"))
        } else {
            let done = self
                .known_merchant(&request)
                .and_then(|()| call.run(self, now, &request));
            match self.faults.strike(call, Fault::SystemErrorAfter) {
                true => Err(Refusal::new("SYSTEMERROR", "系统超时")),
                false => done,
            }
        };
        let answer = self.envelope(call, done, &request, kind, record);
        self.distort(call, answer)
    }

    /// Reads a request and checks its signature. A refusal here is unsigned: nothing to sign it with is trusted yet.
    fn read(&self, body: &[u8], record: &mut Record) -> Result<(Params, SignType), Refusal> {
        if body.is_empty() {
            return Err(Refusal::new("POST_DATA_EMPTY", "post数据为空"));
        }
        if std::str::from_utf8(body).is_err() {
            return Err(Refusal::new("NOT_UTF8", "编码格式错误，请使用UTF-8编码格式"));
        }
        let request = wire::read(body).map_err(|_| Refusal::new("XML_FORMAT_ERROR", "XML格式错误"))?;
        if let Some(number) = request.get("out_trade_no") {
            record.out_trade_no = number.chars().take(32).collect();
        }
        if request.get("sign").is_none_or(String::is_empty) {
            record.signature = Signature::Missing;
        }
        check::envelope(&request)?;
        if request.get("mch_id") != Some(&self.config.mch_id) {
            return Err(Refusal::new("MCHID_NOT_EXIST", "商户号mch_id或sub_mch_id不存在"));
        }
        let verdict = wire::checked_sign_type(&request, &self.config.api_key);
        record.signature = match verdict {
            Ok(SignType::Md5) => Signature::Md5,
            Ok(SignType::HmacSha256) => Signature::HmacSha256,
            Err(SignError::Missing) => Signature::Missing,
            Err(SignError::Wrong | SignError::UnknownType | SignError::TypeDiffers) => Signature::Wrong,
        };
        let kind = verdict.map_err(|_| Refusal::new(SIGN_ERROR, "签名失败"))?;
        Ok((request, kind))
    }

    fn known_merchant(&self, request: &Params) -> Result<(), Refusal> {
        if request.get("appid") == Some(&self.config.appid) {
            return Ok(());
        }
        Err(Refusal::new("APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配"))
    }

    fn envelope(
        &mut self,
        call: Call,
        done: Result<Done, Refusal>,
        request: &Params,
        kind: SignType,
        record: Record,
    ) -> Answer {
        let fields = match done {
            Ok(Done::Bill { bytes, gzip }) => {
                let content_type = if gzip {
                    "application/x-gzip"
                } else {
                    "text/plain; charset=utf-8"
                };
                return Answer::text(bytes, content_type, record.result("SUCCESS"));
            }
            Ok(Done::BillRefused { message, code }) => return bill_refused(message, code, record),
            // The bill's page knows no result_code: its errors are unsigned.
            Err(refusal) if call == Call::DownloadBill => return bill_refused(refusal.code, "20001", record),
            Ok(Done::Fields(fields)) => Ok(fields),
            Err(refusal) => Err(refusal),
        };
        let result = fields.as_ref().map_or_else(|refusal| refusal.code, |_| "SUCCESS");
        let record = record.result(result);
        let mut params = match fields {
            Ok(fields) => with(fields, &[("result_code", "SUCCESS")]),
            Err(refusal) => {
                let errors = [
                    ("err_code", refusal.code),
                    ("err_code_des", refusal.description.as_str()),
                ];
                with(with(Params::new(), &[("result_code", "FAIL")]), &errors)
            }
        };
        let nonce = self.book.dice.text(16);
        let (appid, mch_id) = (self.config.appid.as_str(), self.config.mch_id.as_str());
        let envelope = [
            ("return_code", "SUCCESS"),
            ("return_msg", "OK"),
            ("appid", appid),
            ("mch_id", mch_id),
            ("nonce_str", &nonce),
        ];
        params = with(params, &envelope);
        if let Some(device) = request.get("device_info").filter(|device| !device.is_empty()) {
            params.insert("device_info".to_owned(), device.clone());
        }
        self.sign_wrongly_or_rightly(call, params, kind, record)
    }

    /// Signs an answer's fields, after faults have changed what is rightly signed and before they change the sign.
    fn sign_wrongly_or_rightly(
        &mut self,
        call: Call,
        mut params: Params,
        kind: SignType,
        record: Record,
    ) -> Answer {
        let faults = &mut self.faults;
        let mut replace = |fault: Fault, name: &str, value: &str| {
            // A fault waits for an answer that has the field: polls of an unpaid order don't use it up.
            if params.contains_key(name) && faults.strike(call, fault) {
                params.insert(name.to_owned(), value.to_owned());
            }
        };
        replace(Fault::WrongAppid, "appid", "wx0000000000000000");
        replace(Fault::WrongMchId, "mch_id", "1000000000");
        replace(Fault::WrongOutTradeNo, "out_trade_no", "WRONG-000000-1-AAAA");
        replace(Fault::WrongFeeType, "fee_type", "USD");
        replace(Fault::UnknownState, "trade_state", "PAIDISH");
        if params.contains_key("total_fee") && faults.strike(call, Fault::WrongAmount) {
            wire::add_a_fen(&mut params);
        }
        if faults.strike(call, Fault::ExtraField) {
            params.insert("field_of_next_year".to_owned(), "未来字段".to_owned());
        }
        let kind = match (faults.strike(call, Fault::OtherSignType), kind) {
            (false, kind) => kind,
            (true, SignType::Md5) => SignType::HmacSha256,
            (true, SignType::HmacSha256) => SignType::Md5,
        };
        if faults.strike(call, Fault::NoSign) {
            return Answer::text(wire::plain(&params), XML, record);
        }
        if faults.strike(call, Fault::WrongSign) {
            let sign = wechat_pay::sign::sign(&wire::fields(&params), &self.config.api_key, kind);
            let wrong: String = sign.chars().rev().collect();
            return Answer::text(wire::plain(&with(params, &[("sign", &wrong)])), XML, record);
        }
        let key = match &self.previous_key {
            Some(previous) if faults.strike(call, Fault::PreviousKey) => previous,
            Some(_) | None => &self.config.api_key,
        };
        Answer::text(wire::with_sign(&params, key, kind), XML, record)
    }

    /// Lets faults change the bytes of a processed answer, or lose it.
    fn distort(&mut self, call: Call, mut answer: Answer) -> Answer {
        if self.faults.strike(call, Fault::DropAfter) {
            return Answer::lost(Delivery::Drop, answer.record);
        }
        if self.faults.strike(call, Fault::Hang) {
            return Answer::lost(Delivery::Hang, answer.record);
        }
        if self.faults.strike(call, Fault::EmptyBody) {
            answer.body.clear();
        }
        if self.faults.strike(call, Fault::Truncated) {
            answer.body.truncate(answer.body.len() / 2);
        }
        if self.faults.strike(call, Fault::DoubledField) {
            let text = String::from_utf8_lossy(&answer.body);
            answer.body = text
                .replace("</xml>", "<return_code>SUCCESS</return_code></xml>")
                .into_bytes();
        }
        if self.faults.strike(call, Fault::Doctype) {
            let doctype = b"<!DOCTYPE xml [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>";
            answer.body.splice(0..0, doctype.iter().copied());
        }
        if self.faults.strike(call, Fault::Bom) {
            answer.body.splice(0..0, *b"\xef\xbb\xbf");
        }
        answer
    }

    /// The order that a request names by transaction_id, which wins, or by out_trade_no.
    pub(crate) fn named_order(&self, request: &Params, absent: Refusal) -> Result<String, Refusal> {
        let text = |name: &str| request.get(name).map_or("", String::as_str);
        if text("transaction_id").is_empty() {
            return Ok(text("out_trade_no").to_owned());
        }
        self.book
            .transactions
            .get(text("transaction_id"))
            .cloned()
            .ok_or(absent)
    }

    pub(crate) fn new_code_url(&mut self) -> String {
        loop {
            let url = format!(
                "weixin://wxpay/bizpayurl/up?pr={}&groupid=00",
                self.book.dice.text(7)
            );
            if !self.book.codes.contains_key(&url) {
                return url;
            }
        }
    }

    pub(crate) fn new_prepay_id(&mut self, now: Timestamp) -> String {
        format!("wx{}{}", compact(now), self.book.dice.digits(20))
    }

    pub(crate) fn new_transaction_id(&mut self, now: Timestamp) -> String {
        loop {
            let (batch, tail) = (self.book.dice.digits(6), self.book.dice.digits(10));
            let number = format!("4200{batch}{}{tail}", &compact(now)[..8]);
            if !self.book.transactions.contains_key(&number) {
                return number;
            }
        }
    }

    pub(crate) fn new_refund_id(&mut self, now: Timestamp) -> String {
        loop {
            let (batch, tail) = (self.book.dice.digits(6), self.book.dice.digits(11));
            let number = format!("5000{batch}{}{tail}", &compact(now)[..8]);
            if !self.book.refunds.contains_key(&number) {
                return number;
            }
        }
    }
}

fn with(mut params: Params, more: &[(&str, &str)]) -> Params {
    params.extend(
        more.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    params
}

/// `return_code=FAIL`: no sign, and nothing in it is to be trusted.
fn unsigned(message: &str, record: Record, code: &str) -> Answer {
    let params = with(Params::new(), &[("return_code", "FAIL"), ("return_msg", message)]);
    Answer::text(wire::plain(&params), XML, record.result(code))
}

fn bill_refused(message: &str, code: &str, record: Record) -> Answer {
    let params = with(
        Params::new(),
        &[
            ("return_code", "FAIL"),
            ("return_msg", message),
            ("error_code", code),
        ],
    );
    Answer::text(wire::plain(&params), XML, record.result(message))
}
