//! A line as a picture: the same pieces at the same places, drawn with the till's own fonts.

use std::sync::Arc;

use ab_glyph::{Font as _, point};

use super::Paper;
use super::roll::{COLUMN, bold, doubled};
use super::text;
use crate::Fonts;
use crate::layout::{Align, Line, Piece, Style, Text};

/// A letter's size in dots: as the printer's 24, with a little air.
const LETTER: f32 = 22.0;
/// How far a Chinese character reaches above the baseline, in ems.
const ABOVE: f32 = 0.86;
/// How much of a dot has to be covered for it to be black; less than half, or thin strokes break.
const COVERED: f32 = 0.42;

/// Dots, eight to a byte, the leftmost in the highest bit, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bitmap {
    bytes_a_row: u32,
    data: Vec<u8>,
}

impl Bitmap {
    fn new(width: u32, rows: u32) -> Self {
        let bytes_a_row = width.div_ceil(8);
        Self {
            bytes_a_row,
            data: vec![0; (bytes_a_row * rows) as usize],
        }
    }

    pub(super) const fn rows(&self) -> u32 {
        self.data.len() as u32 / self.bytes_a_row
    }

    /// Puts another of the same width below.
    pub(super) fn append(&mut self, below: &Self) {
        self.data.extend(&below.data);
    }

    /// Blackens a dot, or whitens it; outside there is nothing to do.
    fn set(&mut self, x: i64, y: i64, black: bool) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else {
            return;
        };
        if x >= self.bytes_a_row * 8 {
            return;
        }
        if let Some(byte) = self.data.get_mut((y * self.bytes_a_row + x / 8) as usize) {
            let bit = 0x80 >> (x % 8);
            if black { *byte |= bit } else { *byte &= !bit }
        }
    }

    fn fill(&mut self, x: u32, y: u32, width: u32, height: u32) {
        for row in y..y + height {
            for column in x..x + width {
                self.set(column.into(), row.into(), true);
            }
        }
    }

    /// `GS v 0`.
    pub(super) fn command(mut self) -> Vec<u8> {
        self.keep_from_being_obeyed();
        let [xl, xh, ..] = self.bytes_a_row.to_le_bytes();
        let [yl, yh, ..] = self.rows().to_le_bytes();
        let mut command = vec![0x1d, b'v', b'0', 0, xl, xh, yl, yh];
        command.extend(self.data);
        command
    }

    /// Printers look for their real-time commands even inside pictures: DLE DC4 opens the drawer, DLE EOT has them answer.
    /// One more black dot beside a lonely one keeps a picture from saying that.
    fn keep_from_being_obeyed(&mut self) {
        for at in 1..self.data.len() {
            if self.data[at - 1] == 0x10 && matches!(self.data[at], 0x04 | 0x05 | 0x14) {
                self.data[at - 1] = 0x18;
            }
        }
    }
}

/// A laid-out line. Without fonts nothing but bars and rules is drawn.
pub(super) fn line(line: &Line, paper: Paper, fonts: Option<&Fonts>) -> Bitmap {
    let mut bitmap = Bitmap::new(paper.dots(), line.height);
    for piece in &line.pieces {
        match piece {
            Piece::Text(text) => {
                if let Some(fonts) = fonts {
                    draw(text, line.height, fonts, &mut bitmap);
                }
            }
            Piece::Rule => bitmap.fill(0, line.height / 2 - 1, paper.dots(), 2),
            Piece::Bar { x, width, value, max } => {
                let long = u128::from(*width) * u128::from(*value) / u128::from((*max).max(1));
                // A fraction of a width that is a u32.
                let long = u32::try_from(long)
                    .unwrap_or(*width)
                    .max(u32::from(*value > 0) * 2);
                bitmap.fill(*x, line.height / 2 - 8, long, 16);
            }
            Piece::Hairline => {}
        }
    }
    bitmap
}

fn draw(text: &Text, height: u32, fonts: &Fonts, bitmap: &mut Bitmap) {
    let face = if bold(text.style) {
        &fonts.bold
    } else {
        &fonts.plain
    };
    let (wide, high) = doubled(text.style);
    // Letters that are high and not wide look better not quite so high.
    let (mut em_x, em_y) = match (wide, high) {
        (false, false) => (LETTER, LETTER),
        (false, true) => (LETTER * 1.2, LETTER * 1.6),
        (true, _) => (LETTER * 1.9, LETTER * 1.9),
    };
    let drawn: f32 = text.text.chars().map(|c| face.advance(c) * em_x).sum();
    // The layout gave it so much; letters of a font that is wider are drawn narrower, and columns stay where they are.
    let given = text::width(&text.text, text.style).min(text.width) as f32;
    let mut width = drawn;
    if drawn > given {
        em_x *= given / drawn;
        width = given;
    }
    let room = text.width as f32 - width;
    let left = text.x as f32
        + match text.align {
            Align::Left => 0.0,
            Align::Centre => room / 2.0,
            Align::Right => room,
        };
    let reverse = text.style == Style::Mark;
    if reverse {
        let pad = (COLUMN as f32).min(room / 2.0);
        bitmap.fill((left - pad) as u32, 1, (width + 2.0 * pad) as u32, height - 2);
    }
    let baseline = (height as f32 - em_y) / 2.0 + em_y * ABOVE;
    let thicken = bold(text.style) && Arc::ptr_eq(&fonts.plain, &fonts.bold);
    let scale = face.scale(em_x, em_y);
    let mut x = left;
    for c in text.text.chars() {
        let glyph = face.glyph(c).with_scale_and_position(scale, point(x, baseline));
        x += face.advance(c) * em_x;
        let Some(outline) = face.dots().outline_glyph(glyph) else {
            continue;
        };
        let corner = outline.px_bounds().min;
        outline.draw(|dx, dy, covered| {
            if covered >= COVERED {
                let (x, y) = (corner.x as i64 + i64::from(dx), corner.y as i64 + i64::from(dy));
                bitmap.set(x, y, !reverse);
                if thicken {
                    bitmap.set(x + 1, y, !reverse);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_that_read_like_a_real_time_command_are_printed_as_dots() {
        // One lonely dot in the fourth place of a byte, and DC4's, EOT's or ENQ's pattern in the next.
        for obeyed in [0x04, 0x05, 0x14] {
            let bitmap = Bitmap {
                bytes_a_row: 2,
                data: vec![0x10, obeyed, 0x10, 0x00],
            };
            let command = bitmap.command();
            assert_eq!(
                &command[8..],
                [0x18, obeyed, 0x10, 0x00],
                "one dot more, and only where it matters"
            );
        }
    }

    #[test]
    fn a_picture_says_its_size_low_byte_first() {
        let bitmap = Bitmap::new(576, 300);
        assert_eq!(
            &bitmap.command()[..8],
            [0x1d, b'v', b'0', 0, 72, 0, 44, 1],
            "72 bytes a row, 300 rows"
        );
    }
}
