"""An nginx of our own on a free loopback port, with one page of 15,000 bytes."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

PAGE_BYTES = 15_000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_listening(port, process):
    for _ in range(100):
        if process.poll() is not None:
            raise RuntimeError(f"nginx ended with exit code {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError("nginx does not listen")


@contextlib.contextmanager
def nginx():
    """Gives the URL of the page while nginx runs; ends it and removes its folder afterwards."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="quartet-nginx-"))
    process = None
    try:
        folder.chmod(0o755)  # the worker may run as another user
        (folder / "pages").mkdir()
        (folder / "pages" / "page").write_bytes(b"x" * PAGE_BYTES)
        port = free_port()
        template = (pathlib.Path(__file__).parent / "fetch" / "nginx.conf.in").read_text()
        config = folder / "nginx.conf"
        config.write_text(template.replace("@FOLDER@", str(folder)).replace("@PORT@", str(port)))
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        process = subprocess.Popen([binary, "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")])
        wait_until_listening(port, process)
        yield f"http://127.0.0.1:{port}/page"
    finally:
        if process is not None:
            process.terminate()
            process.wait(timeout=10)
        shutil.rmtree(folder, ignore_errors=True)
