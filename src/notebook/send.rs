//! How an output reaches Jupyter, or a terminal.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether values are printed as plain text.
static PLAIN: AtomicBool = AtomicBool::new(false);

/// Makes values show themselves as plain text from now on, for a program that runs outside Jupyter.
pub fn plain_text() {
    PLAIN.store(true, Ordering::Relaxed);
}

/// Sends one output in several forms; Jupyter shows the richest it can.
pub(super) fn send(forms: &[(&str, &str)]) {
    if PLAIN.load(Ordering::Relaxed) {
        for (_, text) in forms.iter().filter(|(mime, _)| *mime == "text/plain") {
            println!("{text}");
        }
        return;
    }
    let mut message = String::new();
    for (mime, content) in forms {
        // A line that reads like the protocol's own end mark would cut the content short.
        let content = content.replace("EVCXR_END_CONTENT", "EVCXR\u{200b}_END_CONTENT");
        let _ = write!(message, "EVCXR_BEGIN_CONTENT {mime}\n{content}\nEVCXR_END_CONTENT\n");
    }
    print!("{message}");
}

/// Sends plain text.
pub(super) fn send_text(text: &str) {
    send(&[("text/plain", text)]);
}
