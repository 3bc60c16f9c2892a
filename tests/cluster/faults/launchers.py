"""What starts a program on three machines: the lines that docs/testing.md has, and `quartet cluster` above each launcher."""

import os
import shutil

from hosts import MACHINES

QUARTET = os.environ["QUARTET"]


class Launcher:
    """`mpi` is whose MPI it starts, `slurm` whether Slurm has to be there, `goes_on` after which losses of a whole machine
    the launcher lets the others go on: else it may end the job, and all that can be asked is that nothing is left."""

    def __init__(self, name, words, mpi, slurm=False, goes_on=()):
        self.name, self.words, self.mpi, self.slurm, self.goes_on = name, words, mpi, slurm, goes_on
        self.is_tool = name.startswith("tool_")

    def line(self, program, silence, workers=None):
        """The command, and what its environment has beside ours. `workers`: a number for each machine."""
        variables = {"QUARTET_SILENCE": str(silence)}
        if not self.slurm and self.mpi == "openmpi":
            variables |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        if self.slurm:
            variables |= {"SLURM_MPI_TYPE": "pmix", "SLURM_PMIX_FENCE": "tree"} if self.mpi == "openmpi" else {"SLURM_MPI_TYPE": "pmi2"}
        return [*self.words(workers), *program], variables

    def missing(self):
        """Why it can't be tested here; nothing if it can."""
        of_mpi = {"openmpi": "mpirun.openmpi", "mpich": "mpirun.mpich"}[self.mpi]
        if not shutil.which(of_mpi):
            return f"{of_mpi} is not installed"
        if self.slurm and not (shutil.which("srun") and shutil.which("slurmd", path=os.environ["PATH"] + ":/usr/sbin")):
            return "there is no Slurm (slurm-wlm, munge)"
        return None


def openmpi(_):
    return ["mpirun.openmpi", "--host", ",".join(MACHINES), "-n", "3", "--map-by", "ppr:1:node", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1",
            "--enable-recovery", "-x", "QUARTET_SILENCE"]


def mpich(_):
    return ["mpirun.mpich", "-hosts", ",".join(MACHINES), "-n", "3", "-ppn", "1", "-bind-to", "none", "-disable-auto-cleanup"]


def srun(_):
    return ["srun", "-N", "3", "--ntasks-per-node=1", "--cpu-bind=none", "--no-kill", "--kill-on-bad-exit=0"]


def tool(launcher):
    def words(workers):
        hosts = [f"{name}:{workers[name]}" if workers else name for name in MACHINES]
        return [QUARTET, "cluster", "--launcher", launcher, "--hosts", ",".join(hosts), "--"]
    return words


LAUNCHERS = [
    Launcher("openmpi", openmpi, "openmpi"),
    Launcher("mpich", mpich, "mpich", goes_on=("cut",)),
    Launcher("srun_pmix", srun, "openmpi", slurm=True, goes_on=("cut", "crash", "kill")),
    Launcher("srun_pmi2", srun, "mpich", slurm=True, goes_on=("cut", "crash", "kill")),
    Launcher("tool_openmpi", tool("mpirun.openmpi"), "openmpi"),
    Launcher("tool_mpich", tool("mpirun.mpich"), "mpich", goes_on=("cut",)),
    Launcher("tool_srun_pmix", tool("srun"), "openmpi", slurm=True, goes_on=("cut", "crash", "kill")),
    Launcher("tool_srun_pmi2", tool("srun"), "mpich", slurm=True, goes_on=("cut", "crash", "kill")),
]
