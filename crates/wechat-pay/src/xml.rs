//! The one reader and the one writer of V2's XML: flat, no DTD, no entities, no attributes.
//!
//! The reader runs **before** any signature can be checked, on bodies that anybody may have sent
//! (CVE-2018-13439 was an external entity in exactly this place), so it refuses all that V2 never needs.

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};

use crate::fields::{Fields, FieldsError};

/// How much of a body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XmlLimits {
    /// Longest body, in bytes.
    pub bytes: usize,
    /// Most fields.
    pub fields: usize,
}

impl XmlLimits {
    /// Most fields of an ordinary message: a notify with a dozen coupons stays below.
    pub const FIELDS: usize = 64;
}

/// Why a body isn't a V2 document. Carries nothing of the body, so that it can be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// More bytes than allowed.
    #[error("the body is too long")]
    TooLarge,
    /// Not UTF-8, or declared to be something else.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// A character that XML 1.0 doesn't allow, written out or as a reference.
    #[error("the body holds a character that XML forbids")]
    ForbiddenCharacter,
    /// Not well-formed, or cut off.
    #[error("the body is not well-formed XML")]
    Malformed,
    /// No element at all.
    #[error("the body holds no XML document")]
    NoRoot,
    /// The root is neither `xml` nor `root`, or there are two.
    #[error("the body's root is not one element named xml or root")]
    OtherRoot,
    /// A document type declaration.
    #[error("the body declares a document type")]
    DocType,
    /// A processing instruction, or a declaration anywhere but at the start.
    #[error("the body holds a processing instruction")]
    ProcessingInstruction,
    /// An entity other than XML's own five.
    #[error("the body refers to an entity")]
    Entity,
    /// An attribute.
    #[error("the body holds an attribute")]
    Attribute,
    /// An element within a field.
    #[error("the body is nested deeper than one level")]
    Nested,
    /// Text between the fields.
    #[error("the body holds text outside its fields")]
    StrayText,
    /// A name that no V2 message has.
    #[error("the body holds a field of an impossible name")]
    FieldName,
    /// A field twice.
    #[error("the body holds a field twice")]
    Doubled,
    /// More fields than allowed.
    #[error("the body holds too many fields")]
    TooManyFields,
}

impl From<FieldsError> for XmlError {
    fn from(error: FieldsError) -> Self {
        match error {
            FieldsError::Name => Self::FieldName,
            FieldsError::Doubled => Self::Doubled,
        }
    }
}

/// Where the reader stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    BeforeRoot,
    BetweenFields,
    InField,
    AfterRoot,
}

