"""How much the tests with a kernel open: a few notebooks and assignments after a change, all of them at night."""

import os


def whole():
    """Whether CASEBOOK_NOTEBOOKS asks for all."""
    asked = os.environ.get("CASEBOOK_NOTEBOOKS", "few")
    if asked not in ("few", "all"):
        raise ValueError(f"CASEBOOK_NOTEBOOKS is {asked!r}; accepted: few, all")
    return asked == "all"
