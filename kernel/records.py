"""The records that a cell's process writes for the relay, in between its output for the reader: see src/notebook/session.rs."""

import re

RECORD, FIELD, LINE = "\x1e", "\x1f", "\x1d"
RAISED = FIELD.join(["[^\x1f]*", "[^\x1f]*", r"\d+", r"\d+", "[^\x1f]*"])
# What the fields of each kind of record look like. A text that a cell wrote is none, whatever it begins with.
FORMS = {"line": "", "begin": r"\d+\x1f\d+", "end": r"\d+\x1f\d+", "panic": RAISED, "error": RAISED, "caught": "", "frame": ".+"}

# From one of these lines on a dying process prints addresses and symbols: for the log of a debugger, not for a notebook.
LAST_WORDS = re.compile(r"^(memory allocation of \d+ bytes failed|Segmentation fault\.|Bus error\.|Illegal instruction\.|stack backtrace:"
                        r"|thread .* has overflowed its stack)")


def split(text):
    """Text for the reader, and after it a record, if there is one: its kind and fields, or None and nothing."""
    plain, mark, record = text.rpartition(RECORD)
    kind, *fields = record.removesuffix("\n").split(FIELD)
    if not (mark and kind in FORMS and re.fullmatch(FORMS[kind], FIELD.join(fields))):
        return text, None, []
    return plain, kind, [field.replace(LINE, "\n") for field in fields]