/// Reads a body. Text, CDATA and numeric references of one field are one value; comments are left out, which joins
/// the text around them as XML says (a reader that stops at a comment can be shown `10<!-- -->1` as 10).
pub(crate) fn read(body: &[u8], limits: XmlLimits) -> Result<Fields, XmlError> {
    if body.len() > limits.bytes {
        return Err(XmlError::TooLarge);
    }
    let text = std::str::from_utf8(body).map_err(|_| XmlError::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if holds_forbidden(text) {
        return Err(XmlError::ForbiddenCharacter);
    }
    let mut reader = Reader::from_str(text);
    let mut fields = Fields::with_capacity(text.len());
    let mut place = Place::BeforeRoot;
    let mut at_start = true;
    loop {
        let event = reader.read_event().map_err(|_| XmlError::Malformed)?;
        match event {
            Event::Start(tag) => place = open(&tag, place, &mut fields, limits, true)?,
            Event::Empty(tag) => place = open(&tag, place, &mut fields, limits, false)?,
            // quick-xml has checked that the name matches.
            Event::End(_) => {
                place = if place == Place::InField {
                    Place::BetweenFields
                } else {
                    Place::AfterRoot
                }
            }
            Event::Text(piece) => match place {
                Place::InField if piece.contains("]]>") => return Err(XmlError::Malformed),
                Place::InField => fields.append(&piece.xml10_content()),
                Place::BeforeRoot | Place::BetweenFields | Place::AfterRoot => {
                    if !piece
                        .bytes()
                        .all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
                    {
                        return Err(XmlError::StrayText);
                    }
                }
            },
            Event::CData(piece) if place == Place::InField => fields.append(&piece.xml10_content()),
            Event::GeneralRef(reference) if place == Place::InField => {
                let mut buffer = [0; 4];
                fields.append(resolve(&reference)?.encode_utf8(&mut buffer));
            }
            Event::CData(_) | Event::GeneralRef(_) => return Err(XmlError::StrayText),
            Event::Comment(_) => {}
            Event::Decl(declaration) if at_start => check_declaration(&declaration)?,
            Event::Decl(_) | Event::PI(_) => return Err(XmlError::ProcessingInstruction),
            Event::DocType(_) => return Err(XmlError::DocType),
            Event::Eof => break,
        }
        at_start = false;
    }
    match place {
        Place::AfterRoot => Ok(fields),
        Place::BeforeRoot => Err(XmlError::NoRoot),
        Place::BetweenFields | Place::InField => Err(XmlError::Malformed),
    }
}

/// A start tag, or an empty element where `holds` is false.
fn open(
    tag: &BytesStart<'_>,
    place: Place,
    fields: &mut Fields,
    limits: XmlLimits,
    holds: bool,
) -> Result<Place, XmlError> {
    if !tag.attributes_raw().trim_ascii().is_empty() {
        return Err(XmlError::Attribute);
    }
    let name: &str = tag.name().into_inner();
    match place {
        Place::BeforeRoot if matches!(name, "xml" | "root") => Ok(if holds {
            Place::BetweenFields
        } else {
            Place::AfterRoot
        }),
        Place::BeforeRoot | Place::AfterRoot => Err(XmlError::OtherRoot),
        Place::InField => Err(XmlError::Nested),
        Place::BetweenFields if fields.len() >= limits.fields => Err(XmlError::TooManyFields),
        Place::BetweenFields => {
            fields.begin(name)?;
            Ok(if holds {
                Place::InField
            } else {
                Place::BetweenFields
            })
        }
    }
}

/// The character of a numeric reference or of one of XML's own five entities.
fn resolve(reference: &BytesRef<'_>) -> Result<char, XmlError> {
    if let Some(character) = reference
        .resolve_char_ref()
        .map_err(|_| XmlError::ForbiddenCharacter)?
    {
        return if is_xml_char(character) {
            Ok(character)
        } else {
            Err(XmlError::ForbiddenCharacter)
        };
    }
    match &**reference {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(XmlError::Entity),
    }
}

fn check_declaration(declaration: &BytesDecl<'_>) -> Result<(), XmlError> {
    let version = declaration.version().map_err(|_| XmlError::Malformed)?;
    if version != "1.0" {
        return Err(XmlError::Malformed);
    }
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("utf8") => Ok(()),
        Some(Ok(_)) => Err(XmlError::NotUtf8),
        Some(Err(_)) => Err(XmlError::Malformed),
    }
}

/// Whether any character isn't an [`is_xml_char`], byte by byte: this runs over every body.
fn holds_forbidden(text: &str) -> bool {
    let control = |byte: u8| byte < b' ' && byte != b'\t' && byte != b'\n' && byte != b'\r';
    let (controls, may_hold_fffe) = text.bytes().fold((false, false), |(controls, ef), byte| {
        (controls | control(byte), ef | (byte == 0xef))
    });
    // Both non-characters begin with this byte, which Chinese text seldom has.
    controls || (may_hold_fffe && text.contains(['\u{fffe}', '\u{ffff}']))
}

/// XML 1.0's production 2, `Char`.
pub(crate) fn is_xml_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Writes a body. `]]>` is split over two CDATA sections; a carriage return becomes a reference, for a reader
/// turns a literal one into a line feed and the signature would no longer fit.
pub(crate) fn write(fields: &Fields, root: &str) -> String {
    let room: usize = fields
        .iter()
        .map(|(name, value)| 2 * name.len() + value.len() + 18)
        .sum();
    let mut out = String::with_capacity(room + 16);
    out.push('<');
    out.push_str(root);
    out.push('>');
    for (name, value) in fields.iter() {
        out.push('<');
        out.push_str(name);
        out.push('>');
        if value.bytes().all(|byte| byte.is_ascii_digit()) {
            out.push_str(value);
        } else {
            out.push_str("<![CDATA[");
            if value.contains(['\r', '>']) {
                out.push_str(
                    &value
                        .replace("]]>", "]]]]><![CDATA[>")
                        .replace('\r', "]]>&#13;<![CDATA["),
                );
            } else {
                out.push_str(value);
            }
            out.push_str("]]>");
        }
        out.push_str("</");
        out.push_str(name);
        out.push('>');
    }
    out.push_str("</");
    out.push_str(root);
    out.push('>');
    out
}
