"""Pieces of code in hints: taken apart, put together, and left out where they are too long."""

import difflib
import re

import rust

# Longer code is not repeated in a hint.
SHORT = 60
OPERATORS = {"+", "-", "*", "/", "%", "==", "!=", "<", ">", "&&", "||"}


def short(text, otherwise="…"):
    return text if 0 < len(text) <= SHORT and "\n" not in text else otherwise


def call(left, name, right):
    """`left.name(right)`, or only its shape where that would be long."""
    if not left or not right or len(left) + len(right) > SHORT or "\n" in left + right:
        return f"….{name}(…)"
    return f"{f'({left})' if operator(left, OPERATORS) else left}.{name}({right})"


def depths(text):
    """The tokens of some code, each with how many brackets are open behind it."""
    depth = 0
    for token in rust.tokens(text):
        depth += (token.text in rust.OPEN) - (token.text in rust.CLOSE)
        yield token, depth


def operator(text, signs):
    """The first of some operators that stands outside brackets between two operands; None if there is none."""
    return next((token for token, depth in depths(text) if depth == 0 and token.start and token.text in signs), None)


def sides(text, token):
    """The code left and right of a token."""
    return text[:token.start].strip(), text[token.end:].strip()


def enclosing(line, at, signs):
    """The code between the innermost brackets around an offset that hold one of some operators, and that operator."""
    for bracket in reversed([token for token in rust.tokens(line) if token.text in rust.OPEN and token.start < at]):
        inside = line[bracket.end:]
        text = inside[:next((token.start for token, depth in depths(inside) if depth < 0), len(inside))]
        sign = operator(text, signs)
        if sign and bracket.end <= at <= bracket.end + len(text):
            return text, sign
    return line, operator(line, signs)


def quoted(text):
    """The strings in some code, with their quotes."""
    return re.findall(r'"[^"]*"', text)


def close(name, names, cutoff=0.7):
    """The name among some that is most like another, whatever their case."""
    by_lower = {known.lower(): known for known in names}
    found = difflib.get_close_matches(name.lower(), by_lower, 1, cutoff)
    return by_lower[found[0]] if found else None


def listed(names, most=6):
    return ", ".join(f"`{name}`" for name in names[:most]) + (", …" if len(names) > most else "")
