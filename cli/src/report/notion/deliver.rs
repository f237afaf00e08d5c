//! The written report in its three forms, and pages in a browser.

use std::path::Path;

use casebook::{Error, Result};

use super::{plain, report_page};
use crate::say::complain;

/// Writes a text to a file.
pub fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|cause| Error::file("write", path, cause))
}

/// Writes a report, given in Markdown, as Markdown, as a page and as plain text.
pub fn write_report(folder: &Path, text: &str) -> Result<()> {
    write(&folder.join("report.md"), text)?;
    write(&folder.join("report.html"), &report_page(text))?;
    write(&folder.join("report.txt"), &plain::text(text))
}

/// Opens pages of a folder in a browser; says where they are if that fails.
pub fn open(folder: &Path, pages: &[&str]) {
    for page in pages {
        let page = folder.join(page);
        if let Err(cause) = ::open::that(&page) {
            complain!("casebook: could not open a browser ({cause}): see {}", page.display());
        }
    }
}
