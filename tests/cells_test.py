"""Cells through the relay: what they say, how they fail, what follows. A real relay, with a fake evcxr inside."""

import json
import os
import pathlib
import sys
import threading
import time
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from fake_evcxr import PRELUDE  # noqa: E402
from fake_jupyter import Case, texts, until  # noqa: E402

from completion import complete  # noqa: E402
from errors import explain  # noqa: E402
from errors.explain import plain  # noqa: E402


class Output(Case):
    def order(self, script):
        """What is said of a cell that is played so, from its input to its end."""
        self.play("cell", script)
        told = self.good("cell")
        self.assertEqual(told[:2], [("status", "busy"), ("execute_input", 1)])
        return told[2:]

    def test_what_comes_late_is_still_the_cells_own(self):
        def script(run):
            run.begin()
            run.answer()
            run.rest()
            time.sleep(0.05)
            run.out("late")
            run.end("stdout")
            time.sleep(0.05)
            run.err("later")
            run.end("stderr")
        self.assertEqual(self.order(script), [("stream", ("stdout", "late\n")), ("stream", ("stderr", "later\n")), ("status", "idle")])

    def test_the_next_cell_begins_when_all_is_said(self):
        go = threading.Event()
        self.play("first", lambda run: (run.begin(), run.answer(), run.rest(), run.end("stderr"), run.wait_for(go), run.end("stdout")))
        first, second = self.client.send("first"), self.client.send("second")
        self.client.hear(first, "execute_input")
        time.sleep(0.1)
        self.assertEqual(self.client.kept["shell"], [])
        self.assertFalse(self.client.ends["shell"].poll(0), "the answer came before the end")
        self.assertEqual(self.evcxr.codes(), [PRELUDE, "first"])
        go.set()
        self.assertEqual((self.client.answer(first)["execution_count"], self.client.answer(second)["execution_count"]), (1, 2))

    def test_the_answer_waits_for_evcxr_too(self):
        go = threading.Event()
        for script in (lambda run: run.wait_for(go), lambda run: (run.rest(), run.wait_for(go)), lambda run: (run.answer(), run.wait_for(go))):
            go.clear()
            self.play("cell", lambda run, script=script: (run.begin(), run.end(), script(run)))
            asked = self.client.send("cell")
            self.client.hear(asked, "execute_input")
            self.assertFalse(self.client.ends["shell"].poll(50))
            go.set()
            self.assertEqual(self.client.answer(asked)["status"], "ok")

    def test_text_without_an_end_stands_before_a_record(self):
        def script(run):
            run.begin()
            run.answer()
            run.rest()
            run.end("stderr", before="to the reader")
            run.end("stdout", before="a prompt: ")
        self.assertEqual(
            self.order(script), [("stream", ("stderr", "to the reader")), ("stream", ("stdout", "a prompt: ")), ("status", "idle")])

    def test_a_text_that_looks_like_a_record_is_text(self):
        texts_of_a_cell = ["\x1eend", "\x1eend\x1fx\x1fy", "\x1epanic\x1f1", "\x1ewhatever\x1f1", "a\x1eb", "\x1e"]

        def script(run):
            run.begin()
            for text in texts_of_a_cell:
                run.out(text)
            run.end(before="\x1e")
        self.assertEqual(texts(self.order(script), "stdout"), "".join(f"{text}\n" for text in texts_of_a_cell) + "\x1e")

    def test_a_cell_that_does_not_say_when_it_ends_is_not_waited_for(self):
        self.assertEqual(self.order(lambda run: (run.compile(), run.out("x"))), [("stream", ("stdout", "x\n")), ("status", "idle")])

    def test_an_end_that_is_lost_is_waited_for_with_patience(self):
        self.patch("PATIENCE", 0.1)
        began = time.monotonic()
        self.order(lambda run: (run.begin(), run.end("stdout")))
        self.assertGreater(time.monotonic() - began, 0.1)

    def test_the_end_of_another_cell_is_not_this_ones(self):
        def script(run):
            run.begin()
            run.answer()
            run.rest()
            for stream in ("stdout", "stderr"):
                run.record("end", run.number - 1, 2, stream=stream)
            time.sleep(0.05)
            run.out("mine")
            run.end()
        self.assertEqual(self.order(script), [("stream", ("stdout", "mine\n")), ("status", "idle")])

    def test_a_thread_that_goes_on_writes_under_the_last_cell(self):
        asked = self.client.send("1")
        self.client.until_idle(asked)
        self.evcxr.late("stdout", "tick\n")
        self.assertEqual(self.client.hear(asked, "stream"), ("stdout", "tick\n"))
        self.evcxr.late("stderr", "half\x1epanic\x1fpanic\x1fsrc/lib.rs\x1f3\x1f5\x1fa thread\x1dfell\n")
        self.assertEqual(self.client.hear(asked, "stream"), ("stderr", "halfpanicked at src/lib.rs:3:5:\na thread\nfell\n"))

    def test_many_lines_come_together_and_none_is_lost(self):
        asked = self.client.send("1")
        self.client.until_idle(asked)
        lines = [f"line {number}\n" for number in range(2_000)]
        for line in lines:
            self.evcxr.late("stdout", line)
        told, messages = "", 0
        while len(told) < len("".join(lines)):
            told, messages = told + self.client.hear(asked, "stream")[1], messages + 1
        self.assertEqual(told, "".join(lines))
        self.assertLess(messages, len(lines) / 2)

    def test_a_record_that_ends_a_line_of_the_cells_is_not_shown(self):
        asked = self.client.send("1")
        self.client.until_idle(asked)
        self.evcxr.late("stdout", "no end\x1eline\n")
        self.assertEqual(self.client.hear(asked, "stream"), ("stdout", "no end"))

    def test_a_dependencys_path_begins_in_the_notebooks_folder(self):
        asked = self.client.send(':dep casebook = { path = ".." }\nuse a;')
        self.client.answer(asked)
        shown = self.client.next("iopub", lambda message: message["msg_type"] == "execute_input")["content"]
        self.assertEqual(shown["code"], ':dep casebook = { path = ".." }\nuse a;', "the reader sees what the reader wrote")
        self.assertEqual(self.evcxr.codes()[-1], f':dep casebook = {{ path = "{self.folder.resolve().parent}" }}\nuse a;')

    def test_where_the_time_went_is_written_down_if_that_is_wanted(self):
        path = self.folder / "trace"
        with mock.patch.dict(os.environ, CASEBOOK_TRACE=str(path)):
            self.good("1")
            self.good("2", silent=True)
        told = [json.loads(line) for line in path.read_text().splitlines()]
        self.assertEqual([(cell["count"], cell["code"], cell["compilations"]) for cell in told], [(1, "1", 1)])
        self.assertGreaterEqual(told[0].keys(), {"total", "rustc", "load", "run", "rest"})


