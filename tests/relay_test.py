"""The relay's channels: a real relay, with a fake evcxr inside and a client of Jupyter's outside. Cells: see cells_test.py."""

import contextlib
import pathlib
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import zmq  # noqa: E402
from jupyter_client import BlockingKernelClient  # noqa: E402
from jupyter_client.session import Session  # noqa: E402

from fake_evcxr import PRELUDE  # noqa: E402
from fake_jupyter import WAIT, Case, texts, until  # noqa: E402


class Beginning(Case):
    def prepare(self):
        self.evcxr.deaf = 3

    def test_evcxr_is_asked_until_it_is_heard_and_the_first_cell_is_our_own(self):
        reply, told = self.client.run("1")
        self.assertEqual(self.evcxr.codes(), [PRELUDE, "1"])
        self.assertGreater([asked.kind for asked in self.evcxr.asked].count("kernel_info_request"), 3)
        self.assertEqual((reply["status"], reply["execution_count"]), ("ok", 1))
        self.assertEqual(told, [("status", "busy"), ("execute_input", 1), ("status", "idle")])
        self.assertNotIn("stream", [kind for kind, _ in self.client.unheard()], "what the prelude says is nobody's")
        self.assertEqual(self.inner.place, self.folder)

    def test_an_interrupt_before_the_first_cell_leaves_the_prelude(self):
        self.evcxr.deaf = 10**6
        asked = self.client.send("1")
        self.client.answer(self.client.ask("interrupt_request", {}, "control"), "control")
        self.assertEqual(self.client.answer(asked)["status"], "aborted")
        self.evcxr.deaf = 0
        self.good("2")
        self.assertEqual(self.evcxr.codes(), [PRELUDE, "2"])
        self.assertFalse(self.evcxr.interrupted.is_set())


class BrokenBeginning(Case):
    def prepare(self):
        self.play(PRELUDE, lambda run: run.reject("no such library"))

    def test_a_prelude_that_fails_is_told_to_the_log_and_drops_nothing(self):
        self.assertEqual(self.client.run("1")[0]["status"], "ok")
        self.assertIn("no such library", self.log.getvalue())
        self.assertEqual([said for kind, said in self.client.unheard() if kind == "error"], [])


class Restart(Case):
    def prepare(self):
        self.inner.dead = True

    def test_an_evcxr_that_ended_before_it_was_ready_is_started_again(self):
        self.good("1")
        self.assertEqual(self.inner.restarts, 1)
        self.assertEqual(self.evcxr.codes(), [PRELUDE, "1"])

    def test_one_that_ends_later_ends_the_session(self):
        self.good("1")
        self.inner.dead = True
        self.thread.join(WAIT)
        self.assertEqual((self.code, self.inner.restarts), (1, 1))


