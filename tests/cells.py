"""Cells as evcxr compiles and reports them, for the tests of what an error means."""

import pathlib
import sys

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

import rust  # noqa: E402

# What evcxr writes around a cell, in its three forms: to run it, to find a better message, and to check it.
ATTRIBUTE = "#![allow(unused_imports, unused_mut, dead_code)]"
RUNTIME = ["mod evcxr_internal_runtime {", "pub struct VariableStore;", "}"]
FUNCTION = [
    "#[unsafe(no_mangle)]", 'pub extern "C" fn run_user_code_7(',
    "mut evcxr_variable_store: *mut evcxr_internal_runtime::VariableStore)", "  -> *mut evcxr_internal_runtime::VariableStore {",
    "if evcxr_variable_store.is_null() {", "  evcxr_variable_store = evcxr_internal_runtime::create_variable_store();", "}",
    "let evcxr_variable_store = unsafe {&mut *evcxr_variable_store}; casebook::notebook::session::begin(7);",
    "{let mut vars_ok = true;", "vars_ok &= evcxr_variable_store.check_variable::<Vec<i64>>(stringify!(visits));",
    "if !vars_ok {return evcxr_variable_store;}}",
    "let visits = evcxr_variable_store.take_variable::<Vec<i64>>(stringify!(visits));",
    "let mut df = evcxr_variable_store.take_variable::<DataFrame>(stringify!(df));",
]
CATCH = ["match std::panic::catch_unwind(", "  std::panic::AssertUnwindSafe(||{"]
QUESTION = ["let _ = (|| -> std::result::Result<(), EvcxrUserCodeError> {"]
STORE = [
    "casebook::notebook::session::frame(stringify!(df), &df); "
    "evcxr_variable_store.put_variable::<DataFrame>(stringify!(df), df);",
]
END = ["Ok(())})();"]
CAUGHT = ["})) { ", "  Ok(_) => {}", "  Err(_) => {", "    casebook::notebook::session::caught();    println!(\"…\");", "}}"]
LAST = ["casebook::notebook::session::end(7); evcxr_variable_store", "}"]
SENDER = [
    "fn evcxr_send_text_plain(text: &str)", "{", "    use std::io::Write;", "}", 'evcxr_send_text_plain(&format!("{:?}",&(',
]
CHECK = ["async fn evcxr_analysis_wrapper(", "mut df: DataFrame,", "visits: Vec<i64>,", ") -> Result<(), EvcxrUserCodeError> {"]


def crate(statements, items=(), form="run", show=None):
    """A crate as evcxr writes it: each statement's text with an end of line if it has none; the last one shown or not."""
    opening, closing = {
        "evcxr": (["("], [").evcxr_display();"]), "ours": (["casebook::show!("], [");"]), "debug": (SENDER, [")));"]),
        "check": (["let _ = "], [";"]), None: ([], []),
    }[show]
    body = [*statements[:-1], *opening, statements[-1], *closing]
    around = {
        "run": ([*FUNCTION, *CATCH, *QUESTION], [*STORE, *END, *CAUGHT, *LAST]), "plain": (FUNCTION, [*STORE, *LAST]),
        "check": (CHECK, ["evcxr_variable_store(df);", "Ok(())", "}"]),
    }[form]
    lines = [ATTRIBUTE, *items, *RUNTIME, *around[0], *body, *around[1]]
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def numbered(text, part, occurrence=1):
    """Line and column of a part of a text, the occurrence that is asked for."""
    at = -1
    for _ in range(occurrence):
        at = text.index(part, at + 1)
    return rust.line_column(text, at)


def error(said, traceback=None):
    """evcxr's content for an error."""
    return {"ename": "Error", "evalue": said, "traceback": said.split("\n") if traceback is None else traceback}


def diagnostic(message, code, spans, children=()):
    told = {"$message_type": "diagnostic", "message": message, "level": "error", "spans": spans, "children": list(children)}
    return told | {"code": code and {"code": code, "explanation": None}}


def span(lib_rs, part, label=None, primary=False, occurrence=1):
    """A span as rustc writes it, of a part of a crate that lies on one line."""
    line, column = numbered(lib_rs, part, occurrence)
    text = {"text": lib_rs.split("\n")[line - 1], "highlight_start": column, "highlight_end": column + len(part)}
    return {
        "file_name": "src/lib.rs", "line_start": line, "line_end": line, "column_start": column, "column_end": column + len(part),
        "is_primary": primary, "label": label, "suggested_replacement": None, "expansion": None, "text": [text],
    }
