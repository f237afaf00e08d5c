//! The text of a cell as evcxr writes it, with what the kernel's relay needs to know added to evcxr's own lines. No line
//! is added or moved: evcxr tells by its number whose a line is.

/// A cell ready to be compiled.
#[derive(Debug, PartialEq)]
pub struct Prepared {
    pub text: String,
    /// evcxr's number for it, if it says when it begins and ends.
    pub number: Option<u32>,
}

const ENTRY: &str = "pub extern \"C\" fn run_user_code_";
const STORE: &str = "let evcxr_variable_store = unsafe {&mut *evcxr_variable_store};";
const PANIC: &str = "    println!(\"EVCXR_PANIC_NOTIFICATION\");";
const FROM: &str = "fn from(error: T) -> Self {";
const PRINT: &str = "eprintln!(\"{}\", error);";
const END_OF_CODE: &str = "Ok(())})();";
const DEBUG: &str = "evcxr_send_text_plain(&format!(\"{:?}\",&(";
const PUT: &str = "evcxr_variable_store.put_variable::<";

/// Adds the calls to lines that evcxr generates. A text that does not look as expected is left as it is; a test of the
/// kernel fails then, and says which line is missing.
pub fn prepare(code: &str) -> Prepared {
    let mut lines: Vec<String> = code.lines().map(str::to_owned).collect();
    let entry = entry(&lines);
    let number = entry.and_then(|(at, number)| instrument(&mut lines, at, number).then_some(number));
    if number.is_none() && !entry.is_some_and(|(at, _)| only_shown(&mut lines, at)) {
        return Prepared { text: code.to_owned(), number };
    }
    let mut text = lines.join("\n");
    text.push('\n');
    Prepared { text, number }
}

/// A cell that does not compile is compiled once more without what catches its panics, for the sake of better messages. It is
/// not run; but its last value must be shown in the same way, or the message would be that it cannot be.
fn only_shown(lines: &mut [String], entry: usize) -> bool {
    let caught = lines[entry..].iter().any(|line| line.contains("catch_unwind"));
    let Some(store) = after(lines, entry, |line| line.trim() == STORE) else { return false };
    !caught && show(&mut lines[store..])
}

/// Lets the cell use the crate with generic code that cells share, on its first line: no line is moved.
pub fn with_shared_code(text: &str) -> String {
    match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("#![") => {
            format!("{first} extern crate casebook_cells as _;\n{rest}")
        }
        _ => text.to_owned(),
    }
}

/// The line where the cell's function begins, and its number.
fn entry(lines: &[String]) -> Option<(usize, u32)> {
    lines.iter().enumerate().rev().find_map(|(at, line)| {
        let rest = line.strip_prefix(ENTRY)?;
        rest.trim_end_matches('(').parse().ok().map(|number| (at, number))
    })
}

fn instrument(lines: &mut [String], entry: usize, number: u32) -> bool {
    let Some(store) = after(lines, entry, |line| line.trim() == STORE) else { return false };
    let Some(last) = lines.iter().rposition(|line| line.trim() == "evcxr_variable_store") else { return false };
    let Some(panic) = lines[..last].iter().rposition(|line| line == PANIC) else { return false };
    if let Some(from) = lines[..entry].iter().rposition(|line| line.trim() == FROM)
        && lines.get(from + 1).is_some_and(|line| line.trim() == PRINT)
    {
        lines[from].insert_str(0, "#[track_caller] ");
        lines[from + 1] = "casebook::notebook::session::failed(&error);".into();
    }
    let code_ends = lines[..panic].iter().rposition(|line| line.trim() == END_OF_CODE).unwrap_or(store);
    for line in &mut lines[store..code_ends] {
        if let Some(name) = frame(line) {
            line.insert_str(0, &format!("casebook::notebook::session::frame(stringify!({name}), &{name}); "));
        }
    }
    show(&mut lines[store..code_ends]);
    lines[store].push_str(&format!(" casebook::notebook::session::begin({number});"));
    lines[panic].insert_str(0, "    casebook::notebook::session::caught();");
    lines[last].insert_str(0, &format!("casebook::notebook::session::end({number}); "));
    true
}

fn after(lines: &[String], start: usize, wanted: impl Fn(&str) -> bool) -> Option<usize> {
    lines[start..].iter().position(|line| wanted(line)).map(|place| start + place)
}

/// The variable that a generated line stores, if it is a data frame.
fn frame(line: &str) -> Option<&str> {
    let (kind, rest) = line.trim().strip_prefix(PUT)?.split_once(">(stringify!(")?;
    let name = rest.split_once(')')?.0;
    (kind == "DataFrame" || kind.ends_with("::DataFrame")).then_some(name)
}

