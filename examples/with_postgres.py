#!/usr/bin/env python3
"""Runs a command with a PostgreSQL server of its own, which ends with it.

    with_postgres.py COMMAND [ARGUMENT...]

{postgres} in an argument stands for what libpq takes for a connection to it. The server keeps its data in a
temporary folder and listens on a socket there, so any number of them may run.
"""
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys
import tempfile


def newest_programs():
    """The folder with initdb and postgres: Debian has one for each version, not in PATH."""
    known = pathlib.Path("/usr/lib/postgresql").glob("*/bin")
    versions = sorted(known, key=lambda each: [int(n) for n in re.findall(r"\d+", each.parent.name)])
    if versions:
        return versions[-1]
    found = shutil.which("initdb")
    if not found:
        sys.exit("PostgreSQL is not installed: its package is 'postgresql'")
    return pathlib.Path(found).parent


def main():
    programs = newest_programs()
    with tempfile.TemporaryDirectory(prefix="quartet-postgres-") as folder:
        data = f"{folder}/data"
        user = {}
        if os.geteuid() == 0:  # it refuses to run as root
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            user = {"user": "postgres", "group": owner.pw_gid, "extra_groups": []}
        os.chmod(folder, 0o755)

        def run(*command):
            ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder, **user)
            if ended.returncode != 0:
                sys.exit(f"{command[0]} failed:\n{ended.stdout}")

        run(programs / "initdb", "--pgdata", data, "--username", "postgres", "--auth", "trust", "--no-sync", "--no-locale")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c unix_socket_permissions=0777 -c fsync=off"
        control = [programs / "pg_ctl", "--pgdata", data, "--wait", "--timeout", "300"]
        run(*control, "--log", f"{folder}/log", "--options", options, "start")
        try:
            command = [each.replace("{postgres}", f"host={folder} user=postgres") for each in sys.argv[1:]]
            code = subprocess.run(command).returncode
        finally:
            run(*control, "--mode", "immediate", "stop")
    sys.exit(code)


main()
