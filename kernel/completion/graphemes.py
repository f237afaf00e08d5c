"""Offsets in code: evcxr counts grapheme clusters, nearly as Unicode defines them, and Jupyter counts code points."""

import unicodedata


def graphemes(code):
    """Where each grapheme cluster begins."""
    starts = []
    for at, letter in enumerate(code):
        before = code[at - 1] if at else ""
        mark = unicodedata.category(letter) in ("Mn", "Me", "Mc") or "\U0001f3fb" <= letter <= "\U0001f3ff"
        joined = "\u200d" in (letter, before) or before + letter == "\r\n"
        flag = is_half_flag(letter) and is_half_flag(before) and starts[-1] == at - 1
        if not starts or not (mark or joined or flag):
            starts.append(at)
    return starts


def is_half_flag(letter):
    """Flags are two letters."""
    return "\U0001f1e6" <= letter <= "\U0001f1ff"


def from_graphemes(code, count):
    """An offset in evcxr's count as one in Jupyter's."""
    starts = graphemes(code)
    return starts[count] if count < len(starts) else len(code)


def to_graphemes(code, cursor):
    """An offset in Jupyter's count as one in evcxr's, for a question to it."""
    return sum(start < cursor for start in graphemes(code))
