//! Signing a question and reading an answer, against nothing but the digest of the same bytes.

use std::hint::black_box;

use md5::{Digest as _, Md5};
use scantill_tests::counter::{API_KEY, APPID, MCH_ID};
use wechat_pay::sign::{sign, signed, verify};
use wechat_pay::{ApiKey, Fields, SignType};

use crate::cost::{median, wall};
use crate::scale::Scale;
use crate::table::{Goal, Row, Unit};

/// Operations between two looks at the clock.
const BATCH: u32 = 2_000;
/// Above any answer to a query.
const CAP: usize = 64 * 1024;

/// The question after an order, ready to be signed.
fn question() -> Fields {
    Fields::new()
        .with("appid", APPID)
        .with("mch_id", MCH_ID)
        .with("out_trade_no", "T01261123061502000147K3Q9")
        .with("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS")
        .with("sign_type", "MD5")
}

/// WeChat's answer about a paid order, not yet signed: the longest that a sale sees.
fn answer() -> Fields {
    Fields::new()
        .with("return_code", "SUCCESS")
        .with("return_msg", "OK")
        .with("appid", APPID)
        .with("mch_id", MCH_ID)
        .with("device_info", "T01")
        .with("nonce_str", "TN55wO9Pba5yENl8ReKpLhAzUmQ7Gd1B")
        .with("result_code", "SUCCESS")
        .with("openid", "oUpF8uN95-Ptaags6E_roPHg7AG0")
        .with("is_subscribe", "N")
        .with("trade_type", "NATIVE")
        .with("bank_type", "CCB_DEBIT")
        .with("total_fee", "1780")
        .with("fee_type", "CNY")
        .with("cash_fee", "1780")
        .with("cash_fee_type", "CNY")
        .with("transaction_id", "4200002601202611231234567890")
        .with("out_trade_no", "T01261123061502000147K3Q9")
        .with("attach", "")
        .with("time_end", "20261123141530")
        .with("trade_state", "SUCCESS")
        .with("trade_state_desc", "支付成功")
}

/// What the protocol has us digest: `a=1&b=2&key=…`.
fn string_to_sign(fields: &Fields) -> String {
    let mut parts: Vec<_> = fields
        .iter()
        .filter(|(name, value)| *name != "sign" && !value.is_empty())
        .collect();
    parts.sort_unstable();
    let mut text: String = parts
        .iter()
        .map(|(name, value)| format!("{name}={value}&"))
        .collect();
    text.push_str("key=");
    text.push_str(API_KEY);
    text
}

/// One side of a comparison: seconds of one operation, measured once a round.
struct Timed<'a> {
    work: Box<dyn FnMut() + 'a>,
    seconds: Vec<f64>,
}

impl<'a> Timed<'a> {
    fn new(work: impl FnMut() + 'a) -> Self {
        Self {
            work: Box::new(work),
            seconds: Vec::new(),
        }
    }

    fn round(&mut self) {
        let (seconds, ()) = wall(|| (0..BATCH).for_each(|_| (self.work)()));
        self.seconds.push(seconds / f64::from(BATCH));
    }
}

/// Measures signing, reading and both.
pub(crate) fn measure(scale: Scale) -> anyhow::Result<Vec<Row>> {
    let key = ApiKey::parse(API_KEY)?;
    let question = question();
    let text = string_to_sign(&question);
    let digest = Md5::digest(text.as_bytes());
    let by_hand: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    anyhow::ensure!(
        by_hand == sign(&question, &key, SignType::Md5),
        "the baseline digests the same bytes as the sign"
    );
    let body = signed(answer(), &key, SignType::Md5).to_xml();
    let hmac_body = signed(answer(), &key, SignType::HmacSha256).to_xml();
    let read = |body: &str, kind| -> anyhow::Result<()> {
        let fields = Fields::from_xml(black_box(body.as_bytes()), CAP)?;
        verify(&fields, &key, Some(kind))?;
        black_box(fields);
        Ok(())
    };
    read(&body, SignType::Md5)?;
    read(&hmac_body, SignType::HmacSha256)?;

    let mut sides = [
        Timed::new(|| {
            black_box(sign(black_box(&question), &key, SignType::Md5));
        }),
        Timed::new(|| {
            black_box(Md5::digest(black_box(text.as_bytes())));
        }),
        // Read once above: it can't fail here.
        Timed::new(|| drop(black_box(read(&body, SignType::Md5)))),
        Timed::new(|| {
            black_box(Md5::digest(black_box(body.as_bytes())));
        }),
        Timed::new(|| {
            black_box(sign(black_box(&question), &key, SignType::HmacSha256));
        }),
        Timed::new(|| drop(black_box(read(&hmac_body, SignType::HmacSha256)))),
    ];
    for _ in 0..scale.of(60, 3) {
        sides.iter_mut().for_each(Timed::round);
    }
    let [sign_ours, sign_bare, read_ours, read_bare, sign_hmac, read_hmac] =
        sides.map(|side| median(&side.seconds));
    let row = |name: &str, figure, bare, what| Row::plain(name, figure, Unit::Seconds).against(bare, what);
    Ok(vec![
        row(
            "sign a query and read its answer, MD5",
            sign_ours + read_ours,
            sign_bare + read_bare,
            "bare MD5 of the same bytes",
        )
        .goal(Goal::RatioAtMost(3.0)),
        row(
            "  sign alone",
            sign_ours,
            sign_bare,
            "bare MD5 of the signed text",
        ),
        row(
            "  read and verify alone",
            read_ours,
            read_bare,
            "bare MD5 of the body",
        ),
        row(
            "  both by HMAC-SHA256, the default",
            sign_hmac + read_hmac,
            sign_bare + read_bare,
            "bare MD5 of the same bytes",
        ),
    ])
}
