//! Documents on paper, read back by others than the ones who wrote them.

mod developed;
mod escpos;
mod interpreter;
mod pdf;
mod printer;
mod properties;
mod samples;

use std::sync::LazyLock;

use till_paper::Fonts;

/// The machine's fonts, looked for once.
pub(crate) static FONTS: LazyLock<Fonts> =
    LazyLock::new(|| Fonts::find().expect("script/install.sh test installs fonts-noto-cjk"));

/// Where pictures are left for a person to look at.
pub(crate) fn picture(name: &str) -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("paper");
    std::fs::create_dir_all(&folder).expect("the target folder takes files");
    folder.join(name)
}

/// A text without what no eye sees: spaces, line ends, marks of no width.
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != '\u{feff}')
        .collect()
}
