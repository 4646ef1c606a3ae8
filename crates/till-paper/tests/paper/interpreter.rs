//! A thermal printer without a head: takes ESC/POS, knows just the commands such printers share, and keeps what would be
//! on the paper, as lines and as dots.

use encoding_rs::GB18030;

/// A line's height and a column's width, in dots.
pub(crate) const COLUMN: u32 = 12;

/// A stretch of characters printed in one manner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) text: String,
    pub(crate) bold: bool,
    pub(crate) reverse: bool,
    /// Times as wide and times as high.
    pub(crate) wide: u32,
    pub(crate) high: u32,
}

impl Run {
    pub(crate) fn dots(&self) -> u32 {
        let columns: u32 = self.text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
        columns * self.wide * COLUMN
    }
}

/// What came out, from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Printed {
    Line {
        runs: Vec<Run>,
        centred: bool,
        height: u32,
    },
    Picture {
        bytes_a_row: u32,
        data: Vec<u8>,
    },
    Feed(u32),
    Cut,
}

impl Printed {
    pub(crate) fn height(&self) -> u32 {
        match self {
            Self::Line { height, .. } | Self::Feed(height) => *height,
            Self::Picture { bytes_a_row, data } => data.len() as u32 / bytes_a_row,
            Self::Cut => 0,
        }
    }

    /// Where the line's runs begin on a paper of that many dots.
    pub(crate) fn left(&self, dots: u32) -> u32 {
        match self {
            Self::Line {
                runs, centred: true, ..
            } => {
                let used: u32 = runs.iter().map(Run::dots).sum();
                dots.saturating_sub(used) / 2
            }
            Self::Line { .. } | Self::Picture { .. } | Self::Feed(_) | Self::Cut => 0,
        }
    }

    /// A line as one reads it: in columns, from the left edge.
    pub(crate) fn text(&self, dots: u32) -> Option<String> {
        let Self::Line { runs, .. } = self else {
            return None;
        };
        let mut text = " ".repeat((self.left(dots) / COLUMN) as usize);
        for run in runs {
            text.push_str(&run.text);
        }
        Some(text.trim_end().to_owned())
    }
}

/// What a printer has done with the bytes it got.
#[derive(Debug, Default)]
pub(crate) struct Paper {
    pub(crate) printed: Vec<Printed>,
    /// How often the drawer was opened.
    pub(crate) kicks: u32,
    /// How often it was asked about its state.
    pub(crate) questions: u32,
}

impl Paper {
    pub(crate) fn lines(&self, dots: u32) -> Vec<String> {
        self.printed
            .iter()
            .filter_map(|printed| printed.text(dots))
            .collect()
    }
}

struct Manner {
    bold: bool,
    reverse: bool,
    wide: u32,
    high: u32,
    centred: bool,
    spacing: u32,
}

const PLAIN: Manner = Manner {
    bold: false,
    reverse: false,
    wide: 1,
    high: 1,
    centred: false,
    spacing: 30,
};

/// Interprets; a command no such printer has, or one cut off, is the test's failure.
pub(crate) fn interpret(bytes: &[u8]) -> Paper {
    let mut paper = Paper::default();
    let mut manner = PLAIN;
    let (mut runs, mut text): (Vec<Run>, Vec<u8>) = (Vec::new(), Vec::new());
    let mut rest = bytes;
    fn finish(text: &mut Vec<u8>, runs: &mut Vec<Run>, manner: &Manner) {
        if text.is_empty() {
            return;
        }
        let (decoded, _, failed) = GB18030.decode(text);
        assert!(!failed, "the bytes between commands are GB18030: {text:02x?}");
        runs.push(Run {
            text: decoded.into_owned(),
            bold: manner.bold,
            reverse: manner.reverse,
            wide: manner.wide,
            high: manner.high,
        });
        text.clear();
    }
    while let Some((first, _)) = rest.split_first() {
        if !matches!(first, 0x1b | 0x1c | 0x1d | 0x10 | b'\n') {
            // The second byte of a pair is never mistaken for a command.
            let long = if *first < 0x80 { 1 } else { 2 };
            text.extend(&rest[..long]);
            rest = &rest[long..];
            continue;
        }
        finish(&mut text, &mut runs, &manner);
        let used = match *rest {
            [b'\n', ..] => {
                let runs = std::mem::take(&mut runs);
                paper.printed.push(Printed::Line {
                    runs,
                    centred: manner.centred,
                    height: manner.spacing,
                });
                1
            }
            [0x1b, b'@', ..] => {
                manner = PLAIN;
                2
            }
            [0x1c, b'&', ..] => 2,
            [0x1b, b'3', n, ..] => {
                manner.spacing = n.into();
                3
            }
            [0x1b, b'a', n @ 0..=1, ..] => {
                assert!(
                    runs.is_empty(),
                    "alignment is taken at the beginning of a line only"
                );
                manner.centred = n == 1;
                3
            }
            [0x1b, b'E', n @ 0..=1, ..] => {
                manner.bold = n == 1;
                3
            }
            [0x1d, b'!', n, ..] => {
                (manner.wide, manner.high) = (u32::from(n >> 4) + 1, u32::from(n & 7) + 1);
                3
            }
            [0x1d, b'B', n @ 0..=1, ..] => {
                manner.reverse = n == 1;
                3
            }
            [0x1b, b'J', n, ..] => {
                assert!(runs.is_empty(), "nothing waits in the line when paper is fed");
                paper.printed.push(Printed::Feed(n.into()));
                3
            }
            [0x1d, b'v', b'0', 0, xl, xh, yl, yh, ..] => {
                let (bytes_a_row, rows) = (u16::from_le_bytes([xl, xh]), u16::from_le_bytes([yl, yh]));
                let size = usize::from(bytes_a_row) * usize::from(rows);
                let data = rest[8..8 + size].to_vec();
                paper.printed.push(Printed::Picture {
                    bytes_a_row: bytes_a_row.into(),
                    data,
                });
                8 + size
            }
            [0x1d, b'V', 66, _, ..] => {
                paper.printed.push(Printed::Cut);
                4
            }
            [0x1b, b'p', 0..=1, _, _, ..] => {
                paper.kicks += 1;
                5
            }
            [0x10, 0x04, 1..=4, ..] => {
                paper.questions += 1;
                3
            }
            _ => panic!("no printer knows {:02x?}", &rest[..rest.len().min(8)]),
        };
        rest = &rest[used..];
    }
    assert!(
        text.is_empty() && runs.is_empty(),
        "nothing is left in the line at the end"
    );
    paper
}

/// The paper as dots: true is black. Characters are drawn as blocks of their cells, or in a font by [`picture`](super::picture).
pub(crate) struct Dots {
    pub(crate) width: u32,
    pub(crate) rows: Vec<Vec<bool>>,
}

/// The pictures on the paper, everything else left white.
pub(crate) fn dots(paper: &Paper, width: u32) -> Dots {
    let mut rows = Vec::new();
    for printed in &paper.printed {
        match printed {
            Printed::Picture { bytes_a_row, data } => {
                assert_eq!(bytes_a_row * 8, width, "a picture is as wide as the paper");
                rows.extend(data.chunks(*bytes_a_row as usize).map(|row| {
                    row.iter()
                        .flat_map(|byte| (0..8).map(move |bit| byte & (0x80 >> bit) != 0))
                        .collect()
                }));
            }
            Printed::Line { height, .. } | Printed::Feed(height) => {
                rows.extend((0..*height).map(|_| vec![false; width as usize]));
            }
            Printed::Cut => {}
        }
    }
    Dots { width, rows }
}
