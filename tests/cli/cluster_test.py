"""`quartet cluster` with launchers that only pretend: they record their words, and run all ranks here."""

import os
import pty
import shlex
import signal
import subprocess
import termios
import time
import unittest

from tool import QUARTET, ToolTest, has_taken, wait_until

# Says what it is; records its words; then runs the ranks, whose number stands behind $COUNT_FLAG, in groups of
# their own as launchers do. Passes $PASSES on to them. $EXTRA is what else it does before it exits with 0.
LAUNCHER = """#!/bin/bash
[ "$1" = --version ] && {{ echo "{version}"; exit; }}
[ "$1" = --mpi=list ] && {{ echo "none pmix pmi2"; exit; }}
printf '%s\\0' "$@" >"$RECORD"
[ -z "$REFUSES" ] || {{ for i in $(seq 30); do echo "a page about it" >&2; done; exit 3; }}
count=1
while [ $# -gt 0 ] && [ "$1" != bash ]; do
    [ "$1" != {count} ] || count=$2
    shift
done
[ "$1" = bash ] || exit 0
ids=()
set -m
for ((rank = 0; rank < count; rank++)); do
    {rank}=$rank HOSTNAME=node$rank SLURMD_NODENAME=${{NODES:$rank:1}} "$@" <&0 &
    ids+=($!)
done
set +m
trap 'for each in "${{ids[@]}}"; do kill -{passes} -- "-$each"; done' {passes}
trap 'for each in "${{ids[@]}}"; do kill -TERM -- "-$each"; done; exit 143' TERM
[ -z "$STUBBORN" ] || trap '' TERM
for each in "${{ids[@]}}"; do while kill -0 "$each" 2>/dev/null; do wait "$each"; done; done
[ -z "$LINGERS" ] || sleep 1000
exit 0
"""
SSH = """#!/bin/sh
[ "$5" = b ] || exit 0
echo "ssh: connect to host b port 22: Connection refused" >&2
exit 255
"""

