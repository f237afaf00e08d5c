//! Dashboards: one HTML file that holds its data and computes in the browser.
//!
//! A page needs no network and no server: it contains the chart library ([Apache ECharts](https://echarts.apache.org)),
//! the data and a small script. Its content security policy forbids all requests.

pub mod ecommerce;
pub mod notion;

use std::io::Write;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Serialize;

use casebook::{Error, Result};

const ECHARTS: &str = include_str!("../../assets/echarts/echarts.min.js");
const STYLE: &str = include_str!("style.css");
/// How a page's scripts write numbers: as the library does.
const FORMAT: &str = include_str!("format.js");

/// The name for error messages, because the data is in memory.
const DATA: &str = "the dashboard's data";

/// Columns of small numbers, deflated: what a page's script unpacks into typed arrays.
#[derive(Debug, Default)]
struct Columns {
    heads: Vec<Head>,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Serialize)]
struct Head {
    name: &'static str,
    /// Bytes of a number, lowest first.
    bytes: usize,
    length: usize,
}

/// [`Columns`] as written into a page.
#[derive(Debug, Serialize)]
struct Packed {
    heads: Vec<Head>,
    base64: String,
}

impl Columns {
    fn push<const N: usize>(&mut self, name: &'static str, values: impl Iterator<Item = [u8; N]>) {
        let before = self.bytes.len();
        values.for_each(|value| self.bytes.extend(value));
        self.heads.push(Head { name, bytes: N, length: (self.bytes.len() - before) / N });
    }

    fn pack(self) -> Result<Packed> {
        let fail = |cause: std::io::Error| Error::file("pack", Path::new(DATA), cause);
        let mut encoder = ZlibEncoder::new(vec![], Compression::best());
        encoder.write_all(&self.bytes).map_err(fail)?;
        let deflated = encoder.finish().map_err(fail)?;
        Ok(Packed { heads: self.heads, base64: STANDARD.encode(deflated) })
    }
}

/// Formats JSON for a page's `<script>`, so that nothing in it can end the element.
fn json(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string(value)
        .map_err(|cause| Error::file("write", Path::new(DATA), cause))?;
    Ok(text.replace('<', "\\u003c"))
}

#[cfg(test)]
mod tests {
    /// The pages' script has to write the same: tests/dashboard_test.py.
    #[test]
    fn the_library_writes_percentages_as_the_list_says() {
        let list: Vec<(f64, String)> = serde_json::from_str(include_str!("percents.json")).unwrap();
        assert!(list.len() > 10);
        for (share, text) in list {
            assert_eq!(casebook::format::percent(share), text, "{share}");
        }
    }
}
