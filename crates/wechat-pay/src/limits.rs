//! What the fields of a request may hold; checked when a request is made, so that none can be made wrong.

use std::net::IpAddr;

/// A request can't be made: which field, and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {fault}")]
pub struct FieldError {
    /// The field's name on the wire.
    pub field: &'static str,
    /// What is wrong.
    pub fault: FieldFault,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldFault {
    /// Must be there.
    #[error("is missing")]
    Missing,
    /// More bytes than allowed.
    #[error("is longer than {0} bytes")]
    TooLong(usize),
    /// Fewer characters than allowed.
    #[error("is shorter than {0} characters")]
    TooShort(usize),
    /// Blank at an end: WeChat's own SDK trims before signing and others don't, so the signs would differ.
    #[error("begins or ends with a blank")]
    EdgeBlank,
    /// A character that isn't allowed there.
    #[error("holds a character that is not allowed")]
    Character,
    /// A number out of range.
    #[error("is out of range")]
    OutOfRange,
    /// Not a full http(s) address without query string.
    #[error("is not a full http or https address without a query")]
    Address,
    /// A field that a saved request can't hold.
    #[error("does not belong in a saved request")]
    Unexpected,
}

impl FieldFault {
    pub(crate) fn of(self, field: &'static str) -> FieldError {
        FieldError { field, fault: self }
    }
}

/// What a line of text may hold: XML carries it, and it is no control character.
#[must_use]
pub fn is_text_char(character: char) -> bool {
    !character.is_control() && crate::xml::is_xml_char(character)
}

/// Free text of at most `max` bytes.
pub(crate) fn text(field: &'static str, value: &str, max: usize) -> Result<(), FieldError> {
    let fault = if value.is_empty() {
        FieldFault::Missing
    } else if value.len() > max {
        FieldFault::TooLong(max)
    } else if value.trim().len() != value.len() {
        FieldFault::EdgeBlank
    } else if !value.chars().all(|c| c == '\n' || c == '\t' || is_text_char(c)) {
        FieldFault::Character
    } else {
        return Ok(());
    };
    Err(fault.of(field))
}

/// As [`text`], where there is one.
pub(crate) fn optional(field: &'static str, value: Option<&str>, max: usize) -> Result<(), FieldError> {
    value.map_or(Ok(()), |value| text(field, value, max))
}

/// The merchant's own order number: 6 to 32 of `[0-9A-Za-z_-|*]`. (`@` is allowed on some pages only: not here.)
pub(crate) fn out_trade_no(value: &str) -> Result<(), FieldError> {
    const FIELD: &str = "out_trade_no";
    number(FIELD, value, 32, b"_-|*")?;
    if value.len() < 6 {
        Err(FieldFault::TooShort(6).of(FIELD))
    } else {
        Ok(())
    }
}

/// The merchant's own refund number: 1 to 64 of `[0-9A-Za-z_-|*@]`.
pub(crate) fn out_refund_no(value: &str) -> Result<(), FieldError> {
    number("out_refund_no", value, 64, b"_-|*@")
}

/// A number that WeChat gave out.
pub(crate) fn wechat_number(field: &'static str, value: &str) -> Result<(), FieldError> {
    number(field, value, 32, b"_-")
}

fn number(field: &'static str, value: &str, max: usize, signs: &[u8]) -> Result<(), FieldError> {
    let fault = if value.is_empty() {
        FieldFault::Missing
    } else if value.len() > max {
        FieldFault::TooLong(max)
    } else if !value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || signs.contains(&byte))
    {
        FieldFault::Character
    } else {
        return Ok(());
    };
    Err(fault.of(field))
}

/// Where WeChat sends its notify: a full address with a path, without query or fragment, at most 256 bytes.
pub(crate) fn notify_url(value: &str) -> Result<(), FieldError> {
    const FIELD: &str = "notify_url";
    text(FIELD, value, 256)?;
    let rest = value
        .strip_prefix("https://")
        .or_else(|| value.strip_prefix("http://"));
    let fits = rest.is_some_and(|rest| {
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        !host.is_empty()
            && !path.contains(['?', '#'])
            && !host.contains(['?', '#', '@'])
            && rest.bytes().all(|byte| byte.is_ascii_graphic())
    });
    if fits {
        Ok(())
    } else {
        Err(FieldFault::Address.of(FIELD))
    }
}

/// The address of the machine that places the order.
pub(crate) fn spbill_create_ip(value: &str) -> Result<(), FieldError> {
    value
        .parse::<IpAddr>()
        .map(drop)
        .map_err(|_| FieldFault::Character.of("spbill_create_ip"))
}
