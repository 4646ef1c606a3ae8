//! A message's body: a JSON object of text fields, written and read without trust.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use crate::{Message, MessageError};

/// The body; `None` when it would be longer than [`Message::CAP`].
pub(crate) fn write(fields: &BTreeMap<String, String>) -> Option<Vec<u8>> {
    // A map of texts has nothing that JSON could not hold.
    let body = serde_json::to_vec(fields).ok()?;
    (body.len() <= Message::CAP).then_some(body)
}

/// Reads a body from outside.
pub(crate) fn read(body: &[u8]) -> Result<BTreeMap<String, String>, MessageError> {
    if body.len() > Message::CAP {
        return Err(MessageError::Length);
    }
    let fields: Fields = serde_json::from_slice(body).map_err(|_| MessageError::Form)?;
    Ok(fields.0)
}

struct Fields(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EachOnce)
    }
}

/// A field named twice is refused: two readers could take different ones.
struct EachOnce;

impl<'de> Visitor<'de> for EachOnce {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of text fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, String>()? {
            if fields.insert(name, value).is_some() {
                return Err(A::Error::custom("a field is named twice"));
            }
        }
        Ok(Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        let fields: BTreeMap<String, String> = [("sign", "A\"B"), ("attach", "小满"), ("empty", "")]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let body = write(&fields).unwrap();
        assert_eq!(read(&body), Ok(fields), "every field, every character");
        let long = BTreeMap::from([("a".to_owned(), "x".repeat(Message::CAP))]);
        assert_eq!(write(&long), None, "what nobody would read is not written");
    }

    #[test]
    fn nothing_but_a_map_of_texts_is_read() {
        for (body, why) in [
            (
                &br#"{"a":"1","a":"1"}"#[..],
                "a field twice, even with the same value",
            ),
            (br#"{"a":1}"#, "a number"),
            (br#"{"a":null}"#, "nothing"),
            (br#"{"a":{"b":"c"}}"#, "an object within"),
            (br#"["a"]"#, "a list"),
            (br#"{"a":"1"} "x""#, "something behind it"),
            (br#"{"a":"1""#, "cut short"),
            (b"", "empty"),
            (b"\xff\xfe", "no UTF-8"),
            (br#"{"a":"\ud800"}"#, "half a surrogate pair"),
        ] {
            assert_eq!(read(body), Err(MessageError::Form), "{why}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(
            read(deep.as_bytes()),
            Err(MessageError::Form),
            "depth costs nothing"
        );
        let long = vec![b' '; Message::CAP + 1];
        assert_eq!(read(&long), Err(MessageError::Length), "not even looked at");
    }
}
