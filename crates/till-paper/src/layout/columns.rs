//! How a table's columns share the width.

/// What a column would like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// So wide that nothing is wrapped.
    pub(super) natural: u32,
    /// So wide that it can still be read; for figures the natural width itself.
    pub(super) least: u32,
}

/// A column's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) x: u32,
    pub(super) width: u32,
}

/// Places from edge to edge, `gutter` apart, or `None` when not even the least widths fit. Widths are multiples of `step`
/// but for the last column, which ends at the edge.
pub(super) fn share(wishes: &[Wish], width: u32, gutter: u32, step: u32) -> Option<Vec<Place>> {
    let count = u32::try_from(wishes.len()).ok().filter(|count| *count > 0)?;
    let room = width.checked_sub(gutter * (count - 1))?;
    let natural: u32 = wishes.iter().map(|wish| wish.natural).sum();
    let least: u32 = wishes.iter().map(|wish| wish.least).sum();
    let mut widths: Vec<u32>;
    if natural <= room {
        // What is left over is spread, so that a short table does not huddle at one side.
        let each = (room - natural) / count / step * step;
        widths = wishes.iter().map(|wish| wish.natural + each).collect();
    } else if least <= room {
        // Each gives way in proportion to how much it could.
        let (spare, asked) = (u64::from(room - least), u64::from(natural - least));
        let part = |wish: &Wish| {
            let more = u64::from(wish.natural - wish.least) * spare / asked;
            // No more than `spare`, which came out of a u32.
            u32::try_from(more).unwrap_or_default() / step * step
        };
        widths = wishes.iter().map(|wish| wish.least + part(wish)).collect();
    } else {
        return None;
    }
    // The rounding's rest goes to the column that can use it best: the widest.
    let rest = room - widths.iter().sum::<u32>();
    let widest = (0..wishes.len()).max_by_key(|at| (wishes[*at].natural, usize::MAX - at))?;
    widths[widest] += rest;
    let mut x = 0;
    let places = widths.into_iter().map(|width| {
        let place = Place { x, width };
        x += width + gutter;
        place
    });
    Some(places.collect())
}