class Questions(Case):
    def running(self):
        """A cell that runs until the event is set; the event and its number."""
        go, begun = threading.Event(), threading.Event()
        self.play("long", lambda run: (run.begin(), begun.set(), run.wait_for(go), run.end()))
        asked = self.client.send("long")
        self.assertTrue(begun.wait(WAIT))
        self.addCleanup(go.set)
        return go, asked

    def test_what_the_relay_knows_it_answers_while_a_cell_runs(self):
        go, cell = self.running()
        before = len(self.evcxr.asked)
        for channel in ("shell", "control"):
            asked = self.client.ask("kernel_info_request", {}, channel)
            info = self.client.answer(asked, channel)
            self.assertEqual((info["status"], info["language_info"]["name"]), ("ok", "Rust"))
            self.assertEqual(self.client.until_idle(asked), [("status", "busy"), ("status", "idle")])
        for kind, key in (("comm_info_request", "comms"), ("history_request", "history")):
            asked = self.client.ask(kind, {})
            self.assertFalse(self.client.answer(asked)[key])
            self.assertEqual(self.client.until_idle(asked), [("status", "busy"), ("status", "idle")])
        self.assertEqual(len(self.evcxr.asked), before, "evcxr was asked")
        go.set()
        self.assertEqual(self.client.answer(cell)["status"], "ok")

    def test_a_silent_cell_is_not_counted(self):
        self.play("shy", lambda run: (run.begin(), run.publish("execute_result", {"execution_count": 7, "data": {}}), run.end()))
        self.good("1")
        self.assertEqual(self.good("shy", silent=True), [("status", "busy"), ("status", "idle")])
        self.assertIn(("execute_input", 2), self.good("2"))

    def test_a_result_has_the_count_that_the_reader_sees(self):
        self.play("21 * 2", lambda run: (run.begin(), run.end(), run.publish("execute_result", {"execution_count": 7, "data": {"a": "42"}})))
        self.good("1")
        self.assertIn(("execute_result", {"execution_count": 2, "data": {"a": "42"}}), self.good("21 * 2"))

    def test_an_answer_goes_to_who_asked(self):
        self.evcxr.answers["is_complete_request"] = {"status": "complete"}
        other = self.join()
        mine, theirs = self.client.ask("is_complete_request", {"code": "1"}), other.ask("is_complete_request", {"code": "2"})
        self.assertEqual(self.client.answer(mine), {"status": "complete"})
        self.assertEqual(other.answer(theirs), {"status": "complete"})
        self.assertEqual(self.client.kept["shell"] + other.kept["shell"], [])
        self.assertEqual(self.client.until_idle(mine), [("status", "busy"), ("status", "idle")])

    def test_a_line_is_asked_of_the_reader(self):
        self.play("read", lambda run: (run.begin(), run.out(f"Hello, {run.ask('Name?')}"), run.end()))
        asked = self.client.send("read")
        self.assertEqual(self.client.answer(asked, "stdin"), {"prompt": "Name?", "password": False})
        self.client.ask("input_reply", {"value": "Ada"}, "stdin")
        self.assertEqual(texts(self.client.until_idle(asked), "stdout"), "Hello, Ada\n")

    def test_a_line_that_nobody_asked_for_answers_nothing_later(self):
        self.client.ask("input_reply", {"value": "stale"}, "stdin")
        self.good("1")
        self.test_a_line_is_asked_of_the_reader()

    def shuts_down(self, channel):
        asked = self.client.ask("shutdown_request", {"restart": True}, channel)
        self.assertEqual(self.client.answer(asked, channel), {"status": "ok", "restart": True})
        self.assertTrue(self.client.hear(asked, "shutdown_reply")["restart"])
        self.thread.join(WAIT)
        self.assertEqual(self.code, 0)

    def test_a_shutdown_is_answered(self):
        self.shuts_down("control")

    def test_a_shutdown_in_the_old_manner_is_answered(self):
        self.shuts_down("shell")

    def test_an_interrupt_of_nothing_is_none(self):
        self.good("1")
        self.assertEqual(self.client.answer(self.client.ask("interrupt_request", {}, "control"), "control"), {"status": "ok"})
        self.good("2")
        self.assertFalse(self.evcxr.interrupted.is_set())

    def test_an_interrupt_reaches_the_cell_that_runs_and_drops_those_behind(self):
        self.play("long", lambda run: (run.begin(), run.wait_for(self.evcxr.interrupted), run.die()))
        first, second = self.client.send("long"), self.client.send("2", stop_on_error=False)
        self.client.hear(first, "execute_input")
        self.client.answer(self.client.ask("interrupt_request", {}, "control"), "control")
        self.assertEqual(self.client.answer(second)["status"], "aborted")
        self.assertEqual(self.client.until_idle(second), [("status", "busy"), ("status", "idle")])
        reply = self.client.answer(first)
        self.assertEqual((reply["status"], reply["ename"]), ("error", "Interrupted"))
        self.assertEqual(self.evcxr.codes(), [PRELUDE, "long"])

    def test_an_interrupt_ends_a_question_that_nobody_answers(self):
        self.play("read", lambda run: (run.begin(), run.ask("Name?"), run.die()))
        asked = self.client.send("read")
        self.client.answer(asked, "stdin")
        self.client.ask("interrupt_request", {}, "control")
        self.assertEqual(self.client.answer(asked)["ename"], "Interrupted")

    def test_a_cell_that_has_ended_already_is_not_interrupted(self):
        go = threading.Event()
        self.play("slow", lambda run: (run.begin(), run.answer(), run.out("x"), run.wait_for(go), run.end()))
        asked = self.client.send("slow")
        self.client.hear(asked, "stream")
        self.assertTrue(until(lambda: self.relay.cell.reply), "evcxr's answer")
        self.client.answer(self.client.ask("interrupt_request", {}, "control"), "control")
        go.set()
        self.assertEqual(self.client.answer(asked)["status"], "ok")
        self.assertFalse(self.evcxr.interrupted.is_set())


