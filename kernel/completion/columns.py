"""Completion of columns: where the cursor is in a string that names one, those of the frames in scope."""

import re

import rust

# Calls whose strings are names of columns, and calls whose strings are something else although a frame stands beside them.
TAKE_COLUMNS = {
    "col", "cols", "column", "by", "select", "group_by", "group_by_stable", "sort", "sort_by", "over", "drop",
    "drop_many", "unique", "unique_stable", "explode", "partition_by", "observed", "band",
    "keep", "pick", "sort_asc", "sort_desc", "left_join_on", "agg_by", "count_by", "rate_by", "total", "scalar", "value", "text",
    "pivot_longer", "pivot_wider",
}
TAKE_TEXTS = {
    "lit", "alias", "title", "subtitle", "labels", "x_label", "y_label", "alt", "memo", "expect", "ok_or", "unwrap_or", "contains",
    "starts_with", "ends_with", "join", "split", "push_str", "from", "new", "measured", "impossible", "undefined",
    "with", "with_data", "parse", "read", "save", "write", "eq", "neq", "gt", "gt_eq", "lt", "lt_eq", "is_in",
    "then", "otherwise", "fill_null", "suffix", "prefix", "with_name", "reference",
}
# Where a complete_reply's metadata has the kind of each match, and how it is shown.
TYPED = "_jupyter_types_experimental"


def columns(code, cursor, frames):
    """Columns of the frames in scope as a complete_reply's content; None where the cursor is not in the name of a column.

    `frames` has the names of columns for each variable, the newest last. Those of frames that the statement names come
    first, then columns that the statement itself makes.
    """
    before = rust.tokens(code[:cursor])
    if not frames or not before or before[-1].kind != "string" or not before[-1].open or before[-1].text[0] != '"':
        return None
    text = before.pop()
    if not wants_column(before, frames):
        return None
    named = names_of_statement(before, code[cursor:])
    first = [frame for frame in dict.fromkeys(reversed(named)) if frame in frames]
    offered = [column for frame in first for column in frames[frame]] + made(code, text.start)
    offered = list(dict.fromkeys(offered + [column for frame in reversed(frames) for column in frames[frame]]))
    begun = text.text[1:]
    matching = [column for column in offered if column.startswith(begun)]
    return reply(matching or [column for column in offered if begun.lower() in column.lower()], text.start + 1, cursor)


def reply(names, start, end):
    matches = [name.replace("\\", "\\\\").replace('"', '\\"') for name in names]
    types = [{"text": name, "type": "column", "start": start, "end": end} for name in names]
    return {"status": "ok", "matches": matches, "cursor_start": start, "cursor_end": end, "metadata": {TYPED: types}}


def wants_column(before, frames):
    """Whether a string after these tokens is the name of a column."""
    for at in reversed(open_brackets(before)):
        caller = before[at - 1] if at else None
        if before[at].text == "{" or caller is None:
            return False
        if caller.text == "!":
            if before[at - 2].text != "vec":
                return False
        elif before[at].text == "[" and (caller.kind == "name" or caller.text in (")", "]")):
            return caller.text in frames  # frame["column"]
        elif caller.kind == "name":
            return in_call(before, at, frames)
    return False


def open_brackets(before):
    """The indices of the brackets that are open after the last of some tokens, the innermost last."""
    waiting = []
    for at, token in enumerate(before):
        if token.text in rust.OPEN:
            waiting.append(at)
        elif token.text in rust.CLOSE and waiting:
            waiting.pop()
    return waiting


def in_call(before, at, frames):
    """Whether strings in a call are names of columns: by the call's name, or because it is given a frame, or asked of one."""
    name = before[at - 1].text
    if name in TAKE_TEXTS:
        return False
    return name in TAKE_COLUMNS or any(given in frames for given in [*arguments(before, at), *receivers(before, at - 1)])


def arguments(before, at):
    """The names with which the arguments begin that a call has so far."""
    depth, first = 0, True
    for token in before[at + 1:]:
        if first and token.text not in ("&", "mut", "*"):
            if token.kind == "name":
                yield token.text
            first = False
        depth += (token.text in rust.OPEN) - (token.text in rust.CLOSE)
        first = first or depth == 0 and token.text == ","


def receivers(before, at):
    """The names in the expression whose method is at an index."""
    if at == 0 or before[at - 1].text != ".":
        return
    depth = 0
    for token in reversed(before[:at]):
        depth += (token.text in rust.CLOSE) - (token.text in rust.OPEN)
        inside = token.kind in ("name", "string", "number") or token.text in rust.OPEN or token.text in (".", "::", "?")
        if depth < 0 or depth == 0 and not inside:
            return
        if token.kind == "name":
            yield token.text


def names_of_statement(before, after):
    """The names in the statement around the cursor, in order."""
    start = max((at + 1 for at, token in enumerate(before) if token.text == ";"), default=0)
    tokens = before[start:] + rust.tokens(after.split(";", 1)[0])
    return [token.text for token in tokens if token.kind == "name"]


def made(code, at):
    """The columns that the statement around an offset names itself, before that offset."""
    start = max((token.end for token in rust.tokens(code[:at]) if token.text == ";"), default=0)
    return re.findall(r'\.alias\(\s*"([^"\\]*)"\s*\)', code[start:at])