/// A cell's last value is shown in one compiler run whatever its type: evcxr would try `evcxr_display`, and compile the
/// cell again with `{:?}` if the type has no such method, or if anything else in it did not compile.
fn show(lines: &mut [String]) -> bool {
    let mut shown = false;
    for (open, close) in [("(", ").evcxr_display();"), (DEBUG, ")));")] {
        let at = |wanted: &str| -> Vec<usize> {
            (0..lines.len()).filter(|at| lines[*at] == wanted).collect()
        };
        if let ([first], [last]) = (at(open).as_slice(), at(close).as_slice())
            && first < last
        {
            lines[*first] = "casebook::show!(".into();
            lines[*last] = ");".into();
            shown = true;
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: &str = "#![allow(unused_imports, unused_mut, dead_code)]

            struct EvcxrUserCodeError {}
            impl<T: std::fmt::Display> From<T> for EvcxrUserCodeError {
                fn from(error: T) -> Self {
                    eprintln!(\"{}\", error);
                    println!(\"{}\", evcxr_internal_runtime::USER_ERROR_OCCURRED);
                    EvcxrUserCodeError {}
                }
            }
#[unsafe(no_mangle)]
pub extern \"C\" fn run_user_code_7(
mut evcxr_variable_store: *mut evcxr_internal_runtime::VariableStore)
let evcxr_variable_store = unsafe {&mut *evcxr_variable_store};
match std::panic::catch_unwind(
  std::panic::AssertUnwindSafe(||{
let _ = (|| -> std::result::Result<(), EvcxrUserCodeError> {
let df = df!(\"x\" => [1])?;
(
df.height()
).evcxr_display();
evcxr_variable_store.put_variable::<DataFrame>(stringify!(df), df);
evcxr_variable_store.put_variable::<f64>(stringify!(share), share);
Ok(())})();
})) {
  Ok(_) => {}
  Err(_) => {
    println!(\"EVCXR_PANIC_NOTIFICATION\");
}}
evcxr_variable_store.put_variable::<DataFrame>(stringify!(old), old);
evcxr_variable_store
}
";

    #[test]
    fn calls_are_added_and_lines_stay_where_they_are() {
        let done = prepare(CELL);
        assert_eq!(done.number, Some(7));
        assert_eq!(done.text.lines().count(), CELL.lines().count());
        for (before, after) in CELL.lines().zip(done.text.lines()) {
            let generated = before != "let df = df!(\"x\" => [1])?;" && before != "df.height()";
            assert!(generated || before == after, "a line of the learner's was changed: {after}");
        }
        for part in [
            "#[track_caller] ", "session::failed(&error)", "session::begin(7)", "session::end(7); evcxr_variable_store",
            "session::caught();    println!", "session::frame(stringify!(df), &df); ", "casebook::show!(\ndf.height()\n);",
        ] {
            assert!(done.text.contains(part), "{part} is missing in\n{}", done.text);
        }
        assert!(!done.text.contains("session::frame(stringify!(old)"));
    }

    #[test]
    fn shared_code_is_used_on_the_first_line() {
        let text = with_shared_code(CELL);
        assert!(text.starts_with("#![allow(unused_imports, unused_mut, dead_code)] extern crate casebook_cells as _;\n"));
        assert_eq!(text.lines().count(), CELL.lines().count());
        assert_eq!(with_shared_code("fn main() {}\n"), "fn main() {}\n");
    }

    #[test]
    fn a_text_of_another_form_is_left_alone() {
        for text in ["", "fn main() {}\n", "pub extern \"C\" fn run_user_code_1(\nmut x: *mut u8) {x}\n"] {
            assert_eq!(prepare(text), Prepared { text: text.to_owned(), number: None });
        }
    }

    #[test]
    fn a_value_is_shown_in_the_same_way_when_evcxr_asks_again() {
        let again = CELL.replace("\n(\n", &format!("\n{DEBUG}\n")).replace(").evcxr_display();", ")));");
        assert!(prepare(&again).text.contains("\ncasebook::show!(\ndf.height()\n);\n"));
    }

    #[test]
    fn a_cell_that_is_compiled_for_its_messages_shows_its_value_too() {
        let without = CELL
            .replace("match std::panic::catch_unwind(\n  std::panic::AssertUnwindSafe(||{\n", "")
            .replace("})) {\n  Ok(_) => {}\n  Err(_) => {\n    println!(\"EVCXR_PANIC_NOTIFICATION\");\n}}\n", "");
        assert!(!without.contains("PANIC"));
        let done = prepare(&without);
        assert_eq!(done.number, None);
        assert!(done.text.contains("\ncasebook::show!(\ndf.height()\n);\n"), "{}", done.text);
        assert_eq!(done.text.lines().count(), without.lines().count());
    }

    #[test]
    fn two_opening_lines_are_left_to_evcxr() {
        let text = CELL.replace("let df =", "let x =\n(\n1);\nlet df =");
        assert!(prepare(&text).text.contains("\n).evcxr_display();\n"));
    }
}
