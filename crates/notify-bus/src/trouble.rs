//! What the broker's errors mean for whoever has to do something about them.

use lapin::protocol::AMQPError;
use lapin::{Error, ErrorKind};

use crate::Trouble;

const ACCESS_REFUSED: u16 = 403;
const NOT_FOUND: u16 = 404;
const RESOURCE_LOCKED: u16 = 405;
pub(crate) const PRECONDITION_FAILED: u16 = 406;
const NOT_ALLOWED: u16 = 530;

/// The broker's code for the end of a channel or a connection.
pub(crate) fn code(error: &Error) -> Option<u16> {
    said(error).map(AMQPError::get_id)
}

/// Whether the broker refused a right.
pub(crate) fn is_refused_right(error: &Error) -> bool {
    code(error) == Some(ACCESS_REFUSED)
}

/// Whether the broker has no such thing.
pub(crate) fn is_missing(error: &Error) -> bool {
    code(error) == Some(NOT_FOUND)
}

/// Whether another connection has it for itself.
pub(crate) fn is_locked(error: &Error) -> bool {
    code(error) == Some(RESOURCE_LOCKED)
}

/// While logging in.
pub(crate) fn connecting(error: &Error) -> Trouble {
    match code(error) {
        Some(ACCESS_REFUSED | NOT_ALLOWED) => Trouble::Login,
        _ => running(error),
    }
}

/// While an exchange or queue was declared, or looked for.
pub(crate) fn declaring(error: &Error, subject: &str) -> Trouble {
    match (code(error), said(error)) {
        (Some(NOT_FOUND), _) => Trouble::Missing {
            subject: subject.to_owned(),
        },
        (Some(PRECONDITION_FAILED), Some(said)) => Trouble::OtherSettings {
            subject: subject.to_owned(),
            said: said.get_message().to_string(),
        },
        _ => running(error),
    }
}

/// Afterwards.
pub(crate) fn running(error: &Error) -> Trouble {
    match (error.kind(), said(error)) {
        (_, Some(said)) if said.get_id() == ACCESS_REFUSED => {
            Trouble::Forbidden(said.get_message().to_string())
        }
        (_, Some(said)) => Trouble::Other(said.get_message().to_string()),
        (ErrorKind::IOError(error), _) => Trouble::Unreachable(error.to_string()),
        (ErrorKind::MissingHeartbeatError, _) => Trouble::Unreachable("it has gone silent".to_owned()),
        (ErrorKind::InvalidConnectionState(_), _) => Trouble::Unreachable("the connection ended".to_owned()),
        _ => Trouble::Other(error.to_string()),
    }
}

fn said(error: &Error) -> Option<&AMQPError> {
    match error.kind() {
        ErrorKind::ProtocolError(said) => Some(said),
        _ => None,
    }
}
