//! The paper as a picture for a person: what the interpreter took as text, drawn in a font of the machine's.

use std::path::Path;

use ab_glyph::{Font as _, FontVec, PxScale, point};
use image::{GrayImage, Luma};

use crate::interpreter::{COLUMN, Paper, Printed, dots};

/// Saves the paper, with a margin, as PNG.
pub(crate) fn save(paper: &Paper, width: u32, font: &FontVec, path: &Path) {
    const MARGIN: u32 = 24;
    let dots = dots(paper, width);
    let mut image = GrayImage::from_pixel(
        width + 2 * MARGIN,
        dots.rows.len() as u32 + 2 * MARGIN,
        Luma([255]),
    );
    for (y, row) in dots.rows.iter().enumerate() {
        for (x, _) in row.iter().enumerate().filter(|(_, black)| **black) {
            image.put_pixel(x as u32 + MARGIN, y as u32 + MARGIN, Luma([0]));
        }
    }
    let mut top = MARGIN;
    for printed in &paper.printed {
        if let Printed::Line { runs, .. } = printed {
            let mut x = MARGIN + printed.left(width);
            for run in runs {
                let (ink, ground) = if run.reverse { (255, 0) } else { (0, 255) };
                for dx in 0..run.dots() {
                    for dy in 0..24 * run.high {
                        image.put_pixel(x + dx, top + dy, Luma([ground]));
                    }
                }
                for c in run.text.chars() {
                    let cell = if c.is_ascii() { COLUMN } else { 2 * COLUMN } * run.wide;
                    let upright = if c.is_ascii() { 20.0 } else { 32.0 };
                    let scale = PxScale {
                        x: upright * run.wide as f32,
                        y: 32.0 * run.high as f32,
                    };
                    let at = point(x as f32, (top + 20 * run.high) as f32);
                    if let Some(outline) =
                        font.outline_glyph(font.glyph_id(c).with_scale_and_position(scale, at))
                    {
                        let corner = outline.px_bounds().min;
                        let limit = if run.bold { 0.15 } else { 0.5 };
                        outline.draw(|dx, dy, covered| {
                            let (x, y) = (corner.x as i64 + i64::from(dx), corner.y as i64 + i64::from(dy));
                            if covered > limit
                                && let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
                                && x < image.width()
                                && y < image.height()
                            {
                                image.put_pixel(x, y, Luma([ink]));
                            }
                        });
                    }
                    x += cell;
                }
            }
        }
        top += printed.height();
    }
    image.save(path).expect("the target folder takes pictures");
}

/// A font for it, found another way than the crate finds its own.
pub(crate) fn font() -> FontVec {
    let mut database = fontdb::Database::new();
    database.load_system_fonts();
    let query = fontdb::Query {
        families: &[fontdb::Family::Name("Noto Sans CJK SC")],
        ..fontdb::Query::default()
    };
    let id = database
        .query(&query)
        .expect("fonts-noto-cjk is installed by script/install.sh test");
    database
        .with_face_data(id, |data, index| {
            FontVec::try_from_vec_and_index(data.to_vec(), index)
        })
        .expect("the font's file is there")
        .expect("it is a font")
}
