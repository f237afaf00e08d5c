"""What Jupyter is told when the process that holds a session's variables has ended."""

import pathlib
import sys
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

from errors.deaths import died, is_death, size  # noqa: E402
from errors.report import plain  # noqa: E402


STATUS = "Subprocess terminated with status: "


class Deaths(unittest.TestCase):
    def test_each_end_in_its_own_words(self):
        killed, aborted = STATUS + "signal: 9 (SIGKILL)", STATUS + "signal: 6 (SIGABRT)"
        homebrew = "Subprocess terminated with signal 9. This is known to happen when evcxr is installed via a Homebrew shell"
        oom = "memory allocation of 109951162777600 bytes failed\nstack backtrace:\n   0: std::alloc::rust_oom\n"
        overflowed = "thread 'main' has overflowed its stack\n"
        cases = [
            (killed, "", True, "Interrupted", "you interrupted the cell"),
            (killed, "", False, "Killed", "probably because memory ran out"),
            (homebrew, "", False, "Killed", "memory"),
            (STATUS + "signal: 11 (SIGSEGV)", "", False, "StackOverflow", "the stack overflowed"),
            (aborted, overflowed, False, "StackOverflow", "the stack overflowed"),
            (aborted, oom, False, "OutOfMemory", "the cell asked for 100 TB of memory in a single allocation"),
            (aborted, "Segmentation fault.\n   0: evcxr::runtime\n", False, "Crash", "bad memory address"),
            (aborted, "", False, "Aborted", "std::process::abort()"),
            (STATUS + "exit status: 3", "", False, "Exit", "`std::process::exit(3)`"),
            ("Subprocess didn't start: no such file", "", False, "Died", "no such file"),
        ]
        for evalue, stderr, interrupted, ename, part in cases:
            self.assertTrue(is_death(evalue))
            content = died(evalue, stderr, interrupted)
            self.assertEqual(content["ename"], ename)
            self.assertIn(part, content["evalue"])
            text = plain("\n".join(content["traceback"]))
            self.assertTrue(text.startswith(f"{ename}: {content['evalue']}\n"), text)
            self.assertIn("variables are gone; functions and imports of earlier cells are kept", text)
            self.assertIn("Run All Above Selected Cell", text)
            for noise in ("backtrace", "rust_oom", "evcxr", "SIG"):
                self.assertNotIn(noise, text)
        self.assertFalse(is_death("mismatched types"))

    def test_a_full_stack_is_known_by_its_silence(self):
        """evcxr says of every other bad address, instruction or bus error that it caught it."""
        for how in (
            "signal: 11 (SIGSEGV)", "signal: 11 (SIGSEGV) (core dumped)", "signal: 11", "signal: 10 (SIGBUS)", "signal: 4 (SIGILL)",
        ):
            content = died(STATUS + how, "", False)
            text = plain("\n".join(content["traceback"]))
            self.assertEqual(content["ename"], "StackOverflow", how)
            self.assertIn("a function probably never stops calling itself", text)
            self.assertIn("The session's variables are gone", text)
            self.assertIn('"Run All Above Selected Cell" brings the variables back', text)
            self.assertIn("hint: a function that calls itself needs a case where it stops", text)
            self.assertEqual(died(STATUS + how, "Segmentation fault.\n", False)["ename"], "Crash", how)

    def test_each_systems_words_for_a_signal(self):
        for how in (
            "status: signal: 9 (SIGKILL)", "status: signal: 9 (SIGKILL) (core dumped)", "status: signal: 9", "signal: 9",
            "signal 9. This is known to happen when evcxr is installed via a Homebrew shell", "status: SIGKILL",
            "status: killed by signal 9",
        ):
            death = f"Subprocess terminated with {how}"
            self.assertTrue(is_death(death), how)
            self.assertEqual(died(death, "", False)["ename"], "Killed", how)
        for how in ("signal: 15 (SIGTERM)", "signal: 15", "signal: 9999"):
            content = died(STATUS + how, "", False)
            self.assertEqual((content["ename"], content["evalue"]), ("Died", f"the cell's process ended: {how}"))

    def test_exit_codes(self):
        codes = {"exit status: 0": 0, "exit status: 3": 3, "exit status 101": 101, "exit code: 1": 1, "exit code: -1": -1}
        for how, code in codes.items():
            content = died(STATUS + how, "", False)
            self.assertEqual(content["ename"], "Exit")
            self.assertEqual(content["evalue"], f"the cell ended its own process: `std::process::exit({code})`")
        self.assertEqual(died("Subprocess terminated with exit status: 0", "", False)["ename"], "Exit")

    def test_what_was_printed_last_is_kept_without_records(self):
        content = died("hello\n\x1eend\x1f7\x1f1\nSubprocess terminated with status: exit status: 1", "", False)
        lines = [plain(line) for line in content["traceback"]]
        self.assertEqual(lines[:2], ["hello", "Exit: the cell ended its own process: `std::process::exit(1)`"])

    def test_sizes(self):
        sizes = {512: "512 bytes", 2048: "2 KB", 1_500_000_000: "1.4 GB", 1023 * 1024**3: "1,023 GB", 100 * 1024**4: "100 TB"}
        for count, text in sizes.items():
            self.assertEqual(size(count), text)


if __name__ == "__main__":
    unittest.main()