class Failures(Case):
    def test_a_panic_that_ends_a_cell_is_an_error(self):
        self.play('panic!("boom")', lambda run: (run.begin(), run.out("before"), run.panic("boom\nand more"), run.caught(), run.end()))
        reply, told = self.bad('panic!("boom")', "panic")
        self.assertEqual((reply["evalue"], reply["execution_count"]), ("boom\nand more", 1))
        self.assertIn("boom", plain("\n".join(reply["traceback"])))
        self.assertEqual([said for kind, said in told if kind == "stream"], [("stdout", "before\n")])

    def test_an_error_that_leaves_a_cell_is_one(self):
        self.play('"x".parse::<i32>()?;', lambda run: (run.begin(), run.fail("invalid digit"), run.end()))
        reply, _ = self.bad('"x".parse::<i32>()?;', "ParseIntError")
        self.assertEqual(reply["evalue"], "invalid digit")

    def test_a_compilers_error_is_one(self):
        self.play("x", lambda run: run.reject("cannot find value `x` in this scope"))
        reply, _ = self.bad("x", "E0425")
        self.assertEqual(reply["evalue"], "cannot find value `x` in this scope")

    def test_a_panic_of_another_thread_is_text(self):
        self.play("spawn", lambda run: (run.begin(), run.panic("a thread fell", line=2), run.end()))
        self.assertEqual(texts(self.good("spawn"), "stderr"), "panicked at src/lib.rs:2:1:\na thread fell\n")

    def test_of_two_panics_the_one_that_ended_the_cell_is_the_error(self):
        self.play("join", lambda run: (run.begin(), run.panic("a thread fell", line=2), run.panic("Any"), run.caught(), run.end()))
        reply, told = self.bad("join", "panic")
        self.assertEqual(reply["evalue"], "Any")
        self.assertEqual(texts(told, "stderr"), "panicked at src/lib.rs:2:1:\na thread fell\n")

    def test_a_check_says_what_it_is(self):
        self.play("check", lambda run: (run.begin(), run.panic("not yet\nexpected  1", "NotYet"), run.caught(), run.end()))
        self.assertEqual(self.bad("check", "NotYet")[0]["traceback"], ["not yet", "expected  1"])

    def test_an_error_that_cannot_be_explained_is_told_as_it_came(self):
        self.play("x", lambda run: run.reject("no"))
        with mock.patch.object(explain, "compile_errors", side_effect=KeyError("a fault")):
            self.assertEqual(self.bad("x", "Error")[0]["evalue"], "no")
        self.assertIn("a fault", self.log.getvalue())
        self.log.truncate(0)
        self.good("2")

    def test_a_process_that_dies_is_an_error_and_what_it_said_is_kept(self):
        def script(run):
            run.begin()
            run.record("frame", "df", "size")
            run.out("so far")
            run.die()
            run.rest()
            time.sleep(0.02)
            run.err("last words")
        self.play("die", script)
        reply, told = self.bad("die", "Killed")
        self.assertEqual([said for kind, said in told if kind == "stream"], [("stdout", "so far\n"), ("stderr", "last words\n")])
        self.assertEqual(self.relay.frames, {})
        self.good("2")

    def test_what_a_dying_process_prints_for_a_debugger_is_left_out(self):
        def script(run):
            run.begin()
            run.panic("first this")
            run.err("thread 'main' (7) has overflowed its stack")
            run.err("   0: 0x55d0 core::ops")
            run.die("signal: 6 (SIGABRT)")
        self.play("deep", script)
        _, told = self.bad("deep", "StackOverflow")
        self.assertEqual(texts(told, "stderr"), "panicked at src/lib.rs:1:1:\nfirst this\n")

    def test_a_death_is_not_explained_by_the_one_before(self):
        def overflows(run):
            run.begin()
            run.err("thread 'main' (7) has overflowed its stack")
            run.die("signal: 6 (SIGABRT)")
        self.play("deep", overflows)
        self.bad("deep", "StackOverflow")
        self.play("leaves", lambda run: (run.begin(), run.die("exit status: 3")))
        self.bad("leaves", "Exit")

    def test_last_words_of_a_process_that_lives_are_told(self):
        self.play("odd", lambda run: (run.begin(), run.err("stack backtrace:"), run.err("and more"), run.end()))
        self.assertEqual(texts(self.good("odd"), "stderr"), "stack backtrace:\nand more\n")

    def test_a_process_that_died_between_two_cells(self):
        self.good("1")
        self.evcxr.late("stderr", "Segmentation fault.\n")
        self.play("2", lambda run: (run.compile(9), run.die("signal: 6 (SIGABRT)")))
        self.bad("2", "Crash")


