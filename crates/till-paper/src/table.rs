//! A table: columns of texts or figures, and rows that have exactly as many cells as there are columns.

use crate::Weight;

/// A column's title and what stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub(crate) title: String,
    pub(crate) kind: ColumnKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    Text,
    Figures,
}

impl Column {
    /// Texts, from the left; long ones are wrapped.
    pub fn text(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            kind: ColumnKind::Text,
        }
    }

    /// Figures, to the right, digit under digit and never wrapped while the paper is wide enough for one.
    pub fn figures(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            kind: ColumnKind::Figures,
        }
    }
}

/// A table of `N` columns. Columns without any title have no head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<const N: usize> {
    columns: [Column; N],
    rows: Vec<([String; N], Weight)>,
}

impl<const N: usize> Table<N> {
    /// A table without rows yet.
    pub const fn new(columns: [Column; N]) -> Self {
        Self {
            columns,
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row<T: Into<String>>(&mut self, cells: [T; N]) -> &mut Self {
        self.weighted_row(cells, Weight::Plain)
    }

    /// Adds a row that stands out: the sum at the foot.
    pub fn weighted_row<T: Into<String>>(&mut self, cells: [T; N], weight: Weight) -> &mut Self {
        self.rows.push((cells.map(Into::into), weight));
        self
    }

    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// A table once its number of columns no longer matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<(Vec<String>, Weight)>,
}

impl<const N: usize> From<Table<N>> for Grid {
    fn from(table: Table<N>) -> Self {
        let rows = table
            .rows
            .into_iter()
            .map(|(cells, weight)| (cells.into(), weight))
            .collect();
        Self {
            columns: table.columns.into(),
            rows,
        }
    }
}
