#!/usr/bin/env python3
"""What ClickHouse makes of small sequences, for tests/it/conformance.rs to compare with.

usage: sequences.py     prints sequences.json: what sequenceMatch and sequenceCount say, asked of ClickHouse itself (chdb)

Conditions are written as the letters that fulfil them: ["a", "bc"] is an a, and a b or a c. Events are written as letter
and second: "a1 b3"; "x" fulfils none. A row holds a pattern, the conditions, and cases: events, whether they match, and
how many times. Simultaneous events, whose order ClickHouse leaves open, are given to it in ours: by the first condition
that each fulfils. It keeps the order of so few.
"""

import json
import random
import sys

from funnels import compact, written

# Shapes that analysts use, and the corners of the language.
CHOSEN = [
    "(?1)(?2)", "(?1).*(?2)", "(?1)(?t<=3)(?2)", "(?1)(?t<3)(?2)", "(?1)(?t>=3)(?2)", "(?1)(?t>3)(?2)", "(?1)(?t==3)(?2)",
    "(?1).(?2)", "(?1)..(?2)", "(?1)(?1)", "(?1).*(?1).*(?2)", "(?1)(?t<=5)(?2)(?t<=5)(?3)", "(?1).*(?2)(?t>=2).*(?3)",
    "", ".", ".*", "..", "(?t<0)", "(?t<=10)", "(?t>=0)", "(?t>0)", "(?t==0)", "(?1)(?t<=2)", "(?1)(?t>2)", "(?1)(?t==2)",
    "(?1).*", ".*(?1)", "(?1).*(?t<=1)(?2)", "(?1).*(?t>1)(?2)", "(?1)(?t<=4).*(?2)", "(?1)(?t>=2).(?2)", "(?1)(?t<=2).*.*",
    ".(?t<=2)(?2)", ".*(?t==2)(?2)", "(?1)(?t>=0)(?2)(?t>=0)(?1)", "(?1)(?t>=2)(?2)(?3)", "(?1)(?t==2)(?2)(?t<2)",
    "(?1).*(?t<0)", "(?1)(?t<0)", "(?1)(?t<0)(?2)", "(?2)(?t<=3)(?1)(?1)", "(?3)(?t>1).(?t<=2)(?1)",
]
REFUSED = [
    "(?0)", "(?4)", "(?1) (?2)", "(?1)(?t=1)(?2)", "(?1)(?t>+)(?2)", "(?1)(?t>-1)(?2)", "(?1)(?t>1)(?t<5)(?2)", "(?1", "(?+)",
    "(?18446744073709551616)", "x", "(?1)*", "(?t1)", "(?1)(?2", "(?-1)",
]
CONDITIONS = [["a", "b", "c"], ["a", "ab", "c"], ["ab", "bc", "a"], ["a", "b", "ab"], ["abc", "b", "c"]]


def patterns(rng):
    yield from CHOSEN
    for _ in range(700):
        items = []
        for _ in range(rng.randint(1, 6)):
            kind = rng.random()
            if kind < 0.5 or (kind < 0.8 and items and items[-1].startswith("(?t")):
                items.append(f"(?{rng.randint(1, 3)})")
            elif kind < 0.8:
                items.append(f"(?t{rng.choice(['<=', '<', '>=', '>', '=='])}{rng.choice([0, 1, 2, 3, 5])})")
            else:
                items.append(rng.choice([".", ".*"]))
        yield "".join(items)


def main():
    from chdb import session
    server = session.Session()
    server.query("SET max_threads = 1")

    def ask(sql):
        return str(server.query(sql, "TSV")).strip()

    rng = random.Random(20261129)
    rows = []
    for pattern in patterns(rng):
        conditions = rng.choice(CONDITIONS)
        cases = []
        for _ in range(6):
            # Few moments make many coincide.
            moments = rng.choice([3, 8, 20])
            fulfils = lambda letter: [place for place, letters in enumerate(conditions) if letter in letters]
            rank = lambda event: (event[0], *fulfils(event[1])[:1], sum(1 << place for place in fulfils(event[1])))
            cases.append(sorted(((rng.randint(1, moments), rng.choice("abcx")) for _ in range(rng.randint(1, 12))),
                                key=lambda event: rank(event) if fulfils(event[1]) else (event[0], 99, 0)))
        values = ", ".join(f"({number},{at},{','.join(str(int(letter in letters)) for letters in conditions)})"
                           for number, case in enumerate(cases) for at, letter in case)
        arguments = f"'{pattern}')(at, a = 1, b = 1, c = 1)"
        table = f"values('number UInt32, at UInt32, a UInt8, b UInt8, c UInt8', {values})"
        found = ask(f"SELECT number, sequenceMatch({arguments}, sequenceCount({arguments} FROM {table} GROUP BY number ORDER BY number")
        answers = [tuple(map(int, line.split("\t")[1:])) for line in found.splitlines()]
        rows.append([pattern, conditions, [[written(case), *answer] for case, answer in zip(cases, answers, strict=True)]])
    for pattern in REFUSED:
        try:
            ask(f"SELECT sequenceMatch('{pattern}')(at, a = 1, a = 2, a = 3) FROM values('at UInt32, a UInt8', (1, 1))")
        except RuntimeError:
            continue
        sys.exit(f"ClickHouse accepts {pattern}")
    print(f'{{"version": "{ask("SELECT version()")}",\n"refused": {json.dumps(REFUSED)},\n"cases": {compact(rows)}}}')


if __name__ == "__main__":
    main()