class Queue(Case):
    def several(self, **more):
        """A cell that fails, and two behind it; how each ended."""
        self.play("bad", lambda run: (run.begin(), time.sleep(0.1), run.fail("no"), run.end()))
        asked = [self.client.send("bad", **more), self.client.send("2"), self.client.send("3")]
        replies = [self.client.answer(one) for one in asked]
        self.assertEqual([self.client.until_idle(one)[0] for one in asked], [("status", "busy")] * 3)
        return [reply["status"] for reply in replies]

    def test_a_failure_drops_the_cells_behind_it(self):
        self.assertEqual(self.several(), ["error", "aborted", "aborted"])
        self.assertEqual(self.evcxr.codes(), [PRELUDE, "bad"])
        self.assertIn(("execute_input", 2), self.good("4"), "what was dropped is not counted")

    def test_a_failure_drops_what_has_not_been_read_yet(self):
        go = threading.Event()
        self.play("bad", lambda run: (run.begin(), run.wait_for(go), run.fail("no"), run.end()))
        first = self.client.send("bad")
        self.client.hear(first, "execute_input")
        with self.stopped():
            go.set()
            behind = [self.client.send(str(number)) for number in range(30)]
            time.sleep(0.1)  # until evcxr has said all, and all of them have come
        self.assertEqual(self.client.answer(first)["status"], "error")
        self.assertEqual({self.client.answer(one)["status"] for one in behind}, {"aborted"})
        self.assertEqual(self.evcxr.codes(), [PRELUDE, "bad"])
        self.good("2")

    def test_a_failure_drops_nothing_if_it_is_not_to(self):
        self.assertEqual(self.several(stop_on_error=False), ["error", "ok", "ok"])
        self.assertEqual(self.evcxr.codes(), [PRELUDE, "bad", "2", "3"])

    def test_a_silent_failure_drops_nothing(self):
        self.assertEqual(self.several(silent=True), ["error", "ok", "ok"])


