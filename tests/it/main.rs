//! The one test binary: each module is a list of promises about the whole.

mod architecture;
mod bad_input;
mod bus;
mod cash;
mod chain;
mod chain_bill;
mod chain_faults;
mod chain_lies;
mod chain_load;
mod crash;
mod customer_display;
mod day_end;
mod days;
mod discounts;
mod keeping;
mod licences;
mod notify;
mod parked;
mod refunds;
mod relay;
mod reports;
mod voided;
mod whole;
mod window;
