//! Draws laid-out lines on one PDF page.

use std::sync::Arc;

use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::num::NormalizedF32;
use krilla::paint::{Fill, FillRule, Stroke};
use krilla::surface::Surface;
use krilla::text::{GlyphId, KrillaGlyph};

use super::sheet::{FAINT, GREY, INK, Look, RED, Sheet, points};
use crate::Fonts;
use crate::layout::{Align, Line, Piece, Ruler as _, Style, Text};

/// How far a Chinese character reaches above the baseline, in ems: its box stands in the middle of the line.
const ABOVE: f32 = 0.86;

pub(super) struct Painter<'a> {
    surface: Surface<'a>,
    fonts: &'a Fonts,
    sheet: &'a Sheet<'a>,
}

impl<'a> Painter<'a> {
    pub(super) const fn new(surface: Surface<'a>, fonts: &'a Fonts, sheet: &'a Sheet<'a>) -> Self {
        Self {
            surface,
            fonts,
            sheet,
        }
    }

    /// What stands on every page: its number, and from the second on the title.
    pub(super) fn furniture(&mut self, title: &str, number: usize, of: usize, page_height: f32) {
        let look = self.sheet.look(Style::Note);
        let text = |text: String, align| Text {
            x: 0,
            width: self.sheet.width(),
            align,
            style: Style::Note,
            text,
        };
        let number = text(format!("{number} / {of}"), Align::Centre);
        let first = number.text.starts_with("1 ");
        let size = points(look.size);
        self.text(&number, page_height - points(self.sheet.top) / 2.0 + size / 2.0);
        if !first {
            let title = title.chars().filter_map(|c| self.sheet.shown(c)).collect();
            let y = points(self.sheet.top) / 2.0 + size;
            let title = text(title, Align::Left);
            self.text(&title, y);
            self.stripe(0.0, y + size * 0.5, points(self.sheet.width()), 0.5, FAINT);
        }
    }

    pub(super) fn lines(&mut self, lines: &[Line]) {
        let mut y = 0;
        for line in lines {
            self.line(line, points(self.sheet.top + y), points(line.height));
            y += line.height;
        }
    }

    fn line(&mut self, line: &Line, top: f32, height: f32) {
        let full = points(self.sheet.width());
        for piece in &line.pieces {
            match piece {
                Piece::Text(text) => {
                    let size = points(self.sheet.look(text.style).size);
                    let baseline = top + (height - size) / 2.0 + size * ABOVE;
                    if text.style == Style::Mark {
                        self.frame(text, top, height);
                    }
                    self.text(text, baseline);
                }
                Piece::Rule => self.stripe(0.0, top + height / 2.0 - 0.4, full, 0.8, INK),
                Piece::Hairline => self.stripe(0.0, top + height - 0.25, full, 0.5, FAINT),
                Piece::Bar { x, width, value, max } => {
                    let (x, width) = (points(*x), points(*width));
                    self.stripe(x, top + height * 0.24, width, height * 0.52, FAINT);
                    self.stripe(
                        x,
                        top + height * 0.24,
                        width * share(*value, *max),
                        height * 0.52,
                        GREY,
                    );
                }
            }
        }
    }

    fn text(&mut self, text: &Text, baseline: f32) {
        if text.text.is_empty() {
            return;
        }
        let look = self.sheet.look(text.style);
        let size = points(look.size);
        let face = if look.bold {
            &self.fonts.bold
        } else {
            &self.fonts.plain
        };
        let glyphs: Vec<KrillaGlyph> = text
            .text
            .char_indices()
            .map(|(at, c)| KrillaGlyph {
                glyph_id: GlyphId::new(face.glyph(c).0.into()),
                text_range: at..at + c.len_utf8(),
                x_advance: face.advance(c),
                x_offset: 0.0,
                y_offset: 0.0,
                y_advance: 0.0,
                location: None,
            })
            .collect();
        let drawn: f32 = glyphs.iter().map(|glyph| glyph.x_advance * size).sum();
        let room = points(text.width) - drawn;
        let x = points(self.sheet.side + text.x)
            + match text.align {
                Align::Left => 0.0,
                Align::Centre => room / 2.0,
                Align::Right => room,
            };
        self.surface.set_fill(Some(fill(look.colour)));
        self.surface.set_stroke(self.thickened(look));
        self.surface.draw_glyphs(
            Point::from_xy(x, baseline),
            &glyphs,
            face.pdf.clone(),
            &text.text,
            size,
            false,
        );
        self.surface.set_stroke(None);
    }

    /// Bold by a thicker outline, for a family that has no bold face.
    fn thickened(&self, look: Look) -> Option<Stroke> {
        let same = Arc::ptr_eq(&self.fonts.plain, &self.fonts.bold);
        (look.bold && same).then(|| Stroke {
            paint: colour(look.colour).into(),
            width: points(look.size) / 30.0,
            ..Stroke::default()
        })
    }

    /// The box around a mark.
    fn frame(&mut self, text: &Text, top: f32, height: f32) {
        let drawn: u32 = text.text.chars().map(|c| self.sheet.char(c, text.style)).sum();
        let pad = points(self.sheet.look(text.style).size) * 0.6;
        let width = (points(drawn) + 2.0 * pad).min(points(text.width));
        let left = points(text.x) + (points(text.width) - width) / 2.0;
        for (x, y, wide, high) in [
            (left, top + 1.5, width, 1.5),
            (left, top + height - 3.0, width, 1.5),
            (left, top + 1.5, 1.5, height - 3.0),
            (left + width - 1.5, top + 1.5, 1.5, height - 3.0),
        ] {
            self.stripe(x, y, wide, high, RED);
        }
    }

    /// A filled rectangle, from the left margin on.
    fn stripe(&mut self, x: f32, y: f32, width: f32, height: f32, colour: (u8, u8, u8)) {
        if let Some(rectangle) = Rect::from_xywh(points(self.sheet.side) + x, y, width, height) {
            let mut path = PathBuilder::new();
            path.push_rect(rectangle);
            self.fill_path(path, colour);
        }
    }

    fn fill_path(&mut self, path: PathBuilder, colour: (u8, u8, u8)) {
        if let Some(path) = path.finish() {
            self.surface.set_fill(Some(fill(colour)));
            self.surface.draw_path(&path);
        }
    }
}

/// A bar's length beside the longest one's.
fn share(value: u64, max: u64) -> f32 {
    if max == 0 {
        0.0
    } else {
        (value as f64 / max as f64) as f32
    }
}

fn fill(rgb: (u8, u8, u8)) -> Fill {
    Fill {
        paint: colour(rgb).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::NonZero,
    }
}

fn colour((red, green, blue): (u8, u8, u8)) -> rgb::Color {
    rgb::Color::new(red, green, blue)
}