class Versions(Case):
    def setUp(self):
        super().setUp()
        self.good("fn double(x: i32) -> i32 { x + x }")
        self.play("fn double(x: i32) -> i32 { y }", lambda run: run.reject("cannot find value `y` in this scope"))

    def test_a_note_says_which_version_answers(self):
        self.assertEqual(texts(self.good("double(1)"), "stderr"), "")
        self.bad("fn double(x: i32) -> i32 { y }", "E0425")
        told = self.good("double(2)")
        note = "note: `double` here is the version of cell [1]: the last one, in cell [3], did not compile\n"
        self.assertEqual(told[1:3], [("execute_input", 4), ("stream", ("stderr", note))])
        self.assertEqual(texts(self.good("triple(2)"), "stderr"), "")
        self.assertEqual(texts(self.good("fn double(x: i32) -> i32 { 2 * x }\ndouble(4)"), "stderr"), "")
        self.assertEqual(texts(self.good("double(3)"), "stderr"), "", "the new version compiled")

    def test_a_note_says_what_became_of_the_last_version(self):
        self.play("fn double() {} abort();", lambda run: (run.begin(), run.die("signal: 6 (SIGABRT)")))
        self.bad("fn double() {} abort();", "Aborted")
        self.assertIn("in cell [2], went with the cell's process\n", texts(self.good("double(2)"), "stderr"))


class Completion(Case):
    def complete(self, code, kind="complete_request", **more):
        asked = self.client.ask(kind, {"code": code, "cursor_pos": len(code)} | more)
        reply = self.client.answer(asked)
        self.assertEqual(self.client.until_idle(asked), [("status", "busy"), ("status", "idle")])
        return reply

    def test_columns_are_offered_even_while_a_cell_runs(self):
        go = threading.Event()
        self.play("long", lambda run: (run.begin(), run.record("frame", "df", "size", "mrr"), run.wait_for(go), run.end()))
        asked = self.client.send("long")
        self.client.hear(asked, "execute_input")
        self.assertTrue(until(lambda: self.relay.frames))
        reply = self.complete('df.column("mr')
        go.set()
        self.assertEqual((reply["matches"], reply["cursor_start"], reply["cursor_end"]), (["mrr"], 11, 13))
        self.assertNotIn("complete_request", [one.kind for one in self.evcxr.asked])
        self.client.until_idle(asked)

    def test_a_frame_has_its_new_columns(self):
        for columns in (["old"], ["new", "a\tb"]):
            self.play("let", lambda run, columns=columns: (run.begin(), run.record("frame", "df", *columns), run.end()))
            self.good("let")
        self.assertEqual(self.complete('df.column("')["matches"], ["new", "a\tb"])

    def test_what_evcxr_offers_is_counted_as_jupyter_counts_and_put_in_order(self):
        code = 'let s = "e\u0301\U0001f469\u200d\U0001f4bb"; s.l'  # 4 letters for a reader, 7 code points
        reader = len(code) - 3
        types = [{"text": f"{name}()", "type": "function", "start": reader - 1, "end": reader} for name in ("into", "len")]
        self.evcxr.answers["complete_request"] = {
            "status": "ok", "matches": ["into()", "len()"], "cursor_start": reader - 1, "cursor_end": reader,
            "metadata": {"_jupyter_types_experimental": types},
        }
        reply = self.complete(code)
        self.assertEqual(self.asked_at(), reader)
        self.assertEqual((reply["cursor_start"], reply["cursor_end"]), (len(code) - 1, len(code)))
        self.assertEqual(reply["matches"], ["len()", "into()"], "what every value has comes last")

    def asked_at(self):
        """Where in a text evcxr was last asked. Who it is may be asked in between."""
        return next(one.content["cursor_pos"] for one in reversed(self.evcxr.asked) if "cursor_pos" in one.content)

    def test_a_question_about_a_word_is_counted_so_too(self):
        self.complete("e\u0301x", "inspect_request", detail_level=0)
        self.assertEqual(self.asked_at(), 2)

    def test_an_answer_that_cannot_be_put_in_order_is_passed_on(self):
        self.evcxr.answers["complete_request"] = {"status": "ok", "matches": ["a"]}
        for part in ("refine", "columns"):
            with mock.patch.object(complete, part, side_effect=KeyError("a fault")):
                self.assertEqual(self.complete("x")["matches"], ["a"])
        self.log.truncate(0)


if __name__ == "__main__":
    unittest.main()
