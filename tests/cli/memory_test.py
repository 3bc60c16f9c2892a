"""The memory figures against known amounts: within 2 %, in one process and in several."""

import os
import unittest

from tool import ToolTest

MIB = 1 << 20
KNOWN_MEMORY = os.environ.get("KNOWN_MEMORY")


@unittest.skipIf("ASAN_OPTIONS" in os.environ, "a sanitizer has its own memory")
class KnownAmounts(ToolTest):
    def measured(self, model, tasks, each, **more):
        options = {"bytes": each, "tasks": tasks, **more}
        sets = [part for name, value in options.items() for part in ("--set", f"known_memory.{name}={value}")]
        _, document = self.results("known_memory", "--models", model, *sets, program=KNOWN_MEMORY)
        return document["results"][0]

    def assert_within(self, share, measured, known):
        self.assertLess(abs(measured - known), share * known, f"{measured / MIB:.2f} MiB, not {known / MIB:.2f}")

    def check(self, model, tasks, each, **more):
        """The tree also holds program and libraries; the same run without the memory shows how much."""
        with self.subTest(model=model, tasks=tasks, **more):
            base = self.measured(model, tasks, 0, **more)
            known = each * (tasks if more.get("together", "yes") == "yes" else 1)
            found = self.measured(model, tasks, each, **more)
            if found["tree_peak_bytes"] - base["tree_peak_bytes"] < 0.98 * known:
                # On a busy machine there may have been no sample while it was held.
                found = self.measured(model, tasks, each, **{**more, "hold_ms": 10_000})
            self.assert_within(0.02, found["heap_peak_bytes"], known)
            self.assert_within(0.02, found["tree_peak_bytes"] - base["tree_peak_bytes"], known)
            self.assertLess(found["heap_current_bytes"], known / 50, "it was given back")

    def test_in_one_process(self):
        self.check("single", 1, 64 * MIB)
        self.check("threads:2", 2, 64 * MIB)

    def test_in_several_processes(self):
        self.check("processes:3", 3, 64 * MIB)

    def test_one_after_another(self):
        self.check("single", 3, 64 * MIB, together="no")

    def test_in_processes_that_end_before_the_trial(self):
        """The tree is sampled; what ends before the last sample has to be held for longer than the pause between two."""
        self.check("processes:each", 3, 64 * MIB, hold_ms=1500)


@unittest.skipIf("ASAN_OPTIONS" in os.environ, "a sanitizer has its own memory")
class OutputOfCommands(ToolTest):
    def test_its_length_costs_no_memory(self):
        inputs = self.folder / "inputs"
        inputs.write_text("200000000\n200000000\n")
        for line in ("head -c {} /dev/zero", "head -c {} /dev/zero >&2", "head -c {} /dev/zero & wait"):
            for model in ("single", "threads:2", "processes:2", "async:2"):
                with self.subTest(line=line, model=model):
                    _, document = self.results("command", "--set", f"command.line={line}", "--inputs", inputs,
                                               "--models", model)
                    self.assertLess(document["results"][0]["heap_peak_bytes"], 20 * MIB)


if __name__ == "__main__":
    unittest.main()
