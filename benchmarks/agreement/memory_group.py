"""A control group (cgroup, version 1 or 2) for one run: the kernel keeps the most memory that its processes held."""

import os
import pathlib
import time

V1 = pathlib.Path("/sys/fs/cgroup/memory")
V2 = pathlib.Path("/sys/fs/cgroup")


class MemoryGroup:
    """Needs the right to make control groups; OSError without it."""

    def __enter__(self):
        name = f"quartet-benchmark-{os.getpid()}"
        first = (V1 / "memory.max_usage_in_bytes").exists()
        self.folder, self.file = (V1 / name, "memory.max_usage_in_bytes") if first else (V2 / name, "memory.peak")
        self.folder.mkdir()
        return self

    def __exit__(self, *_):
        for _ in range(100):
            try:
                return self.folder.rmdir()
            except OSError:
                time.sleep(0.05)  # the processes in it have not quite ended

    def enter(self):
        """Moves the calling process into the group: for a child, between fork and exec."""
        (self.folder / "cgroup.procs").write_text(str(os.getpid()))

    def peak(self):
        return int((self.folder / self.file).read_text())
