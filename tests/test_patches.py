"""A patch that would have no effect is an error."""

import subprocess
import sys

import pytest
from support.patches import signalled, swapped


def test_a_place_that_is_not_there():
    with pytest.raises(AttributeError, match="no_such"):
        swapped("segeval.io.write:no_such", "def new(): pass")
    with pytest.raises(AttributeError, match="no_such"):
        signalled("segeval.io.journal:Journal.no_such", 1, "SIGKILL")


def test_what_a_patch_does():
    """The new one may call the real one; a signal comes at its call and not before."""
    louder = swapped("os.path:basename", "def new(path): return real(path).upper()") + "import os\n"
    done = subprocess.run([sys.executable, "-c", f"{louder}print(os.path.basename('a/b'))"], capture_output=True)
    assert done.stdout == b"B\n"
    third = signalled("os.path:basename", 3, "SIGTERM")
    lines = "".join(f"print(os.path.basename('a/{n}'), flush=True)\n" for n in range(4))
    done = subprocess.run([sys.executable, "-c", third + lines], capture_output=True)
    assert (done.returncode, done.stdout) == (-15, b"0\n1\n")
