"""Nothing that lies in the working directory is ever run, whatever it is called."""

import importlib.metadata
import os
import subprocess
import sys

import numpy as np
import pytest

CANARY = "import os\nopen(os.path.join(os.path.dirname(__file__), 'sprung'), 'a').write(__name__ + '\\n')\n"
SCRIPT = "import sys\nfrom segeval.cli.main import main\nif __name__ == '__main__':\n    sys.exit(main())\n"

COMMANDS = [
    ["weightmap", "masks", "-o", "weights", "-j", "2", "--preview"],
    ["score", "masks", "truth", "--num-classes", "3", "-j", "2", "-o", "again", "--losses", "all"],
    ["losses", "masks", "truth", "--num-classes", "3", "-j", "2", "-o", "study", "--losses", "dice"],
    ["check", "masks", "truth", "-j", "2"],
    ["gate", "run", "-r", "miou_dataset >= 0.01"],
]


@pytest.fixture(scope="module")
def trap(tmp_path_factory):
    """A working directory with masks, a run, and modules named like all that we import; gives how to run there."""
    place = tmp_path_factory.mktemp("trap")
    for side in ("masks", "truth"):
        (place / side).mkdir()
        for n in range(5):  # as many masks as make processes worth their start
            np.save(place / side / f"{n}.npy", np.eye(9, dtype=np.uint8) * (n % 3))
    script = place / "elsewhere/segeval-script.py"  # as an installed program is: its own folder comes first
    script.parent.mkdir()
    script.write_text(SCRIPT)

    def run(*args):
        env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "SEGEVAL", "GITHUB_"))}
        command = [sys.executable, script, *args]
        done = subprocess.run(command, cwd=place, env=env, capture_output=True, text=True, timeout=60)
        return done.returncode, (place / "sprung").read_text() if (place / "sprung").exists() else ""

    assert run("score", "masks", "truth", "--num-classes", "3", "-o", "run") == (0, "")
    for name in sys.stdlib_module_names | importlib.metadata.packages_distributions().keys():
        if name.isidentifier():
            (place / f"{name}.py").write_text(CANARY)
    return run


@pytest.mark.slow
@pytest.mark.parametrize("args", COMMANDS, ids=lambda args: args[0])
def test_nothing_in_the_working_directory_is_imported(trap, args):
    """Neither by the program nor by the processes that it starts."""
    assert trap(*args) == (0, "")