class Strangers(Case):
    def test_a_strangers_message_ends_nothing(self):
        other = Session(key=b"another")
        right = self.client.session
        forged = other.serialize(other.msg("shutdown_request", {"restart": False}))
        good = right.serialize(right.msg("shutdown_request", {"restart": False}))
        listed = right.serialize(right.msg("shutdown_request"))[:2]
        body = [b"[]", b"[]", b"[]", b"[]"]
        messages = [
            forged, [b"ping"], [b"", b"ping"], [b"<IDS|MSG>"], [b"<IDS|MSG>", b""], good[:-1], good[:3], [b"<IDS|MSG>", right.sign(body), *body],
            [listed[0], b"\xff" * 64, *good[2:]],
        ]
        for channel in ("shell", "control", "stdin"):
            with contextlib.closing(zmq.Context().socket(zmq.DEALER)) as end:
                end.connect(f"tcp://127.0.0.1:{self.told[f'{channel}_port']}")
                for message in messages:
                    end.send_multipart(message)
                self.assertFalse(end.poll(50), "nobody answers")
                end.linger = 0
        self.good("1")
        self.client.answer(self.client.ask("kernel_info_request", {}, "control"), "control")
        self.assertTrue(self.thread.is_alive())

    def test_a_request_that_makes_no_sense_ends_nothing(self):
        for kind, content in (("complete_request", {"code": 7, "cursor_pos": "x"}), ("execute_request", {"code": None}), ("", {}),
                              ("inspect_request", {"code": "a", "cursor_pos": None})):
            self.client.ask(kind, content)
        self.client.ask("no_request", {}, "control")
        for channel in ("shell", "control", "stdin"):
            parts = [b"{}"] * 4
            self.client.ends[channel].send_multipart([b"<IDS|MSG>", self.client.session.sign(parts), *parts])
        self.good("1")
        self.log.truncate(0)

    def test_the_heart_beats(self):
        with contextlib.closing(zmq.Context().socket(zmq.REQ)) as end:
            end.linger = 0
            end.connect(f"tcp://127.0.0.1:{self.told['hb_port']}")
            for beat in (b"one", b"two"):
                end.send(beat)
                self.assertTrue(end.poll(1000 * WAIT))
                self.assertEqual(end.recv(), beat)

    def test_who_leaves_before_the_answer_ends_nothing(self):
        go = threading.Event()
        self.play("long", lambda run: (run.begin(), run.wait_for(go), run.out("done"), run.end()))
        leaver = self.join()
        asked = leaver.send("long")
        self.client.hear(asked, "execute_input")
        for channel in ("shell", "control"):
            for kind in ("kernel_info_request", "complete_request"):
                leaver.ask(kind, {"code": "x", "cursor_pos": 1}, channel)
        leaver.close()
        go.set()
        self.assertEqual(texts(self.client.until_idle(asked), "stdout"), "done\n")
        self.good("1")

    def test_jupyters_own_client_is_content(self):
        client = BlockingKernelClient()
        client.load_connection_info(self.told)
        client.start_channels()
        self.addCleanup(client.stop_channels)
        client.wait_for_ready(timeout=WAIT)
        self.assertTrue(client.is_alive())
        self.play("hello", lambda run: (run.begin(), run.out("Hello."), run.end()))
        told = []
        reply = client.execute_interactive("hello", timeout=WAIT, output_hook=lambda message: told.append(message["msg_type"]))
        self.assertEqual((reply["content"]["status"], told), ("ok", ["status", "execute_input", "stream", "status"]))


if __name__ == "__main__":
    unittest.main()
