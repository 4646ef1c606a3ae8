//! A document as PDF: A4 pages, or one page of an 80 mm roll as long as it needs to be.
//!
//! The text stays text: it can be searched, selected and read aloud, and brings along just the glyphs it uses. Equal
//! documents drawn with equal fonts are equal byte for byte: nothing of the day or the machine is written into them.

mod paint;
mod sheet;

use krilla::page::PageSettings;

use crate::layout::{Line, Strip, lay_out};
use crate::{Document, Fonts, PaperError};
use paint::Painter;
use sheet::Sheet;

/// The document on A4 pages, each with its number (`1 / 3`) and, from the second on, the title.
///
/// # Errors
/// [`PaperError::Pdf`] when the font can't be cut down to what is used of it.
pub fn a4(document: &Document, fonts: &Fonts) -> Result<Vec<u8>, PaperError> {
    write(document, fonts, &Sheet::a4(fonts))
}

/// The document as an 80 mm roll, as a receipt printer's driver expects it: a single page, just as long as it has to be.
/// (A PDF page ends at five metres; what is longer goes on on the next.)
///
/// # Errors
/// [`PaperError::Pdf`] when the font can't be cut down to what is used of it.
pub fn roll_80(document: &Document, fonts: &Fonts) -> Result<Vec<u8>, PaperError> {
    write(document, fonts, &Sheet::roll_80(fonts))
}

fn write(document: &Document, fonts: &Fonts, sheet: &Sheet<'_>) -> Result<Vec<u8>, PaperError> {
    let broken = |why: &dyn std::fmt::Debug| PaperError::Pdf(format!("{why:?}"));
    let pages = paginate(lay_out(document, sheet), sheet.page_room());
    let count = pages.len();

    let mut pdf = krilla::Document::new();
    let metadata = krilla::metadata::Metadata::new()
        .title(document.title.clone())
        .language(document.language.clone());
    pdf.set_metadata(metadata);
    for (at, lines) in pages.iter().enumerate() {
        let used = lines.iter().map(|line| line.height).sum();
        let (width, height) = sheet.page_size(used);
        let settings = PageSettings::from_wh(width, height).ok_or_else(|| broken(&(width, height)))?;
        let mut page = pdf.start_page_with(settings);
        let mut painter = Painter::new(page.surface(), fonts, sheet);
        if sheet.numbered {
            painter.furniture(&document.title, at + 1, count, height);
        }
        painter.lines(lines);
    }
    pdf.finish().map_err(|why| broken(&why))
}

/// Distributes strips over pages of that room. No strip is cut that fits on a page, a heading stays with what it heads, and
/// a table that goes on begins with its head again.
fn paginate(strips: Vec<Strip>, room: u32) -> Vec<Vec<Line>> {
    let mut pages: Vec<Vec<Line>> = vec![Vec::new()];
    let mut used = 0;
    let mut strips = strips.into_iter().peekable();
    while let Some(first) = strips.next() {
        let head = first.head.clone();
        let mut together = vec![first];
        while together.last().is_some_and(|strip| strip.with_next) {
            let Some(next) = strips.next() else { break };
            together.push(next);
        }
        let height: u32 = together.iter().map(Strip::height).sum();
        if used > 0 && used + height > room {
            pages.push(Vec::new());
            used = 0;
        }
        for line in together.into_iter().flat_map(|strip| strip.lines) {
            // One row higher than a whole page is the only thing that is ever cut, for it can't be otherwise.
            if used > 0 && used + line.height > room {
                pages.push(Vec::new());
                used = 0;
            }
            let Some(page) = pages.last_mut() else { continue };
            if page.is_empty() {
                if line.pieces.is_empty() {
                    // Free space separates; at the top of a page there is nothing to separate from.
                    continue;
                }
                if pages_continue(used, &head) {
                    used += head.iter().map(|line| line.height).sum::<u32>();
                    page.extend(head.iter().cloned());
                }
            }
            used += line.height;
            page.push(line);
        }
    }
    pages
}

/// Whether a table's head is to be put above what begins a page.
fn pages_continue(used: u32, head: &[Line]) -> bool {
    used == 0 && !head.is_empty()
}
