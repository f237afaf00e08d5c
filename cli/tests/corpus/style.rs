//! Seven events, and ways of writing them.

use std::io::Write;

use casebook::chrono::NaiveDateTime;

/// Who, what, when, and for how much.
pub const EVENTS: [(u32, &str, &str, &str); 7] = [
    (1, "visit", "2024-01-30 10:00:00", ""),
    (2, "visit", "2024-01-30 10:05:00", ""),
    (1, "cart", "2024-01-30 11:00:00", ""),
    (1, "purchase", "2024-01-30 21:30:00", "50"),
    (4, "cart", "2024-01-31 08:00:00", ""),
    (2, "cart", "2024-01-31 09:15:00", ""),
    (3, "visit", "2024-01-31 23:59:59", ""),
];

/// What a person expects of a file.
pub enum Expected {
    /// Three visit, two of them go on to the cart, one buys; two are active on the 30th, three on the 31st.
    All,
    /// As far as days tell.
    Days,
    /// The same steps, days by another clock.
    Shifted([(&'static str, u64); 2]),
    /// Not read; the message says this.
    Refused(&'static str),
}

pub struct Case {
    pub name: String,
    /// Files and what is in them.
    pub files: Vec<(String, Vec<u8>)>,
    /// What is asked for: file names that begin with @ are in the case's folder.
    pub words: Vec<String>,
    pub steps: &'static str,
    pub input: Option<Vec<u8>>,
    pub expected: Expected,
}

impl Case {
    pub fn new(name: &str, file: &str, content: impl AsRef<[u8]>) -> Case {
        Case {
            name: name.to_owned(),
            files: vec![(file.to_owned(), content.as_ref().to_vec())],
            words: vec![format!("@{file}")],
            steps: "visit,cart,purchase",
            input: None,
            expected: Expected::All,
        }
    }

    pub fn csv(name: &str, content: impl AsRef<[u8]>) -> Case {
        Case::new(name, "events.csv", content)
    }

    pub fn also(mut self, file: &str, content: impl AsRef<[u8]>) -> Case {
        self.files.push((file.to_owned(), content.as_ref().to_vec()));
        self
    }

    /// Other words than the file's name alone.
    pub fn words(mut self, words: &[&str]) -> Case {
        self.words = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    pub fn with(mut self, options: &[&str]) -> Case {
        self.words.extend(options.iter().map(|word| (*word).to_owned()));
        self
    }

    pub fn steps(mut self, steps: &'static str) -> Case {
        self.steps = steps;
        self
    }

    pub fn given(mut self, input: impl AsRef<[u8]>) -> Case {
        self.input = Some(input.as_ref().to_vec());
        self
    }

    pub fn expects(mut self, expected: Expected) -> Case {
        self.expected = expected;
        self
    }

    pub fn refused(self, remedy: &'static str) -> Case {
        self.expects(Expected::Refused(remedy))
    }
}

/// How a table of text is written.
#[derive(Clone, Copy)]
pub struct Style {
    pub head: [&'static str; 4],
    pub between: &'static str,
    pub end: &'static str,
    pub quoted: bool,
    pub id: fn(u32) -> String,
    pub time: &'static str,
    pub amount: &'static str,
}

pub const PLAIN: Style = Style {
    head: ["user_id", "event", "timestamp", "amount"],
    between: ",",
    end: "\n",
    quoted: false,
    id: |id| id.to_string(),
    time: "%Y-%m-%d %H:%M:%S",
    amount: "50",
};

impl Style {
    pub fn rows(&self) -> Vec<[String; 4]> {
        let row = |(id, event, time, amount): (u32, &str, &str, &str)| {
            let time = NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M:%S").unwrap();
            let amount = if amount.is_empty() { "" } else { self.amount };
            [(self.id)(id), event.to_owned(), time.format(self.time).to_string(), amount.to_owned()]
        };
        EVENTS.map(row).to_vec()
    }

    pub fn line(&self, cells: &[String]) -> String {
        let cells: Vec<String> = cells
            .iter()
            .map(|cell| match self.quoted || cell.contains(self.between) {
                true => format!("\"{cell}\""),
                false => cell.clone(),
            })
            .collect();
        format!("{}{}", cells.join(self.between), self.end)
    }

    pub fn head(&self) -> String {
        self.line(&self.head.map(str::to_owned))
    }

    pub fn text(&self) -> String {
        self.head() + &self.rows().iter().map(|row| self.line(row)).collect::<String>()
    }

    /// The rows in two files.
    pub fn halves(&self) -> [String; 2] {
        let rows = self.rows();
        let (one, other) = rows.split_at(3);
        [one, other]
            .map(|rows| self.head() + &rows.iter().map(|row| self.line(row)).collect::<String>())
    }

    /// With more rows.
    pub fn and(&self, rows: &[&str]) -> String {
        self.text() + &rows.iter().map(|row| format!("{row}{}", self.end)).collect::<String>()
    }
}

pub fn gzip(text: &str) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(vec![], flate2::Compression::default());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

pub fn utf16(text: &str, little: bool) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
}
