//! The notify by which WeChat tells of a refund: no sign, but `req_info` encrypted with the API key.
//!
//! `req_info` is base64 of AES-256-ECB with PKCS#7 padding; the AES key is the **text** of the API key's MD5 in
//! lower-case hexadecimal, 32 characters, a leading zero included.

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ecb::cipher::block_padding::Pkcs7;
use ecb::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyInit};
use jiff::Timestamp;
use md5::{Digest, Md5};
use zeroize::Zeroizing;

use crate::envelope::{optional_fen, optional_text, optional_time, required, required_fen};
use crate::fields::Fields;
use crate::merchant::{Merchant, Nonce};
use crate::money::Fen;
use crate::pay_notify::{CAP, NotifyRefusal, check_merchant};
use crate::refund_query::RefundStatus;
use crate::sign::ApiKey;
use crate::xml;

/// An authentic notify of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundNotify {
    /// WeChat's number of the payment.
    pub transaction_id: String,
    /// The merchant's number of the order.
    pub out_trade_no: String,
    /// WeChat's number of the refund.
    pub refund_id: String,
    /// The merchant's number of the refund.
    pub out_refund_no: String,
    /// The order's amount.
    pub total_fee: Fen,
    /// The amount given back.
    pub refund_fee: Fen,
    /// What was settled of it.
    pub settlement_refund_fee: Option<Fen>,
    /// How it ended.
    pub status: RefundStatus,
    /// When the money arrived.
    pub success_time: Option<Timestamp>,
    /// Where it went, in words.
    pub recv_account: Option<String>,
}

/// Reads and decrypts a refund notify's body.
///
/// # Errors
/// Anything that isn't an authentic refund notify for this merchant.
pub fn from_bytes(body: &[u8], merchant: &Merchant) -> Result<RefundNotify, NotifyRefusal> {
    read(&Fields::from_xml(body, CAP)?, merchant)
}

/// Decrypts a refund notify that has been parsed already.
///
/// # Errors
/// Anything that isn't an authentic refund notify for this merchant.
pub fn read(fields: &Fields, merchant: &Merchant) -> Result<RefundNotify, NotifyRefusal> {
    if required(fields, "return_code")? != "SUCCESS" {
        return Err(NotifyRefusal::ReturnFail);
    }
    check_merchant(fields, merchant)?;
    let req_info = required(fields, "req_info")?;
    let inner = merchant.with_its_key(|key| decrypt(req_info, key))?;
    let text = |name| required(&inner, name).map(str::to_owned);
    Ok(RefundNotify {
        transaction_id: text("transaction_id")?,
        out_trade_no: text("out_trade_no")?,
        refund_id: text("refund_id")?,
        out_refund_no: text("out_refund_no")?,
        total_fee: required_fen(&inner, "total_fee")?,
        refund_fee: required_fen(&inner, "refund_fee")?,
        settlement_refund_fee: optional_fen(&inner, "settlement_refund_fee")?,
        status: RefundStatus::parse(required(&inner, "refund_status")?),
        success_time: optional_time(&inner, "success_time")?,
        // The wire's own spelling.
        recv_account: optional_text(&inner, "refund_recv_accout"),
    })
}

/// The fields inside `req_info`.
///
/// # Errors
/// Not base64, not encrypted by this key, or not a V2 document within.
pub fn decrypt(req_info: &str, key: &ApiKey) -> Result<Fields, NotifyRefusal> {
    let dense: String = req_info.split_ascii_whitespace().collect();
    let cipher_text = STANDARD.decode(dense).map_err(|_| NotifyRefusal::Cipher)?;
    let plain = ecb::Decryptor::<Aes256>::new((&*aes_key(key)).into())
        .decrypt_padded_vec::<Pkcs7>(&cipher_text)
        .map_err(|_| NotifyRefusal::Cipher)?;
    Ok(Fields::from_xml(&plain, CAP)?)
}

/// `req_info` of these fields: WeChat's part, for simulators and tests.
pub fn encrypt(fields: &Fields, key: &ApiKey) -> String {
    let cipher = ecb::Encryptor::<Aes256>::new((&*aes_key(key)).into());
    STANDARD.encode(cipher.encrypt_padded_vec::<Pkcs7>(xml::write(fields, "root").as_bytes()))
}

/// The whole refund notify of these inner fields: WeChat's part, for simulators and tests.
pub fn write(inner: &Fields, merchant: &Merchant, nonce: &Nonce) -> Fields {
    Fields::new()
        .with("return_code", "SUCCESS")
        .with("appid", &merchant.appid)
        .with("mch_id", &merchant.mch_id)
        .with("nonce_str", nonce.as_str())
        .with("req_info", encrypt(inner, &merchant.api_key))
}

/// Lower-case hexadecimal text of the API key's MD5: byte by byte, so that a leading zero stays.
fn aes_key(key: &ApiKey) -> Zeroizing<[u8; 32]> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = Zeroizing::new([0; 32]);
    for (byte, pair) in Md5::digest(key.expose()).iter().zip(text.chunks_exact_mut(2)) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_aes_key_is_the_text_of_the_digest() {
        for (key, text) in [
            (
                "exposed_your_key_here_have_risks",
                "4ad14ac334ab13540eb6c5479512a8e8",
            ),
            (
                "ziR0QKsTUfMOuochC9RfCdmfHECorQAP",
                "a1fdc4d1da9fb443b1091d34bcee9493",
            ),
            (
                "k0000000000000000000000000000003",
                "075bf38be58bf29891c1ee5cf907ef57",
            ),
            (
                "192006250b4c09247ec02edce69f6a2d",
                "d96eb16afdd491fa1e705096edbc2205",
            ),
        ] {
            let aes_key = ApiKey::parse(key).map(|key| aes_key(&key));
            let aes_key = aes_key.as_deref().map(<[u8; 32]>::as_slice);
            assert_eq!(
                aes_key,
                Ok(text.as_bytes()),
                "published or computed elsewhere, leading zero included"
            );
        }
    }
}
