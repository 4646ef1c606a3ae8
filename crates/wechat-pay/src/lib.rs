//! WeChat Pay API V2: XML bodies, MD5 or HMAC-SHA256 signatures, NATIVE orders.
//!
//! The crate knows the protocol and nothing of shops. A request type knows its path, its answer, whether it
//! needs the client certificate and whether it may be repeated ([`Request`]); every exchange ends in one of three
//! [`Outcome`]s, so that "no answer" can't be taken for "no". Everything but `client.rs` is free of I/O and of
//! clocks. No key and no openid appears in any `Debug` output or log line.
//!
//! ```
//! use wechat_pay::{ApiKey, Fields, SignType, sign};
//!
//! let key = ApiKey::parse("192006250b4c09247ec02edce69f6a2d").unwrap();
//! let fields = Fields::new()
//!     .with("appid", "wxd930ea5d5a258f4f")
//!     .with("mch_id", "10000100")
//!     .with("device_info", "1000")
//!     .with("body", "test")
//!     .with("nonce_str", "ibuaiVcKdpRxkhJA");
//! assert_eq!(sign::sign(&fields, &key, SignType::Md5), "9A0A8659F005D6984697E2CA0A9CF3B7");
//! ```

#![deny(missing_docs)]

pub mod beijing;
pub mod bill;
pub mod client;
mod close_order;
mod download_bill;
pub mod envelope;
mod fields;
mod limits;
pub mod mask;
mod merchant;
mod money;
mod order_query;
mod outcome;
pub mod pay_notify;
mod payment;
mod refund;
pub mod refund_notify;
mod refund_query;
pub mod sign;
mod unified_order;
mod xml;

pub use bill::{Bill, BillType};
pub use client::{
    Client, Exchange, HttpCall, HttpConfig, HttpConfigError, HttpTransport, Posted, Transport, TransportError,
};
pub use close_order::{CloseOrder, OrderClosed};
pub use download_bill::{BillFile, DownloadBill};
pub use envelope::{Request, SignVerdict};
pub use fields::{Fields, FieldsError};
pub use limits::{FieldError, FieldFault, is_text_char};
pub use merchant::{Merchant, Nonce, NonceError};
pub use money::{Fen, MicroYuan, MoneyError, parse_fen, parse_fen_positive, parse_micro_yuan, parse_yuan};
pub use order_query::{OrderNumber, OrderQuery, OrderState};
pub use outcome::{Doubt, ErrCode, Outcome, Refusal};
pub use payment::{Coupon, OpenId, Payment};
pub use refund::{Refund, RefundAccepted, RefundAccount, RefundOrder};
pub use refund_query::{RefundItem, RefundList, RefundNumber, RefundQuery, RefundStatus};
pub use sign::{ApiKey, ApiKeyError, SignError, SignType};
pub use unified_order::{NativeOrder, OrderPlaced, UnifiedOrder};
pub use xml::{XmlError, XmlLimits};
