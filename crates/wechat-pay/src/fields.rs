//! The flat map of names and decoded texts that every V2 message is.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::xml::{self, XmlError, XmlLimits};

/// Field name to decoded text, in the order of insertion, no name twice.
///
/// An empty value is kept (WeChat sends empty elements) and counts as absent wherever the protocol says so:
/// it isn't signed, and [`Fields::present`] doesn't see it. `Debug` shows names only, for values may hold an openid.
///
/// All texts lie in one buffer, because a till parses and signs one such map for each poll.
#[derive(Clone, Default)]
pub struct Fields {
    text: String,
    spans: Vec<Span>,
}

/// Where a field lies in the buffer: name from `start` to `mid`, value from `value` to `end`.
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    mid: usize,
    value: usize,
    end: usize,
}

/// Why a list of pairs isn't a map of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldsError {
    /// A name that no V2 message has: not of `[A-Za-z_][0-9A-Za-z_.-]*`, or longer than 64.
    #[error("a field's name is not of [A-Za-z_][0-9A-Za-z_.-]*, at most 64 characters")]
    Name,
    /// The same name a second time.
    #[error("a field is given twice")]
    Doubled,
}

impl Fields {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty map with room for a body of this many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            spans: Vec::with_capacity(24),
        }
    }

    /// Reads a V2 body of at most `cap` bytes and [`XmlLimits::FIELDS`] fields.
    ///
    /// # Errors
    /// See [`XmlError`]: anything but a flat, attribute-free, UTF-8 document without doubled fields.
    pub fn from_xml(body: &[u8], cap: usize) -> Result<Self, XmlError> {
        xml::read(
            body,
            XmlLimits {
                bytes: cap,
                fields: XmlLimits::FIELDS,
            },
        )
    }

    /// As [`Fields::from_xml`] with a limit on the number of fields, for answers that list refunds.
    ///
    /// # Errors
    /// See [`XmlError`].
    pub fn from_xml_within(body: &[u8], limits: XmlLimits) -> Result<Self, XmlError> {
        xml::read(body, limits)
    }

    /// The body: root `xml`, integers as plain text, all else in CDATA.
    pub fn to_xml(&self) -> String {
        xml::write(self, "xml")
    }

    /// Sets a field, by value.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.set(name, value);
        self
    }

    /// Sets a field, by value, if there is one to set.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Sets a field; one already there keeps its place and gets the new value.
    ///
    /// The name is the program's own (texts from outside come in by `from_xml` or serde, which check names).
    pub fn set(&mut self, name: &str, value: impl AsRef<str>) {
        debug_assert!(is_name(name), "field names are the protocol's own: {name:?}");
        match self.position(name) {
            None => self.push(name, value.as_ref()),
            Some(at) => {
                let start = self.text.len();
                self.text.push_str(value.as_ref());
                let end = self.text.len();
                let span = &mut self.spans[at];
                (span.value, span.end) = (start, end);
            }
        }
    }

    /// The value, empty or not.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.position(name).map(|at| self.value(self.spans[at]))
    }

    /// The value, where an empty one is absent.
    pub fn present(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Takes a field out and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        let at = self.position(name)?;
        let span = self.spans.remove(at);
        Some(self.value(span).to_owned())
    }

    /// Names and values in the order of insertion.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.spans
            .iter()
            .map(|span| (&self.text[span.start..span.mid], self.value(*span)))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Adds a field from outside.
    pub(crate) fn try_push(&mut self, name: &str, value: &str) -> Result<(), FieldsError> {
        self.begin(name)?;
        self.append(value);
        Ok(())
    }

    /// Adds a field from outside whose value is still to come by [`Fields::append`].
    pub(crate) fn begin(&mut self, name: &str) -> Result<(), FieldsError> {
        if !is_name(name) {
            return Err(FieldsError::Name);
        }
        if self.position(name).is_some() {
            return Err(FieldsError::Doubled);
        }
        self.push(name, "");
        Ok(())
    }

    /// Lengthens the value of the newest field.
    pub(crate) fn append(&mut self, piece: &str) {
        self.text.push_str(piece);
        let end = self.text.len();
        if let Some(span) = self.spans.last_mut() {
            span.end = end;
        }
    }

    fn push(&mut self, name: &str, value: &str) {
        let start = self.text.len();
        self.text.push_str(name);
        let mid = self.text.len();
        self.text.push_str(value);
        self.spans.push(Span {
            start,
            mid,
            value: mid,
            end: self.text.len(),
        });
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.spans
            .iter()
            .position(|span| &self.text[span.start..span.mid] == name)
    }

    fn value(&self, span: Span) -> &str {
        &self.text[span.value..span.end]
    }
}

/// What a field's name may be; also keeps a namespace prefix from passing for a plain name.
fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

impl PartialEq for Fields {
    /// Same names and values in the same order.
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Fields {}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fields")?;
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

impl Serialize for Fields {
    /// As a list of pairs: a JSON object wouldn't promise its order.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = Vec::<(String, String)>::deserialize(deserializer)?;
        Self::try_from_iter(pairs).map_err(D::Error::custom)
    }
}

impl Fields {
    /// A map of pairs from outside.
    ///
    /// # Errors
    /// A name that no message has, or one given twice.
    pub fn try_from_iter<N: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, FieldsError> {
        let mut fields = Self::new();
        for (name, value) in pairs {
            fields.try_push(name.as_ref(), value.as_ref())?;
        }
        Ok(fields)
    }
}
