//! PDF, read back by poppler.

use crate::{FONTS, picture, samples};
use till_paper::pdf;

#[test]
fn pictures() {
    for (name, document) in [
        ("z-zh", samples::z_in_chinese(70)),
        ("z-en", samples::z_in_english()),
        ("receipt", samples::receipt()),
    ] {
        std::fs::write(
            picture(&format!("{name}-a4.pdf")),
            pdf::a4(&document, &FONTS).unwrap(),
        )
        .unwrap();
        std::fs::write(
            picture(&format!("{name}-80.pdf")),
            pdf::roll_80(&document, &FONTS).unwrap(),
        )
        .unwrap();
    }
}
