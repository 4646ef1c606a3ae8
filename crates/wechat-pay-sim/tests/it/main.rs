//! The simulator from outside: its core on invented time, its HTTP face on a free port.

#[cfg(test)]
mod bill;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod http;
#[cfg(test)]
mod notify;
#[cfg(test)]
mod order;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod random;
#[cfg(test)]
mod refund;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod turned_back;
