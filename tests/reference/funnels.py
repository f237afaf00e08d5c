#!/usr/bin/env python3
"""What ClickHouse and PostHog make of small funnels, for tests/it/conformance.rs to compare with.

usage: funnels.py clickhouse    prints clickhouse.json: what windowFunnel says, asked of ClickHouse itself (chdb)
       funnels.py posthog       prints posthog.json: what PostHog's rules come to, in words of our own

A funnel's steps are written as the letters that take them: ["a", "bc"] is an a, then a b or a c. Events are
written as letter and moment: "a1 b3". "x" is excluded in posthog.json, and takes no step elsewhere.

PostHog's rules are those of funnel-udf/src/steps.rs and unordered_steps.rs at commit 862e6726 and 8f6eaa2a.
"""

import itertools
import json
import random
import sys

MODES = ["strict_deduplication", "strict_order", "strict_increase", "strict_once", "allow_reentry"]


def compact(rows):
    """One row a line: differences stay readable."""
    return "[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]"


def written(events):
    return " ".join(f"{letter}{at}" for at, letter in events)


# ---- ClickHouse -----------------------------------------------------------------------------------

def combinations():
    """The modes that ClickHouse takes together."""
    for count in range(len(MODES) + 1):
        for modes in itertools.combinations(MODES, count):
            if "allow_reentry" not in modes or "strict_order" in modes:
                yield list(modes)


def sequences():
    rng = random.Random(20261127)
    chosen = [(["a", "b", "c"], "aabbcc"), (["a", "b", "c"], "acab"), (["a", "b", "c"], "abac"),
              (["a", "b", "a"], "aab"), (["a", "a", "b"], "ab"), (["a", "b", "a", "c"], "abac")]
    made = [(steps, 100, [(n + 1, letter) for n, letter in enumerate(text)]) for steps, text in chosen]
    kinds = [["a", "b", "c"], ["a", "b"], ["a", "b", "c", "d"], ["a", "a", "b"], ["a", "b", "a"],
             ["a", "ab", "c"], ["ab", "b", "a"], ["a", "b", "a", "b"], ["a", "bc", "c", "b"]]
    for number in range(2_000):
        steps = kinds[number % len(kinds)]
        letters = sorted(set("".join(steps))) + ["x"]
        # Few moments make many coincide.
        moments = rng.choice([3, 6, 12, 40])
        events = sorted((rng.randint(1, moments), rng.choice(letters)) for _ in range(rng.randint(1, 11)))
        made.append((steps, rng.choice([0, 1, 3, 8, 100]), events))
    return made


def clickhouse():
    from chdb import session
    server = session.Session()

    def ask(sql):
        return str(server.query(sql, "TSV")).strip()

    made, modes = sequences(), list(combinations())
    answers = [[None] * len(modes) for _ in made]
    for steps, window in {(len(steps), window) for steps, window, _ in made}:
        rows = [f"({number},{at},{','.join(str(int(letter in step)) for step in made[number][0])})"
                for number, case in enumerate(made) if (len(case[0]), case[1]) == (steps, window)
                for at, letter in case[2]]
        columns = ", ".join(f"s{n} UInt8" for n in range(steps))
        matches = ", ".join(f"s{n} = 1" for n in range(steps))
        found = ", ".join(f"windowFunnel({', '.join([str(window), *map(repr, on)])})(at, {matches})" for on in modes)
        table = f"values('number UInt32, at UInt32, {columns}', {', '.join(rows)})"
        for line in ask(f"SELECT number, {found} FROM {table} GROUP BY number").splitlines():
            number, *levels = map(int, line.split("\t"))
            answers[number] = levels
    cases = [[steps, window, written(events), levels] for (steps, window, events), levels in zip(made, answers)]
    return (f'{{"version": "{ask("SELECT version()")}",\n"modes": {json.dumps(modes)},\n'
            f'"cases": {compact(cases)}}}\n')


# ---- PostHog --------------------------------------------------------------------------------------

