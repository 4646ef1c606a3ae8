//! The fonts a document is drawn with: one family with Chinese characters found on the machine, plain and bold.

use std::fmt;
use std::sync::Arc;

use ab_glyph::{Font as _, FontVec, GlyphId, PxScale, VariableFont as _};
use fontdb::{Database, Family, ID, Query, Source, Weight};

use crate::PaperError;

/// Families to take, the best kept and best looking first; whatever else can draw Chinese comes after them.
const FAMILIES: [&str; 17] = [
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "思源黑体",
    "PingFang SC",
    "HarmonyOS Sans SC",
    "MiSans",
    "Microsoft YaHei",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "DengXian",
    "STHeiti",
    "SimHei",
    "Droid Sans Fallback",
    "SimSun",
];

/// A face has to draw these to be taken: the words of a till, an amount, a letter.
const NEEDED: &str = "收款元合计微信支付¥0123456789.,Ag";

/// A family with Chinese characters, plain and bold. Cheap to clone.
#[derive(Clone)]
pub struct Fonts {
    pub(crate) plain: Arc<Face>,
    pub(crate) bold: Arc<Face>,
    family: String,
}

impl Fonts {
    /// Looks for them among the machine's fonts. Reads some 40 MB: do it once, away from the windows' thread, and keep it.
    ///
    /// # Errors
    /// [`PaperError::NoChineseFont`] when no face on the machine can draw Chinese.
    pub fn find() -> Result<Self, PaperError> {
        let mut database = Database::new();
        database.load_system_fonts();
        Self::among(&database)
    }

    /// Looks for them in one folder and below it, and nowhere else.
    ///
    /// # Errors
    /// [`PaperError::NoChineseFont`] when no face in it can draw Chinese.
    pub fn find_in(folder: &std::path::Path) -> Result<Self, PaperError> {
        let mut database = Database::new();
        database.load_fonts_dir(folder);
        Self::among(&database)
    }

    fn among(database: &Database) -> Result<Self, PaperError> {
        let others = database
            .faces()
            .filter_map(|face| face.families.first())
            .map(|(name, _)| name.as_str());
        for family in FAMILIES.into_iter().chain(others) {
            let [plain_id, bold_id] =
                [Weight::NORMAL, Weight::BOLD].map(|weight| nearest(database, family, weight));
            let Some(plain) = plain_id.and_then(|id| face(database, id, Weight::NORMAL)) else {
                continue;
            };
            let plain = Arc::new(plain);
            // A family of one face has it stand for both: better one weight than two families on a page.
            let bold = bold_id
                .filter(|id| Some(*id) != plain_id)
                .and_then(|id| face(database, id, Weight::BOLD))
                .map_or_else(|| Arc::clone(&plain), Arc::new);
            return Ok(Self {
                plain,
                bold,
                family: family.to_owned(),
            });
        }
        Err(PaperError::NoChineseFont {
            looked_at: database.len(),
        })
    }

    /// The family's name.
    pub fn family(&self) -> &str {
        &self.family
    }
}

impl fmt::Debug for Fonts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fonts")
            .field("family", &self.family)
            .finish_non_exhaustive()
    }
}

/// The family's face nearest to a weight.
fn nearest(database: &Database, family: &str, weight: Weight) -> Option<ID> {
    let families = &[Family::Name(family)];
    database.query(&Query {
        families,
        weight,
        ..Query::default()
    })
}

/// A face, if it can draw what a till needs.
fn face(database: &Database, id: ID, weight: Weight) -> Option<Face> {
    let info = database.face(id)?;
    let data = match &info.source {
        Source::File(path) => std::fs::read(path).ok()?,
        Source::Binary(data) => (**data).as_ref().to_vec(),
    };
    Face::new(data, info.index, weight)
}

/// One face, for measuring and drawing dots by ab_glyph and for embedding by krilla, over the same bytes.
pub(crate) struct Face {
    dots: Arc<FontVec>,
    pub(crate) pdf: krilla::text::Font,
    units_per_em: f32,
}

impl Face {
    fn new(data: Vec<u8>, index: u32, weight: Weight) -> Option<Self> {
        let mut dots = FontVec::try_from_vec_and_index(data, index).ok()?;
        // Says no where the font has no such axis, which is as well.
        dots.set_variation(b"wght", f32::from(weight.0));
        // A family may be there by name and hold another script, or outlines of a kind nobody else can read.
        let draws = |c| {
            let glyph = dots.glyph_id(c);
            glyph.0 != 0 && dots.outline(glyph).is_some()
        };
        if !NEEDED.chars().all(draws) {
            return None;
        }
        let units_per_em = dots.units_per_em()?;
        let dots = Arc::new(dots);
        let shared: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::new(Bytes(Arc::clone(&dots)));
        let axis = (krilla::text::Tag::new(b"wght"), f32::from(weight.0));
        let pdf = krilla::text::Font::new_variable(shared.into(), index, &[axis])?;
        Some(Self {
            dots,
            pdf,
            units_per_em,
        })
    }

    pub(crate) fn dots(&self) -> &FontVec {
        &self.dots
    }

    /// A character's glyph; □ for one the font lacks, so that a reader sees that there is something.
    pub(crate) fn glyph(&self, c: char) -> GlyphId {
        match self.dots.glyph_id(c) {
            GlyphId(0) => self.dots.glyph_id('□'),
            glyph => glyph,
        }
    }

    /// The scale at which ab_glyph, which measures from ascent to descent, draws letters of that size in dots.
    pub(crate) fn scale(&self, em_x: f32, em_y: f32) -> PxScale {
        let height = self.dots.height_unscaled() / self.units_per_em;
        PxScale {
            x: em_x * height,
            y: em_y * height,
        }
    }

    /// A character's advance, in ems.
    pub(crate) fn advance(&self, c: char) -> f32 {
        self.dots.h_advance_unscaled(self.glyph(c)) / self.units_per_em
    }
}

/// The font's file, shared by the two readers.
struct Bytes(Arc<FontVec>);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self.0.as_slice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_are_handed_between_threads() {
        fn sent<T: Send + Sync>() {}
        sent::<Fonts>();
    }
}
