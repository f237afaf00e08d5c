//! The written report as plain text: the same words and numbers, 96 columns wide, without Markdown's marks.

use pulldown_cmark::{Alignment, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use unicode_width::UnicodeWidthStr;

/// Columns of a line.
pub const WIDTH: usize = 96;
/// Between two columns of a table.
const GAP: &str = "  ";

/// Converts the report's Markdown to plain text. Pictures become their description and the name of their file.
///
/// ```
/// use casebook_cli::report::notion::plain;
///
/// let text = plain::text("# Study\n\n**Half** of them stay.\n\n| who | share |\n| --- | ---: |\n| all | 50.0% |\n");
/// assert_eq!(text, "Study\n=====\n\nHalf of them stay.\n\nwho  share\n---  -----\nall  50.0%\n");
/// ```
pub fn text(markdown: &str) -> String {
    let mut page = Page::default();
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        page.take(event);
    }
    page.blocks.join("\n").trim_end().to_owned() + "\n"
}

/// What has been read so far.
#[derive(Default)]
struct Page {
    blocks: Vec<String>,
    /// The words of the block that is being read.
    words: String,
    /// The number of the next point of each list that is open; none without numbers.
    lists: Vec<Option<u64>>,
    table: Table,
    picture: Option<String>,
}

#[derive(Default)]
struct Table {
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Page {
    fn take(&mut self, event: Event) {
        match event {
            Event::Text(words) | Event::Code(words) => self.words.push_str(&words),
            Event::SoftBreak | Event::HardBreak => self.words.push(' '),
            Event::Start(tag) => self.open(tag),
            Event::End(tag) => self.close(tag),
            _ => {}
        }
    }

    fn open(&mut self, tag: Tag) {
        match tag {
            Tag::List(first) => self.lists.push(first),
            Tag::Table(sides) => {
                let right = sides.iter().map(|side| *side == Alignment::Right).collect();
                self.table = Table { right, rows: vec![] };
            }
            Tag::TableHead | Tag::TableRow => self.table.rows.push(vec![]),
            Tag::Image { dest_url, .. } => self.picture = Some(dest_url.to_string()),
            _ => {}
        }
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => {
                let words = std::mem::take(&mut self.words);
                let rule = match level {
                    HeadingLevel::H1 => "=",
                    HeadingLevel::H2 => "-",
                    _ => "",
                };
                let line = rule.repeat(words.width());
                self.add(if line.is_empty() { words } else { format!("{words}\n{line}") });
            }
            TagEnd::Image => {
                let file = self.picture.take().unwrap_or_default();
                self.words = format!("[Chart: {} See {file}]", self.words);
            }
            TagEnd::Paragraph => {
                let words = std::mem::take(&mut self.words);
                self.add(wrapped(&words, WIDTH).join("\n"));
            }
            TagEnd::Item => {
                let words = std::mem::take(&mut self.words);
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "- ".to_owned(),
                };
                let indent = " ".repeat(mark.len());
                let lines = wrapped(&words, WIDTH - mark.len());
                self.blocks.push(mark + &lines.join(&format!("\n{indent}")));
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.blocks.push(String::new());
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.words);
                if let Some(row) = self.table.rows.last_mut() {
                    row.push(cell);
                }
            }
            TagEnd::Table => {
                let table = std::mem::take(&mut self.table);
                self.add(table.text());
            }
            _ => {}
        }
    }

    /// Adds a block and a blank line after it.
    fn add(&mut self, block: String) {
        self.blocks.push(block);
        self.blocks.push(String::new());
    }
}

/// Breaks words into lines no wider than asked; a longer word stands alone.
fn wrapped(words: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words.split_whitespace() {
        let line = lines.last_mut();
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

impl Table {
    /// Sets the columns side by side; where they are too wide together, the widest cells are broken.
    fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |row: &Vec<String>, at: usize| row.get(at).cloned().unwrap_or_default();
        let mut widths: Vec<usize> = (0..columns)
            .map(|at| self.rows.iter().map(|row| cell(row, at).width()).max().unwrap_or(0))
            .collect();
        let room = WIDTH.saturating_sub(GAP.len() * columns.saturating_sub(1));
        while widths.iter().sum::<usize>() > room {
            match widths.iter_mut().max() {
                Some(widest) if *widest > 1 => *widest -= 1,
                _ => break,
            }
        }
        let mut lines: Vec<String> = vec![];
        for (place, row) in self.rows.iter().enumerate() {
            let cells: Vec<Vec<String>> = widths
                .iter()
                .enumerate()
                .map(|(at, width)| wrapped(&cell(row, at), *width))
                .collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(1);
            for line in 0..height {
                let texts = cells.iter().zip(&widths).enumerate().map(|(at, (cell, width))| {
                    let text = cell.get(line).map_or("", String::as_str);
                    let blank = " ".repeat(width.saturating_sub(text.width()));
                    match self.right.get(at) {
                        Some(true) => blank + text,
                        _ => text.to_owned() + &blank,
                    }
                });
                lines.push(texts.collect::<Vec<_>>().join(GAP).trim_end().to_owned());
            }
            if place == 0 {
                lines.push(
                    widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>().join(GAP),
                );
            }
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_and_marks_are_not() {
        let markdown = "## Head\n\nA **bold** `word`, and *more* of it.\n\n- **First.** One.\n- Two.\n\n1. One\n2. Two\n\n![A line.](charts/a.svg)\n";
        let expected = "Head\n----\n\nA bold word, and more of it.\n\n- First. One.\n- Two.\n\n1. One\n2. Two\n\n[Chart: A line. See charts/a.svg]\n";
        assert_eq!(text(markdown).trim_end(), expected.trim_end());
    }

    #[test]
    fn nothing_is_wider_than_a_line_and_nothing_is_lost() {
        let long = "word ".repeat(60);
        let markdown =
            format!("{long}\n\n- {long}\n\n| name | {long} |\n| --- | ---: |\n| {long} | 12 |\n");
        let plain = text(&markdown);
        assert!(plain.lines().all(|line| line.width() <= WIDTH), "{plain}");
        assert_eq!(plain.matches("word").count(), 240);
        // Numbers stand at the right end of their column.
        assert!(plain.lines().any(|line| line.ends_with(" 12")), "{plain}");
    }

    #[test]
    fn a_word_without_a_place_to_break_stays_whole() {
        let word = "x".repeat(WIDTH + 20);
        assert_eq!(wrapped(&format!("a {word} b"), WIDTH), ["a", word.as_str(), "b"]);
    }
}
