"""Programs that crash in every worker, that are missing on a machine, and that are another build there."""

import pathlib
import re
import shutil
import subprocess
import tempfile

from hosts import MACHINES, machines
from running import PROGRAM
from under_launchers import UnderLauncher, for_each_launcher

WITHOUT = MACHINES[1]


def another_build(program, copy):
    """The same program with another build id."""
    said = subprocess.run(["readelf", "-n", program], check=True, capture_output=True, encoding="utf-8").stdout
    identity = bytes.fromhex(re.search(r"Build ID: ([0-9a-f]+)", said)[1])
    code = program.read_bytes()
    assert code.count(identity) == 1
    copy.write_bytes(code.replace(identity, bytes(255 - byte for byte in identity)))
    copy.chmod(0o755)


class Programs(UnderLauncher):
    def copied(self):
        """The program in a folder of its own."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="quartet-faults-program-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, folder)
        return pathlib.Path(shutil.copy(PROGRAM, folder / "program"))

    def mount(self, *words):
        """Something on one machine in place of the last word."""
        machines("on", WITHOUT, "env", "-C", "/", "mount", *words)
        self.addCleanup(machines, "on", WITHOUT, "env", "-C", "/", "umount", "-l", words[-1])

    def test_workers_crash_on_every_node(self):
        run = self.start(body="crash", tasks=80, silence=30)
        self.assertTrue(run.end(), run.told())
        self.assertEqual(run.check_outcomes(), {"value": 60, "worker died": 20}, run.told())
        begun, ended, on = run.counts()
        self.assertEqual((begun.total(), ended.total(), set(on)), (80, 60, set(MACHINES)))
        run.check_nothing_left()
        self.remark("20 of 80 crashed")

    def test_a_machine_without_the_program(self):
        program = self.copied()
        self.mount("-t", "tmpfs", "none", str(program.parent))
        run = self.start(program=program)
        self.assertFalse(run.end(), run.told())
        if self.launcher.is_tool:
            self.assertIn(f"program is not there on {WITHOUT} (rank 1)", run.told())
        self.assertEqual(run.counts()[0].total(), 0)
        run.check_nothing_left()
        self.remark(f"code {run.launched.returncode}")

    def test_a_machine_with_another_build(self):
        program = self.copied()
        another_build(program, program.with_name("other"))
        self.mount("--bind", str(program.with_name("other")), str(program))
        run = self.start(program=program)
        run.end()
        self.assertRegex(run.said(), r"refused: quartet: the nodes of the cluster run different programs: qa has program \(build id [0-9a-f]+\), "
                                     rf"{WITHOUT} has program \(build id [0-9a-f]+\)")
        self.assertEqual(run.counts()[0].total(), 0)
        run.check_nothing_left()
        self.remark("refused")


for_each_launcher(globals(), Programs)
