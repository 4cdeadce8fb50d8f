"""A private PostgreSQL server for the tests of database sources; skipped with a reason where none is installed."""

import os
import shutil
import socket
import subprocess
import tempfile
from glob import glob
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("core", deadline=None, max_examples=50)  # no timing asserts, here either
settings.load_profile("core")


def _binary(name):
    found = sorted(glob(f"/usr/lib/postgresql/*/bin/{name}")) or [shutil.which(name)]
    return found[-1]


def _as_server_user(command):
    """PostgreSQL refuses to run as root: root hands over to the user postgres."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def postgres_url():
    """URL of an empty database on a server that lives as long as the tests."""
    initdb, control = _binary("initdb"), _binary("pg_ctl")
    if not initdb or not control:
        pytest.skip("PostgreSQL is not installed (initdb and pg_ctl not found)")
    if os.geteuid() == 0 and not shutil.which("runuser"):
        pytest.skip("PostgreSQL does not run as root, and runuser is not installed")
    folder = Path(tempfile.mkdtemp(prefix="segkit-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    port, data = _free_port(), folder / "data"
    password = folder / "password"
    password.write_text("s3cret/word")
    password.chmod(0o644)

    def run(*command):
        return subprocess.run(_as_server_user(command), check=True, capture_output=True, timeout=60, cwd=folder)

    try:
        run(initdb, "-D", str(data), "-U", "segkit", "-A", "scram-sha-256", f"--pwfile={password}", "-E", "UTF8")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        run(control, "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, FileNotFoundError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"PostgreSQL does not start here: {error} {getattr(error, 'stderr', b'')!r}")
    yield f"postgresql://segkit:s3cret%2Fword@127.0.0.1:{port}/postgres"
    run(control, "-D", str(data), "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)