KINDS = {
    "mpirun": {"version": "mpirun (Open MPI) 4.1.4", "count": "-n", "rank": "OMPI_COMM_WORLD_RANK", "passes": "USR2"},
    "mpirun.mpich": {"version": "HYDRA build details:", "count": "-n", "rank": "PMI_RANK", "passes": "QUIT"},
    "srun": {"version": "slurm 22.05.8", "count": "-N", "rank": "SLURM_PROCID", "passes": "USR2"},
}
OPEN_MPI = ["--map-by", "ppr:1:node", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1", "--enable-recovery", "-x", "PATH"]
HYDRA = ["-ppn", "1", "-bind-to", "none", "-disable-auto-cleanup"]
SRUN = ["--ntasks-per-node=1", "--cpu-bind=none", "--no-kill", "--kill-on-bad-exit=0", "--mpi=pmix"]


class Cluster(ToolTest):
    def setUp(self):
        super().setUp()
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        self.record = self.folder / "record"
        for name, kind in KINDS.items():
            self.write(name, LAUNCHER.format(**kind))
        self.write("ssh", SSH)

    def write(self, name, text):
        file = self.bin / name
        file.write_text(text)
        file.chmod(0o755)

    def environment(self, **changes):
        return super().environment(**{"PATH": f"{self.bin}:/usr/bin:/bin", "RECORD": str(self.record), **changes})

    def cluster(self, *arguments, **more):
        return self.quartet("cluster", *arguments, **more)

    def dry(self, *arguments, **more):
        """The words of the line, without variables before it."""
        done = self.cluster(*arguments[:-1], "--dry-run", *arguments[-1], **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        words = shlex.split(done.stdout)
        while "=" in words[0]:
            words.pop(0)
        return words

    def test_lines(self):
        program = ["--", "./program", "a b", "$x"]
        words = program[1:]
        self.assertEqual(self.dry("--hosts", "a,b,c", program), ["mpirun", "--host", "a,b,c", "-n", "3", *OPEN_MPI, *words])
        self.assertEqual(self.dry("--hosts", "a,b,c", "--nodes", "2", program), ["mpirun", "--host", "a,b", "-n", "2", *OPEN_MPI, *words])
        self.assertEqual(self.dry("--hosts", "a,b", "--launcher", "mpirun.mpich", program), ["mpirun.mpich", "-hosts", "a,b", "-n", "2", *HYDRA, *words])
        self.assertEqual(self.dry("--hosts", "a,b", "--launcher", "srun", program), ["srun", "-w", "a,b", "-N", "2", *SRUN, *words])
        self.assertEqual(self.dry(program), ["mpirun", "-n", "1", *OPEN_MPI, *words])
        (self.folder / "hosts").write_text("# mine\na\n\n  b:4 # the big one\n")
        self.assertEqual(self.dry("--hosts-file", "hosts", program)[:5], ["mpirun", "--host", "a,b", "-n", "2"])

    def test_jobs_of_schedulers(self):
        program = ["--", "./program"]
        slurm = {"SLURM_JOB_ID": "7", "SLURM_JOB_NUM_NODES": "5"}
        self.assertEqual(self.dry(program, env=slurm), ["srun", "-N", "5", *SRUN, "./program"])
        self.assertEqual(self.dry("--hosts", "a", program, env=slurm), ["srun", "-w", "a", "-N", "1", *SRUN, "./program"])
        self.assertEqual(self.dry(program, env={**slurm, "SLURM_MPI_TYPE": "pmi2"}), ["srun", "-N", "5", *SRUN[:-1], "./program"])
        self.assertEqual(self.dry("--launcher", "mpirun", program, env=slurm), ["mpirun", "-n", "5", *OPEN_MPI, "./program"])
        pbs = {"PBS_NODEFILE": "/nodes"}
        self.assertEqual(self.dry(program, env=pbs), ["mpirun", *OPEN_MPI, "./program"])
        self.assert_one_line(self.cluster("--launcher", "mpirun.mpich", *program, env=pbs))
        (self.bin / "mpirun").unlink()
        self.write("mpirun", LAUNCHER.format(**KINDS["mpirun.mpich"]))
        self.assertEqual(self.dry(program, env=slurm), ["srun", "-N", "5", *SRUN[:-1], "--mpi=pmi2", "./program"])

    def test_slurm_lets_no_rank_run_ahead_within_mpi_init(self):
        def line(launcher, **variables):
            return self.cluster("--hosts", "a", "--launcher", launcher, "--dry-run", "--", "p", env=variables).stdout
        self.assertEqual(line("srun").split()[:2], ["SLURM_PMIX_FENCE=tree", "srun"])
        self.assertEqual(line("srun", SLURM_PMIX_FENCE="ring").split()[0], "srun", "the user has said so")
        self.assertNotIn("SLURM_PMIX_FENCE", line("mpirun"))

    def test_what_goes_along(self):
        done = self.cluster("--hosts", "a", "--silence", "1m", "--dry-run", "--", "p", env={"QUARTET_X": "1", "LD_LIBRARY_PATH": "/l"})
        before, _, after = done.stdout.partition("mpirun ")
        for name in ("PATH", "LD_LIBRARY_PATH", "QUARTET_X", "QUARTET_SILENCE"):
            self.assertIn(f"-x {name} ", after)
        self.assertIn("QUARTET_SILENCE=60 ", before)
        self.assertEqual("OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 " in before, os.geteuid() == 0)
        self.assertNotIn("OMPI_ALLOW", self.cluster("--hosts", "a", "--launcher", "srun", "--dry-run", "--", "p").stdout)
        other = self.cluster("--hosts", "a", "--dry-run", "--", "p", **self.without_privileges())
        self.assertNotIn("OMPI_ALLOW", other.stdout)

    def test_the_line_can_be_pasted(self):
        line = self.cluster("--hosts", "a,b:4", "--dry-run", "--", "sh", "-c", "echo it\\'s \"$QUARTET_WORKERS\"").stdout
        pasted = subprocess.run(["sh", "-c", line], env=self.environment(), capture_output=True, encoding="utf-8", check=True)
        self.assertEqual(sorted(pasted.stdout.splitlines()), ["it's ", "it's 4"])

    def test_workers_of_a_node(self):
        for launcher in KINDS:
            done = self.cluster("--launcher", launcher, "--hosts", "a:2,b,c:3", "--", "sh", "-c", "echo $QUARTET_WORKERS.", env={"NODES": "abc"})
            self.assertEqual((done.returncode, sorted(done.stdout.split())), (0, [".", "2.", "3."]), launcher + done.stderr)

    def test_the_exit_code_is_that_of_rank_0(self):
        for launcher in KINDS:
            for code in (0, 5):
                done = self.cluster("--launcher", launcher, "--hosts", "a,b", "--", "sh", "-c", f"exit {code}")
                self.assertEqual((done.returncode, done.stdout, done.stderr), (code, "", ""), launcher)
        done = self.cluster("--hosts", "a", "--", "sh", "-c", "kill -SEGV $$")
        self.assertEqual(done.returncode, 128 + signal.SIGSEGV)
        self.assert_nothing_left()

    def test_input_and_output(self):
        source = self.folder / "in"
        source.write_text("one\ntwo\n")
        with source.open() as stream:
            done = self.cluster("--hosts", "a", "--", "sh", "-c", "cat; printf 'no end of line' >&2", stdin=stream)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "one\ntwo\n", "no end of line"))

    def test_a_launcher_that_lingers_is_ended(self):
        for how in ({"LINGERS": "1"}, {"LINGERS": "1", "STUBBORN": "1"}):
            done = self.cluster("--hosts", "a,b", "--", "sh", "-c", "exit 5", env=how)
            self.assertEqual(done.returncode, 5, done.stderr)
            self.assert_nothing_left()

    def started_on_both(self, launcher, body):
        """Two ranks that run; they make files when they do."""
        started = self.start("cluster", "--launcher", launcher, "--hosts", "a,b", "--", "bash", "-c", f"trap {body}; touch up.$BASHPID; until [ -e over ]; do sleep 0.05; done")
        self.assertTrue(wait_until(lambda: len(list(self.folder.glob("up.*"))) == 2))
        for file in self.folder.glob("up.*"):
            file.unlink()
        return started

    def test_an_interrupt_reaches_the_program_of_rank_0(self):
        for launcher in KINDS:
            started = self.started_on_both(launcher, "'touch heard.$BASHPID over; exit 7' INT")
            started.send_signal(signal.SIGINT)
            self.assertEqual(started.wait(60), 7, launcher)
            self.assertEqual(len(list(self.folder.glob("heard.*"))), 1, launcher)
            for file in (next(self.folder.glob("heard.*")), self.folder / "over"):
                file.unlink()
            self.assert_nothing_left()

    def test_the_second_interrupt_ends_all(self):
        for launcher in KINDS:
            started = self.started_on_both(launcher, "'' INT TERM")
            started.send_signal(signal.SIGINT)
            self.assertTrue(wait_until(lambda: has_taken(started.pid, signal.SIGINT)))
            time.sleep(0.3)
            self.assertIsNone(started.poll())
            started.send_signal(signal.SIGINT)
            self.assertEqual(started.wait(60), 130, launcher)
            self.assert_nothing_left()

    def test_at_a_terminal(self):
        """What is typed arrives, and Ctrl-C ends the program, not the launcher before it."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)

        def own_terminal():
            os.setsid()
            import fcntl
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        program = "trap 'echo heard; exit 7' INT; read -r word; echo got $word; touch ready; while :; do sleep 0.05; done"
        started = subprocess.Popen([QUARTET, "cluster", "--hosts", "a", "--", "bash", "-c", program], env=self.environment(), cwd=self.folder,
                                   stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=own_terminal)
        self.addCleanup(self.end, started)
        os.close(theirs)
        os.write(ours, b"hello\n")
        self.assertTrue(wait_until((self.folder / "ready").exists))
        os.write(ours, b"\x03")
        out, errors = started.communicate(timeout=60)
        self.assertEqual((started.returncode, out), (7, b"got hello\nheard\n"), errors)

    def test_a_program_that_is_not_there(self):
        self.assert_one_line_says("./nothing is not there on node0 (rank 0)", 127, self.cluster("--hosts", "a", "--", "./nothing"))

    def test_a_host_that_is_not_reached(self):
        done = self.cluster("--hosts", "a,b,c", "--", "true", env={"REFUSES": "1"})
        self.assert_one_line_says("b can't be reached: ssh: connect to host b port 22: Connection refused", 3, done)
        done = self.cluster("--hosts", "a,c", "--", "true", env={"REFUSES": "1"})
        self.assertEqual(done.stderr.count("a page about it\n"), 30)
        self.assertTrue(done.stderr.endswith("quartet cluster: mpirun ended with code 3 and did not begin the program; what it says of it stands above\n"))

    def assert_one_line_says(self, text, code, done):
        self.assert_one_line(done, code)
        self.assertEqual(done.stderr, f"quartet cluster: {text}\n")

    def test_bad_input(self):
        self.assert_one_line_says("nothing to run: give a program after --", 2, self.cluster())
        for hosts, says in (("a,,b", "'' is not a host"), ("-a", "'-a' is not a host"), ("a b", "'a b' is not a host"), ("a:0", "'a:0': behind the colon"),
                            ("a:x", "'a:x': behind the colon"), ("a,b,a:2", "'a' is named twice")):
            done = self.cluster(f"--hosts={hosts}", "--", "p")
            self.assert_one_line(done)
            self.assertIn("--hosts: " + says, done.stderr)
        for more, says in ((["--hosts", "a", "--nodes", "2"], "--nodes: 2 are wanted, and 1 hosts are named"), (["--nodes", "2"], "--hosts does not say which"),
                           (["--hosts-file", "none"], "'none' can't be read"), (["--hosts", "a", "--hosts-file", "b"], "only one of them"),
                           (["--launcher", "true"], "'true' is neither mpirun"), (["--silence", "x"], "--silence: 'x'"), (["--nodes", "0"], "--nodes")):
            done = self.cluster(*more, "--", "p")
            self.assert_one_line(done)
            self.assertIn(says, done.stderr)
        nothing = self.folder / "nothing"
        nothing.mkdir()
        self.assert_one_line_says("nothing is there that starts a program on several machines: mpirun (apt install openmpi-bin)", 2,
                                  self.cluster("--hosts", "a", "--", "p", env={"PATH": str(nothing)}))


if __name__ == "__main__":
    unittest.main()
