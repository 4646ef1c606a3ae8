//! The QR code of a `code_url`, as one SVG path in module units.

use std::cell::RefCell;
use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

/// A QR code without its quiet zone; whoever draws it leaves 4 modules of white around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qr {
    /// Modules a side.
    pub modules: u32,
    /// The dark modules: runs of a row as `M{x} {y}h{n}v1h-{n}z`.
    pub path: String,
}

/// Draws a `code_url` at level M. `None` when it is too long for any QR code, which WeChat's 64 characters never are.
#[must_use]
pub fn draw(code_url: &str) -> Option<Qr> {
    let code = QrCode::with_error_correction_level(code_url, EcLevel::M).ok()?;
    let width = code.width();
    let colors = code.to_colors();
    let mut path = String::new();
    for (y, row) in colors.chunks(width).enumerate() {
        let mut x = 0;
        while x < width {
            let run = row[x..].iter().take_while(|color| **color == Color::Dark).count();
            if run > 0 {
                // Writing to a String can't fail.
                let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
            }
            x += run.max(1);
        }
    }
    Some(Qr {
        modules: u32::try_from(width).ok()?,
        path,
    })
}

/// The code that was drawn last: while it waits, the screens' pictures are taken again at each answer, and it stays.
#[derive(Debug, Default)]
pub(crate) struct LastDrawn(RefCell<Option<(String, Qr)>>);

impl LastDrawn {
    /// As [`draw`].
    pub(crate) fn draw(&self, code_url: &str) -> Option<Qr> {
        let mut last = self.0.borrow_mut();
        if let Some((_, qr)) = last.as_ref().filter(|(of, _)| of == code_url) {
            return Some(qr.clone());
        }
        let qr = draw(code_url)?;
        *last = Some((code_url.to_owned(), qr.clone()));
        Some(qr)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_holds_every_dark_module_once() {
        let url = "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00";
        let qr = draw(url).unwrap();
        let dark = QrCode::with_error_correction_level(url, EcLevel::M)
            .unwrap()
            .to_colors()
            .iter()
            .filter(|color| **color == Color::Dark)
            .count();
        let drawn: usize = qr
            .path
            .split('z')
            .filter_map(|run| run.split('h').nth(1)?.split('v').next()?.parse::<usize>().ok())
            .sum();
        assert_eq!(drawn, dark, "each dark module is in exactly one run");
        assert!(qr.modules >= 21, "the smallest QR code has 21 modules a side");
    }

    #[test]
    fn another_code_is_not_taken_for_the_last_one() {
        let last = LastDrawn::default();
        let (one, other) = ("weixin://wxpay/bizpayurl?pr=1", "weixin://wxpay/bizpayurl?pr=2");
        for url in [one, one, other, one] {
            assert_eq!(last.draw(url), draw(url), "the code of {url}");
        }
    }
}
