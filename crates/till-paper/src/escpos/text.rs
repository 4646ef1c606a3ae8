//! A line as the printer's own characters.

use encoding_rs::GB18030;

use super::Paper;
use super::roll::{COLUMN, LINE, bold, columns, doubled};
use crate::layout::{Align, Line, Piece, Style};

/// Whether Chinese printers can be trusted to have a character: GBK, without the part everybody fills in his own way.
pub(super) fn printable(c: char) -> bool {
    let own = ('\u{e000}'..='\u{f8ff}').contains(&c);
    let mut utf8 = [0; 4];
    let (bytes, _, failed) = GB18030.encode(c.encode_utf8(&mut utf8));
    !own && !failed && bytes.len() <= 2
}

/// One column or several of the line, with what is to be set before and undone after it.
struct Run {
    text: String,
    style: Style,
}

/// The line as bytes, its line feed included. The printer is left as it was found.
pub(super) fn line(line: &Line, paper: Paper) -> Vec<u8> {
    let mut out = Vec::new();
    // A line of another height than usual says so.
    let spacing = u8::try_from(line.height).unwrap_or(u8::MAX);
    out.extend([0x1b, b'3', spacing]);
    let centred = is_centred(line);
    if centred {
        out.extend([0x1b, b'a', 1]);
    }
    for run in runs(line, paper) {
        let (wide, high) = doubled(run.style);
        let size = u8::from(wide) * 0x10 + u8::from(high);
        let (bold, reverse) = (bold(run.style), run.style == Style::Mark);
        let blank = run.text.trim().is_empty();
        let set = |out: &mut Vec<u8>, on: bool| {
            let on = u8::from(on);
            if size > 0 {
                out.extend([0x1d, b'!', size * on]);
            }
            if bold && !blank {
                out.extend([0x1b, b'E', on]);
            }
            if reverse {
                out.extend([0x1d, b'B', on]);
            }
        };
        set(&mut out, true);
        let shown: String = run
            .text
            .chars()
            .map(|c| if printable(c) { c } else { '□' })
            .collect();
        out.extend(GB18030.encode(&shown).0.iter());
        set(&mut out, false);
    }
    out.push(b'\n');
    if centred {
        out.extend([0x1b, b'a', 0]);
    }
    out
}

/// Whether the line is one text in the middle.
fn is_centred(line: &Line) -> bool {
    let centred = |piece: &Piece| matches!(piece, Piece::Text(text) if text.align == Align::Centre);
    line.pieces.iter().any(centred)
}

/// What is printed from the left on, the spaces between the pieces included.
fn runs(line: &Line, paper: Paper) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut at = 0;
    for piece in &line.pieces {
        let (start, text, style) = match piece {
            Piece::Text(text) => {
                let room = text.width.saturating_sub(width(&text.text, text.style));
                let start = match text.align {
                    Align::Left => text.x,
                    Align::Right => text.x + room,
                    // The printer itself puts it in the middle.
                    Align::Centre => 0,
                };
                let shown = if text.style == Style::Mark && room >= 4 * COLUMN {
                    format!(" {} ", text.text)
                } else {
                    text.text.clone()
                };
                (start, shown, text.style)
            }
            Piece::Rule => (0, "-".repeat(paper.columns() as usize), Style::Body),
            Piece::Bar { x, width, value, max } => (*x, bar(*width, *value, *max), Style::Body),
            Piece::Hairline => continue,
        };
        let gap = start.saturating_sub(at) / COLUMN;
        if gap > 0 {
            runs.push(Run {
                text: " ".repeat(gap as usize),
                style: Style::Body,
            });
        }
        at = start.max(at) + width(&text, style);
        runs.push(Run { text, style });
    }
    runs
}

/// A bar of blocks two columns wide, rounded: at least one for anything above nothing.
fn bar(room: u32, value: u64, max: u64) -> String {
    if value == 0 || max == 0 {
        return String::new();
    }
    let (value, max, most) = (
        u128::from(value),
        u128::from(max),
        u128::from(room / (2 * COLUMN)),
    );
    let blocks = ((2 * value * most + max) / (2 * max)).clamp(1, most.max(1));
    // No more than fit on a line.
    "■".repeat(usize::try_from(blocks).unwrap_or_default())
}

/// A text's width in dots.
pub(super) fn width(text: &str, style: Style) -> u32 {
    let wide = if doubled(style).0 { 2 } else { 1 };
    text.chars().map(columns).sum::<u32>() * COLUMN * wide
}

const _: () = assert!(LINE < 256, "a line's height is a byte on the wire");
