//! Blocks become lines: one set of rules for every kind of paper, in whole units that the paper's [`Ruler`] chooses.

mod columns;
mod grid;
mod wrap;

use crate::document::{Bar, Block, Document, Weight};
use wrap::{natural, wrap};

/// What a text is in the document, from which each paper has its own size, boldness and colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Title,
    Heading,
    Body,
    Strong,
    Large,
    Note,
    Mark,
    Code,
    /// The titles of a table's columns.
    Head,
}

impl Style {
    const fn of(weight: Weight) -> Self {
        match weight {
            Weight::Plain => Self::Body,
            Weight::Strong => Self::Strong,
            Weight::Large => Self::Large,
        }
    }
}

/// How much is left free between two blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pause {
    /// Between things that belong together.
    Small,
    /// A line.
    Line,
    /// Before a new part.
    Part,
}

/// How wide and high things are on one kind of paper. Any unit will do, as long as it is the same one everywhere.
pub(crate) trait Ruler {
    /// A line's width, edge to edge.
    fn width(&self) -> u32;
    /// A character's width.
    fn char(&self, c: char, style: Style) -> u32;
    /// A line's height, with the space between it and the next.
    fn leading(&self, style: Style) -> u32;
    /// The least space between two columns.
    fn gutter(&self) -> u32;
    /// The least width in which wrapped text is still good to read.
    fn readable(&self) -> u32;
    /// The height of a free space.
    fn pause(&self, pause: Pause) -> u32;
    /// The height of a rule, with the space around it.
    fn rule(&self) -> u32;
    /// A character as this paper can show it; `None` if it is nothing one can see.
    fn shown(&self, c: char) -> Option<char>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Centre,
    Right,
}

/// A text on one line, in a box from `x`, `width` wide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) x: u32,
    pub(crate) width: u32,
    pub(crate) align: Align,
    pub(crate) style: Style,
    pub(crate) text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(Text),
    /// A line from edge to edge.
    Rule,
    /// The faint line below a row; papers without grey leave it out.
    Hairline,
    Bar {
        x: u32,
        width: u32,
        value: u64,
        max: u64,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Line {
    pub(crate) height: u32,
    pub(crate) pieces: Vec<Piece>,
}

/// Lines that no end of a page may part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Strip {
    pub(crate) lines: Vec<Line>,
    /// Never the last strip of a page: a heading, the head of a table.
    pub(crate) with_next: bool,
    /// What is repeated above it when it begins a page: the head of its table.
    pub(crate) head: Vec<Line>,
}

impl Strip {
    pub(crate) fn height(&self) -> u32 {
        self.lines.iter().map(|line| line.height).sum()
    }
}

/// The document on paper of that ruler: every visible character of it, in the order of reading.
pub(crate) fn lay_out(document: &Document, ruler: &dyn Ruler) -> Vec<Strip> {
    let mut page = Layout {
        ruler,
        strips: Vec::new(),
    };
    page.paragraph(&document.title, Style::Title, Align::Centre);
    page.pause(Pause::Small);
    for block in &document.blocks {
        page.block(block);
    }
    page.strips
}

struct Layout<'r> {
    ruler: &'r dyn Ruler,
    strips: Vec<Strip>,
}

