//! Reads QR codes out of pixels with `rqrr`, which shares no code with what drew them.

use anyhow::Context;

/// The text of the only QR code in a PNG; `None` when there is none. Two codes, or one that can't be read, are errors.
pub fn read(png: &[u8]) -> anyhow::Result<Option<String>> {
    let picture = image::load_from_memory_with_format(png, image::ImageFormat::Png)
        .context("reading the screenshot")?
        .into_luma8();
    let mut prepared = rqrr::PreparedImage::prepare(picture);
    let grids = prepared.detect_grids();
    anyhow::ensure!(grids.len() <= 1, "{} QR codes on one screen", grids.len());
    grids
        .first()
        .map(|grid| Ok(grid.decode().context("a QR code that can't be read")?.1))
        .transpose()
}
