"""The program as its users run it."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

DRIVER = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
{patch}
from segeval.cli.main import main
main()
"""


@pytest.fixture
def start(tmp_path):
    """Start the program as a process of its own, in the test's folder."""
    started = []

    def start(*args, patch="", stdout=subprocess.PIPE, **env):
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SEGEVAL", "GITHUB_"))}
        command = [sys.executable, "-c", DRIVER.format(patch=patch)] if patch else [sys.executable, "-m", "segeval"]
        process = subprocess.Popen(
            [*command, *map(str, args)],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env=inherited | {k: str(v) for k, v in env.items()},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()


@pytest.fixture
def run(start):
    """Run the program as a process of its own; gives (exit code, stdout, stderr), bytes. Never a traceback."""

    def run(*args, traceback=False, **settings):
        process = start(*args, **settings)
        out, err = process.communicate(timeout=30)
        assert (b"Traceback" in err) == traceback, err.decode()
        return process.returncode, out or b"", err

    return run


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    """Run the program inside the test, in the test's folder; the result has exit_code, stdout and stderr."""
    from segeval.cli.main import cli

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGEVAL_DEBUG", "")
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "CI"):
        monkeypatch.delenv(name, raising=False)

    def invoke(*args):
        result = CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="segeval")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return invoke


@pytest.fixture
def inside(invoke):
    """As `run`, but inside the test: quicker, for what does not depend on a process of its own."""

    def inside(*args):
        result = invoke(*args)
        return result.exit_code, result.stdout_bytes, result.stderr_bytes

    return inside


@pytest.fixture
def masks(save):
    """Save pairs of 8-bit masks: `masks(a=(pred rows, truth rows))`."""

    def masks(**pairs):
        for name, (pred, truth) in pairs.items():
            for side, rows in (("pred", pred), ("truth", truth)):
                if rows is not None:
                    save(f"{side}/{name}.png", np.array(rows, np.uint8, order="C"))

    return masks
