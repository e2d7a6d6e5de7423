"""Two programs that write into one folder: the second is refused before any work, and the first is not disturbed."""

import time

import pytest
from support.patches import swapped

# The first program stops at the first file that it reads, until it is told to go on.
WAITS = swapped(
    "segeval.io:read",
    """
import os, time
def new(*args):
    open("reading", "w").close()
    while not os.path.exists("go"):
        time.sleep(0.01)
    return real(*args)
""",
)


@pytest.mark.parametrize(
    "args",
    [
        ["score", "pred", "truth"],
        ["losses", "pred", "truth", "--binary", "--losses", "dice", "--steps", "1"],
        ["losses", "pred", "truth", "--binary", "--losses", "dice", "--steps", "1", "--maps", "out"],
        ["weightmap", "truth", "-j", "1"],
    ],
)
def test_two_writers(start, invoke, masks, tmp_path, args):
    masks(a=([[0, 1]], [[1, 1]]))
    first = start(*args, "-o", "out", patch=WAITS)
    deadline = time.monotonic() + 20
    while not (tmp_path / "reading").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    for second in (args, ["score", "pred", "truth", "--force"]):
        result = invoke(*second, "-o", "out")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("Error: SEG107 another segeval writes into ")
    (tmp_path / "go").touch()
    _, err = first.communicate(timeout=30)
    assert (first.returncode, b"Error" in err) == (0, False)
    assert invoke(*args, "-o", "out").exit_code == 0
