//! A table on paper: side by side where it fits; on narrow paper the figures below their text; on the narrowest every cell
//! as a row of its own. Nothing is left out in any of them.

use super::columns::{Place, Wish, share};
use super::wrap::longest_word;
use super::{Align, Layout, Line, Pause, Piece, Strip, Style, Text, underline};
use crate::table::{Column, ColumnKind, Grid};

pub(super) fn strips(grid: &Grid, page: &Layout<'_>) -> Vec<Strip> {
    let form = Form::of(grid, page);
    let titles: Vec<&str> = grid.columns.iter().map(|column| column.title.as_str()).collect();
    let titled = titles.iter().any(|title| !title.is_empty());
    let mut head = Vec::new();
    if titled && !matches!(form, Form::Labelled) {
        head = form.row(grid, &titles, Style::Head, page);
        head.push(page.rule());
    }

    let mut strips = vec![];
    if !head.is_empty() {
        strips.push(Strip {
            lines: head.clone(),
            with_next: true,
            ..Strip::default()
        });
    }
    let mut plain_before = false;
    for (cells, weight) in &grid.rows {
        let style = Style::of(*weight);
        let plain = style == Style::Body;
        let mut lines = Vec::new();
        if plain_before && !plain {
            // A sum is set off from what it sums up, by one line and not by two.
            let above = strips
                .last_mut()
                .and_then(|strip: &mut Strip| strip.lines.iter_mut().rfind(|line| !line.pieces.is_empty()));
            if let Some(above) = above {
                above.pieces.retain(|piece| *piece != Piece::Hairline);
            }
            lines.push(page.rule());
        }
        plain_before = plain;
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        lines.extend(form.row(grid, &cells, style, page));
        underline(&mut lines);
        if matches!(form, Form::Labelled) {
            // Where rows are many lines, one has to see where the next begins.
            lines.push(Line {
                height: page.ruler.pause(Pause::Small),
                pieces: Vec::new(),
            });
        }
        strips.push(Strip {
            lines,
            with_next: false,
            head: head.clone(),
        });
    }
    strips
}

/// How a table stands on a paper of some width.
enum Form {
    /// All columns beside each other.
    Beside(Vec<Place>),
    /// The texts over the whole width, below them the figures beside each other.
    Below(Vec<Place>),
    /// Each cell with its column's title before it.
    Labelled,
}

impl Form {
    fn of(grid: &Grid, page: &Layout<'_>) -> Self {
        let (width, gutter, step) = (
            page.ruler.width(),
            page.ruler.gutter(),
            page.ruler.char('0', Style::Body),
        );
        let wishes: Vec<Wish> = (0..grid.columns.len()).map(|at| wish(grid, at, page)).collect();
        if let Some(places) = share(&wishes, width, gutter, step) {
            return Self::Beside(places);
        }
        let figures: Vec<Wish> = wishes
            .into_iter()
            .zip(&grid.columns)
            .filter_map(|(wish, column)| (column.kind == ColumnKind::Figures).then_some(wish))
            .collect();
        match share(&figures, width, gutter, step) {
            Some(places) => Self::Below(places),
            None => Self::Labelled,
        }
    }

    fn row(&self, grid: &Grid, cells: &[&str], style: Style, page: &Layout<'_>) -> Vec<Line> {
        match self {
            Self::Beside(places) => {
                let all = grid.columns.iter().zip(cells).zip(places);
                merge(all.map(|((column, cell), place)| cell_lines(column, cell, *place, style, page)))
            }
            Self::Below(places) => {
                let (mut lines, mut figures) = (Vec::new(), Vec::new());
                let mut places = places.iter();
                for (column, cell) in grid.columns.iter().zip(cells) {
                    match column.kind {
                        ColumnKind::Text if cell.is_empty() => {}
                        ColumnKind::Text => {
                            lines.extend(page.wrapped(cell, 0, page.ruler.width(), style, Align::Left));
                        }
                        ColumnKind::Figures => {
                            let place = places.next().copied();
                            figures.extend(place.map(|place| cell_lines(column, cell, place, style, page)));
                        }
                    }
                }
                lines.extend(merge(figures.into_iter()));
                lines
            }
            Self::Labelled => {
                let cells = grid
                    .columns
                    .iter()
                    .zip(cells)
                    .filter(|(_, cell)| !cell.is_empty());
                cells
                    .flat_map(|(column, cell)| page.labelled(&column.title, cell, style))
                    .collect()
            }
        }
    }
}

/// What a column asks for, over all its rows and its title.
fn wish(grid: &Grid, at: usize, page: &Layout<'_>) -> Wish {
    let column = &grid.columns[at];
    let title = page.shown(&column.title);
    let cells = grid.rows.iter().map(|(cells, weight)| {
        let style = Style::of(*weight);
        match column.kind {
            ColumnKind::Text => page.width_of(&page.shown(&cells[at]), style),
            ColumnKind::Figures => page.width_of(&page.on_one_line(&cells[at]), style),
        }
    });
    let widest = cells.max().unwrap_or_default();
    match column.kind {
        ColumnKind::Text => {
            let natural = widest.max(page.width_of(&title, Style::Head));
            Wish {
                natural,
                least: natural.min(page.ruler.readable()),
            }
        }
        // The figures may not be wrapped; the title may, but not a short one into single characters.
        ColumnKind::Figures => {
            let whole = page
                .width_of(&title, Style::Head)
                .min(page.ruler.readable() * 4 / 5);
            let word = longest_word(&title, |c| page.ruler.char(c, Style::Head));
            let natural = widest.max(word).max(whole);
            Wish {
                natural,
                least: natural,
            }
        }
    }
}

fn cell_lines(column: &Column, cell: &str, place: Place, style: Style, page: &Layout<'_>) -> Vec<Line> {
    let Place { x, width } = place;
    match column.kind {
        ColumnKind::Text => page.wrapped(cell, x, width, style, Align::Left),
        ColumnKind::Figures if style == Style::Head => page.wrapped(cell, x, width, style, Align::Right),
        ColumnKind::Figures => {
            let text = page.on_one_line(cell);
            vec![page.line(Text {
                x,
                width,
                align: Align::Right,
                style,
                text,
            })]
        }
    }
}

/// Cells beside each other: first lines on the first line, and so on.
fn merge(cells: impl Iterator<Item = Vec<Line>>) -> Vec<Line> {
    let mut merged: Vec<Line> = Vec::new();
    for cell in cells {
        for (at, line) in cell.into_iter().enumerate() {
            if merged.len() <= at {
                merged.push(Line::default());
            }
            merged[at].height = merged[at].height.max(line.height);
            let seen = |piece: &Piece| !matches!(piece, Piece::Text(text) if text.text.is_empty());
            merged[at].pieces.extend(line.pieces.into_iter().filter(seen));
        }
    }
    merged
}
