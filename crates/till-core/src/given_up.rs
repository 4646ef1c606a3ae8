//! A refund that WeChat gave up after it had taken it on: the money stayed, and the goods may be on the shelf again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Fen, OutRefundNo, OutTradeNo};

/// A refund that came to nothing, as a report names it: the customer has neither the money nor, it may be, the goods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUp {
    /// The order it is of.
    pub out_trade_no: OutTradeNo,
    /// Its number.
    pub out_refund_no: OutRefundNo,
    /// How much did not go back.
    pub amount: Fen,
    /// The day it was asked for: what an earlier Z has told of is taken back in the one that names it.
    pub at: Timestamp,
    /// Pieces that were put back on the shelf for it.
    pub pieces_back: u32,
}