impl Layout<'_> {
    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(text) => {
                self.pause(Pause::Part);
                let first = self.strips.len();
                self.paragraph(text, Style::Heading, Align::Left);
                self.pause(Pause::Small);
                for strip in &mut self.strips[first..] {
                    strip.with_next = true;
                }
            }
            Block::Paragraph(text, weight) => self.paragraph(text, Style::of(*weight), Align::Left),
            Block::Centred(text, weight) => self.paragraph(text, Style::of(*weight), Align::Centre),
            Block::Note(text) => self.paragraph(text, Style::Note, Align::Left),
            Block::Row { label, value, weight } => {
                let mut lines = self.labelled(label, value, Style::of(*weight));
                underline(&mut lines);
                self.strips.push(Strip {
                    lines,
                    ..Strip::default()
                });
            }
            Block::Table(grid) => {
                // A table keeps a little off whatever stands above it.
                let above = self
                    .strips
                    .last()
                    .is_some_and(|strip| strip.lines.iter().any(|line| !line.pieces.is_empty()));
                if above {
                    self.pause(Pause::Small);
                }
                let strips = grid::strips(grid, self);
                self.strips.extend(strips);
            }
            Block::Rule => self.strips.push(Strip {
                lines: vec![self.rule()],
                ..Strip::default()
            }),
            Block::Space => self.pause(Pause::Line),
            Block::Mark(text) => {
                self.pause(Pause::Small);
                self.paragraph(text, Style::Mark, Align::Centre);
                self.pause(Pause::Small);
            }
            Block::Bars(bars) => self.bars(bars),
            Block::Code(text) => {
                self.code(text);
                self.pause(Pause::Small);
            }
        }
    }

    fn paragraph(&mut self, text: &str, style: Style, align: Align) {
        let lines = self.wrapped(text, 0, self.ruler.width(), style, align);
        self.strips.extend(lines.into_iter().map(|line| Strip {
            lines: vec![line],
            ..Strip::default()
        }));
    }

    /// A text in a box, line by line.
    fn wrapped(&self, text: &str, x: u32, width: u32, style: Style, align: Align) -> Vec<Line> {
        let shown = self.shown(text);
        wrap(&shown, width, |c| self.ruler.char(c, style))
            .into_iter()
            .map(|text| {
                self.line(Text {
                    x,
                    width,
                    align,
                    style,
                    text: text.to_owned(),
                })
            })
            .collect()
    }

    /// A label from the left, and a value that ends at the right edge of the label's last line, or of a line of its own.
    fn labelled(&self, label: &str, value: &str, style: Style) -> Vec<Line> {
        let width = self.ruler.width();
        let (label, value) = (self.shown(label), self.on_one_line(value));
        let value_width = self.width_of(&value, style);
        let beside = width.saturating_sub(value_width + self.ruler.gutter());
        let label_width = self.width_of(&label, style);
        let mut lines;
        if label.trim().is_empty() {
            lines = Vec::new();
        } else if beside >= label_width.min(self.ruler.readable()) {
            lines = self.wrapped(&label, 0, beside, style, Align::Left);
            if let Some(last) = lines.last_mut() {
                last.pieces.push(Piece::Text(self.right(value, width, style)));
            }
            return lines;
        } else {
            lines = self.wrapped(&label, 0, width, style, Align::Left);
        }
        if !value.is_empty() || lines.is_empty() {
            lines.extend(self.wrapped(&value, 0, width, style, Align::Right));
        }
        lines
    }

    fn right(&self, text: String, width: u32, style: Style) -> Text {
        Text {
            x: 0,
            width,
            align: Align::Right,
            style,
            text,
        }
    }

    fn bars(&mut self, bars: &[Bar]) {
        let style = Style::Body;
        let (ruler, gutter) = (self.ruler, self.ruler.gutter());
        let max = bars.iter().map(|bar| bar.value).max().unwrap_or_default();
        let longest = |text: fn(&Bar) -> &str| {
            bars.iter()
                .map(|bar| self.width_of(&self.on_one_line(text(bar)), style))
                .max()
                .unwrap_or_default()
        };
        let (labels, figures) = (longest(|bar| &bar.label), longest(|bar| &bar.shown));
        let room = ruler.width().saturating_sub(labels + figures + 2 * gutter);
        let mut strips = Vec::new();
        for bar in bars {
            let lines = if room >= ruler.readable() / 2 {
                let mut line = self.line(Text {
                    x: 0,
                    width: labels,
                    align: Align::Left,
                    style,
                    text: self.on_one_line(&bar.label),
                });
                line.pieces.push(Piece::Bar {
                    x: labels + gutter,
                    width: room,
                    value: bar.value,
                    max,
                });
                line.pieces.push(Piece::Text(self.right(
                    self.on_one_line(&bar.shown),
                    ruler.width(),
                    style,
                )));
                vec![line]
            } else {
                // Labels or figures leave no room beside them: the bar gets a line of its own.
                let mut lines = self.labelled(&bar.label, &bar.shown, style);
                let own = Piece::Bar {
                    x: 0,
                    width: ruler.width(),
                    value: bar.value,
                    max,
                };
                lines.push(Line {
                    height: ruler.leading(style),
                    pieces: vec![own],
                });
                lines
            };
            strips.push(Strip {
                lines,
                ..Strip::default()
            });
        }
        self.strips.extend(strips);
    }

    /// Every line but the last equally long.
    fn code(&mut self, text: &str) {
        let shown: Vec<char> = self.shown(text).chars().filter(|c| *c != '\n').collect();
        let widest = shown
            .iter()
            .map(|c| self.ruler.char(*c, Style::Code))
            .max()
            .unwrap_or(1)
            .max(1);
        let fits = (self.ruler.width() / widest).max(1) as usize;
        // No more lines than needed, but all of about one length, in whole groups of eight: digests are compared by eye.
        let lines = shown.len().div_ceil(fits).max(1);
        let even = shown.len().div_ceil(lines).max(1).next_multiple_of(8);
        let a_line = if even <= fits { even } else { fits };
        let width = self.ruler.width();
        for chunk in shown.chunks(a_line) {
            let text = chunk.iter().collect();
            let line = self.line(Text {
                x: 0,
                width,
                align: Align::Left,
                style: Style::Code,
                text,
            });
            self.strips.push(Strip {
                lines: vec![line],
                ..Strip::default()
            });
        }
    }

    fn pause(&mut self, pause: Pause) {
        let line = Line {
            height: self.ruler.pause(pause),
            pieces: Vec::new(),
        };
        self.strips.push(Strip {
            lines: vec![line],
            ..Strip::default()
        });
    }

    fn rule(&self) -> Line {
        Line {
            height: self.ruler.rule(),
            pieces: vec![Piece::Rule],
        }
    }

    fn line(&self, text: Text) -> Line {
        Line {
            height: self.ruler.leading(text.style),
            pieces: vec![Piece::Text(text)],
        }
    }

    fn width_of(&self, text: &str, style: Style) -> u32 {
        natural(text, |c| self.ruler.char(c, style))
    }

    fn shown(&self, text: &str) -> String {
        let shown = text
            .chars()
            .filter_map(|c| if c == '\n' { Some(c) } else { self.ruler.shown(c) });
        shown.collect()
    }

    fn on_one_line(&self, text: &str) -> String {
        self.shown(text).replace('\n', " ").trim().to_owned()
    }
}

fn underline(lines: &mut [Line]) {
    if let Some(last) = lines.last_mut() {
        last.pieces.push(Piece::Hairline);
    }
}

/// What every paper agrees on: control characters and odd spaces become a space, and marks that are nothing by themselves are left out.
pub(crate) fn visible(c: char) -> Option<char> {
    match c {
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => None,
        '\u{fe00}'..='\u{fe0f}' | '\u{ad}' => None,
        c if c.is_control() || c.is_whitespace() && c != '\u{3000}' => Some(' '),
        c => Some(c),
    }
}
