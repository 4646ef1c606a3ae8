//! Where a text may be broken: between words, between Chinese characters, by the rules of Unicode (UAX #14), so that no line
//! begins with a comma and no amount is torn apart.

use unicode_linebreak::{BreakOpportunity, linebreaks};

/// The width of a text's longest line as its author wrote it.
pub(super) fn natural(text: &str, width_of: impl Fn(char) -> u32) -> u32 {
    text.lines()
        .map(|line| line.trim_end().chars().map(&width_of).sum())
        .max()
        .unwrap_or_default()
}

/// The width of its longest part that is better not broken.
pub(super) fn longest_word(text: &str, width_of: impl Fn(char) -> u32) -> u32 {
    words(text)
        .map(|(word, _)| word.trim_end().chars().map(&width_of).sum())
        .max()
        .unwrap_or_default()
}

/// The text in lines no wider than `width`, at least one; a word wider than that is broken anywhere.
/// A single character wider than that stands alone, for lack of anything better.
pub(super) fn wrap(text: &str, width: u32, width_of: impl Fn(char) -> u32) -> Vec<&str> {
    let measure = |part: &str| part.chars().map(&width_of).sum::<u32>();
    let mut lines = Vec::new();
    let mut start = 0;
    let mut end = 0;
    for (word, must_break) in words(text) {
        let next = end + word.len();
        if start < end && measure(text[start..next].trim_end()) > width {
            lines.push(text[start..end].trim());
            start = end;
        }
        // Nothing stands before it on this line any more: if it is still too wide, it has to be torn.
        while measure(text[start..next].trim_end()) > width {
            let fits = start + torn(&text[start..next], width, &width_of);
            if fits >= next {
                break;
            }
            lines.push(text[start..fits].trim());
            start = fits;
        }
        end = next;
        if must_break {
            lines.push(text[start..end].trim());
            start = end;
        }
    }
    if lines.is_empty() {
        lines.push("");
    }
    lines
}

/// How many bytes of a text's beginning fit, at least one character.
fn torn(text: &str, width: u32, width_of: impl Fn(char) -> u32) -> usize {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += width_of(c);
        if used > width && at > 0 {
            return at;
        }
    }
    text.len()
}

/// The text's unbreakable parts, each with the spaces after it, and whether the line has to end there.
fn words(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut start = 0;
    linebreaks(text).map(move |(end, opportunity)| {
        let word = &text[start..end];
        start = end;
        (word, opportunity == BreakOpportunity::Mandatory)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn columns(c: char) -> u32 {
        if c.is_ascii() { 1 } else { 2 }
    }

    #[test]
    fn words_and_chinese_characters_are_wrapped_where_they_may_be() {
        assert_eq!(
            wrap("Total of today 今日合计，共一百二十八笔", 16, columns),
            ["Total of today", "今日合计，共一百", "二十八笔"],
            "between words and between characters"
        );
        assert_eq!(
            wrap("今日合计金额笔数，共", 16, columns),
            ["今日合计金额笔", "数，共"],
            "no line begins with a comma"
        );
        assert_eq!(
            wrap("sum ¥1,234.50", 10, columns),
            ["sum", "¥1,234.50"],
            "an amount stays whole"
        );
    }

    #[test]
    fn a_word_wider_than_the_line_is_torn_and_nothing_of_it_lost() {
        assert_eq!(
            wrap("id 4200001234567890", 8, columns),
            ["id", "42000012", "34567890"]
        );
        assert_eq!(
            wrap("商品", 1, columns),
            ["商", "品"],
            "not even one character fits, and it is shown all the same"
        );
    }

    #[test]
    fn an_author_s_own_line_ends_are_kept() {
        assert_eq!(wrap("a\n\nb", 8, columns), ["a", "", "b"]);
        assert_eq!(wrap("", 8, columns), [""], "an empty text is an empty line");
    }
}