def ordered(steps, window, events, exclusion, strict):
    """The level reached, or 0 for who is removed. A list holds, for each step, the start of the latest attempt that
    got there and whether it is spoilt; beside it stands the furthest there has been."""
    latest = [None] * (len(steps) + 1)
    best = (0, None, False)  # how far, begun when, spoilt
    for at, together in itertools.groupby(events, key=lambda event: event[0]):
        together = [(number, letter) for number, (_, letter) in enumerate(together)]
        mixed = len({letter for _, letter in together}) > 1
        if mixed:
            # Step by step, each with every event that takes it; neither exclusions nor strictness count here.
            turns = sorted(((step, number, [step]) for number, letter in together
                            for step in range(1, len(steps) + 1) if letter in steps[step - 1]), key=lambda t: t[0])
        else:
            turns = [(0, number, None) for number, _ in together]
        for _, number, only in turns:
            letter = dict(together)[number]
            takes = only or [n + 1 for n in range(len(steps)) if letter in steps[n]]
            spoils = [] if only or letter != "x" or not exclusion else list(range(exclusion[0] + 1, exclusion[1] + 1))
            latest[0] = (at, False, ())
            for step in reversed(takes or spoils):
                before = latest[step - 1]
                if before is None or at - before[0] > window:
                    continue
                if latest[step] is not None and latest[step][0] == before[0]:
                    continue
                start, spoilt, used = before
                if spoils:
                    if not spoilt:
                        latest[step - 1] = (start, True, used)
                        if best[0] == step - 1 and best[0] > 0 and at - best[1] <= window:
                            best = (best[0], best[1], True)
                    continue
                if only and (at, number) in used:
                    continue
                if not spoilt:
                    latest[step] = (start, False, used + ((at, number),))
                if step > best[0] or (step == best[0] and best[2]):
                    best = (step, start, spoilt)
            if strict and not only:
                for step in range(1, len(steps) + 1):
                    if step not in takes:
                        latest[step] = None
        if latest[-1] is not None:
            break
    return 0 if best[2] else best[0]


def unordered(steps, window, events, excluded):
    """How many steps are done in a window that nothing excluded falls into."""
    most = 0
    for place, (start, first) in enumerate(events):
        if first == "x":
            continue
        done, spoilt = set(), False
        for at, letter in events[place:]:
            if at - start > window or len(done) == len(steps):
                break
            if letter == "x" and excluded:
                spoilt = True
                break
            done |= {step for step in steps if letter in step}
        if not spoilt:
            most = max(most, len(done))
    return most


def posthog():
    rng = random.Random(20261128)
    cases = []
    for number in range(2_000):
        order = ["sequential", "strict", "any"][number % 3]
        kinds = [["a", "b", "c"], ["a", "b"], ["a", "b", "c", "d"]]
        if order == "sequential":
            kinds += [["a", "a", "b"], ["a", "b", "a"]]
        steps = rng.choice(kinds)
        letters = sorted(set("".join(steps))) + ["x"]
        # Where simultaneous events of several names would be taken in the order of rows, only those of one name are.
        many = rng.randint(1, 11)
        if order == "sequential" and len(set(steps)) == len(steps):
            moments = rng.choice([4, 8, 30])
            times = [rng.randint(1, moments) for _ in range(many)]
        else:
            times = rng.sample(range(1, 41), many)
        events = [(at, rng.choice(letters)) for at in times]
        if order == "sequential":
            events += rng.sample(events, rng.randint(0, many // 2))
        events.sort()
        window = rng.choice([1, 3, 8, 100])
        after = rng.randint(1, len(steps) - 1)
        exclusion = [after, rng.randint(after + 1, len(steps))] if rng.random() < 0.8 else None
        if order == "any":
            exclusion = exclusion and [1, len(steps)]
            level = unordered(steps, window, events, exclusion is not None)
        else:
            kept = events if order == "strict" or exclusion else [event for event in events if event[1] != "x"]
            level = ordered(steps, window, kept, exclusion, order == "strict")
        cases.append([order, steps, window, exclusion, written(events), level])
    return f'{{"cases": {compact(cases)}}}\n'


def main():
    match sys.argv[1:]:
        case ["clickhouse"]:
            print(clickhouse(), end="")
        case ["posthog"]:
            print(posthog(), end="")
        case _:
            sys.exit(__doc__.strip())


if __name__ == "__main__":
    main()
