//! The whole way of a payment with real processes: what the callback service has answered for is at the broker, whatever
//! dies; and each till gets its own and only its own.

mod burst;
mod many;
