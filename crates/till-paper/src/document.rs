//! What is to be put on paper: blocks in the order of reading, in words the caller has chosen, without any width.

use crate::{Table, table::Grid};

/// A document: a title and blocks, each added at the end.
///
/// ```
/// use till_paper::{Column, Document, Table, Weight};
///
/// let mut z = Document::new("日结单 Z-0042");
/// z.centred("晨光便利店").heading("销售");
/// z.row("笔数", "128").weighted_row("净额", "¥3,204.50", Weight::Strong);
/// let mut goods = Table::new([Column::text("商品"), Column::figures("数量"), Column::figures("金额")]);
/// goods.row(["矿泉水 550ml", "24", "48.00"]);
/// z.table(goods);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub(crate) title: String,
    pub(crate) language: String,
    pub(crate) blocks: Vec<Block>,
}

/// How much a text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weight {
    /// As the text around it.
    #[default]
    Plain,
    /// Bold.
    Strong,
    /// Bold and larger: what a customer or an owner looks for first.
    Large,
}

/// One bar of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    pub(crate) label: String,
    pub(crate) value: u64,
    pub(crate) shown: String,
}

impl Bar {
    /// A bar as long as `value` is beside the other bars' values, in whatever unit they share (fen, pieces), with
    /// `shown` as its figure in words.
    pub fn new(label: impl Into<String>, value: u64, shown: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            value,
            shown: shown.into(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    Heading(String),
    Paragraph(String, Weight),
    Centred(String, Weight),
    Note(String),
    Row {
        label: String,
        value: String,
        weight: Weight,
    },
    Table(Grid),
    Rule,
    Space,
    Mark(String),
    Bars(Vec<Bar>),
    Code(String),
}

impl Document {
    /// A document with a title, which stands at its head and on every further page.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            language: "zh-CN".to_owned(),
            blocks: Vec::new(),
        }
    }

    /// Says which language most of it is in (`zh-CN`, `en`), for programs that read a PDF aloud or index it.
    /// Without it, `zh-CN`.
    pub fn in_language(mut self, tag: impl Into<String>) -> Self {
        self.language = tag.into();
        self
    }

    /// The title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Begins a part. Never the last line of a page.
    pub fn heading(&mut self, text: impl Into<String>) -> &mut Self {
        self.push(Block::Heading(text.into()))
    }

    /// A text over as many lines as it needs; a `\n` begins a new one.
    pub fn paragraph(&mut self, text: impl Into<String>) -> &mut Self {
        self.push(Block::Paragraph(text.into(), Weight::Plain))
    }

    /// A paragraph that stands out.
    pub fn weighted_paragraph(&mut self, text: impl Into<String>, weight: Weight) -> &mut Self {
        self.push(Block::Paragraph(text.into(), weight))
    }

    /// A paragraph in the middle: the shop's name, its address, a thank you.
    pub fn centred(&mut self, text: impl Into<String>) -> &mut Self {
        self.push(Block::Centred(text.into(), Weight::Plain))
    }

    /// A paragraph in the middle that stands out.
    pub fn weighted_centred(&mut self, text: impl Into<String>, weight: Weight) -> &mut Self {
        self.push(Block::Centred(text.into(), weight))
    }

    /// A smaller, paler paragraph: how something was counted, who printed it. A thermal printer has one size of it.
    pub fn note(&mut self, text: impl Into<String>) -> &mut Self {
        self.push(Block::Note(text.into()))
    }

    /// A label on the left and its value on the right, which is kept on one line as long as the paper is wide enough.
    pub fn row(&mut self, label: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.weighted_row(label, value, Weight::Plain)
    }

    /// A row that stands out: a sum.
    pub fn weighted_row(
        &mut self,
        label: impl Into<String>,
        value: impl Into<String>,
        weight: Weight,
    ) -> &mut Self {
        self.push(Block::Row {
            label: label.into(),
            value: value.into(),
            weight,
        })
    }

    /// A table. A row is never cut by the end of a page, and the columns' titles stand on every page it reaches.
    pub fn table<const N: usize>(&mut self, table: Table<N>) -> &mut Self {
        self.push(Block::Table(table.into()))
    }

    /// A line from edge to edge.
    pub fn rule(&mut self) -> &mut Self {
        self.push(Block::Rule)
    }

    /// The height of a line left free.
    pub fn space(&mut self) -> &mut Self {
        self.push(Block::Space)
    }

    /// A word nobody may overlook: 副本, COPY, TRAINING.
    pub fn mark(&mut self, text: impl Into<String>) -> &mut Self {
        self.push(Block::Mark(text.into()))
    }

    /// A chart of bars, one below the other, the longest as long as there is room.
    pub fn bars(&mut self, bars: impl IntoIterator<Item = Bar>) -> &mut Self {
        self.push(Block::Bars(bars.into_iter().collect()))
    }

    /// A short text for machines, such as a digest: broken wherever a line is full, nothing put in between.
    pub fn code(&mut self, text: impl Into<String>) -> &mut Self {
        self.push(Block::Code(text.into()))
    }

    fn push(&mut self, block: Block) -> &mut Self {
        self.blocks.push(block);
        self
    }
}
