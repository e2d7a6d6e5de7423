"""Writes what the program prints into the docs: `python scripts/docs.py`. A test fails when something is stale."""

import os
import re
import subprocess
import sys
from inspect import getdoc
from pathlib import Path

from click import Context

from segeval.cli import listing
from segeval.cli.main import cli
from segeval.errors import causes
from segeval.losses import LOSSES

ROOT = Path(__file__).parent.parent


def pages() -> dict[str, str]:
    """Every generated page by its path."""
    return {
        "README.md": _readme(),
        "docs/metrics.md": _page(
            "Metrics",
            "Each class against all others, from its pixel counts. `–` (null in JSON, nan in Python) stands for 0/0\n"
            "and for a class that is not present; means leave it out and say so. `segeval explain NAME` prints more.",
            "metrics",
        ),
        "docs/losses.md": _losses(),
        "docs/formats.md": _page(
            "Formats",
            "The first bytes of a file decide, not its suffix. Integers are labels; floating point is labels (whole\n"
            "numbers only), foreground probability (the truth's shape) or class probabilities (`(C, *spatial)`).\n"
            "With `--multilabel` or `--soft-truth` the truth has a channel for each class too.",
            "formats",
        ),
        "docs/exit-codes.md": _page(
            "Exit codes", "Several at once: 70, 2, 4, 3, 1 in this order of precedence.", "exit-codes"
        ),
        "docs/errors.md": _errors(),
        "docs/cli.md": "# Command line\n\n" + "\n".join(_help(name) for name in ["", *cli.list_commands(Context(cli))]),
    }


def _page(title: str, text: str, table: str) -> str:
    return f"# {title}\n\n{text}\n\n{listing.markdown(listing.TABLES[table]())}\n"


def _losses() -> str:
    """The table of losses, then each in full."""
    parts = [f"## {entry.name}\n\n```text\n{listing.loss_page(entry)}\n```\n" for entry in LOSSES.values()]
    text = (
        "One function, one formula; `segeval explain loss.NAME` prints the same. p is the prediction within [0, 1], g\n"
        "the truth (one-hot for labels), N the pixels that are not ignored. Undefined (0/0) is nan, left out of means\n"
        "and counted. A class is in a mean where truth or prediction holds it."
    )
    return _page("Losses", text, "losses") + "\n" + "\n".join(parts)


def _errors() -> str:
    """The table of codes, then an anchor for each."""
    parts = [f"## {code}\n\n{getdoc(kind)}\n" for code, kind in causes().items()]
    return _page("Errors and remarks", "`segeval explain CODE` prints the same.", "errors") + "\n" + "\n".join(parts)


def _readme() -> str:
    """The README with the real output below each `$ segeval …`."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.sub(r"```console\n\$ (.*)\n(?:[^`].*\n|\n)*```", lambda found: _console(found[1]), text)


def _console(command: str) -> str:
    line = re.sub(r"^segeval", f"{sys.executable} -m segeval", command)
    shown = subprocess.run(
        ["sh", "-c", f"exec 2>&1; {line}"],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=_environment(),
        cwd=ROOT,
        check=False,
    )
    return f"```console\n$ {command}\n{shown.stdout.rstrip()}\n```"


def _environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    return inherited | {"COLUMNS": "80", "PYTHONUTF8": "1"}


def _help(command: str) -> str:
    words = [word for word in (command, "--help") if word]
    program = [sys.executable, "-m", "segeval", *words]
    text = subprocess.run(program, capture_output=True, check=True, encoding="utf-8", env=_environment()).stdout
    name = " ".join(["segeval", *([command] if command else [])])
    return f"## {name}\n\n```text\n{text.rstrip()}\n```\n"


if __name__ == "__main__":
    for file, text in pages().items():
        (ROOT / file).write_text(text, encoding="utf-8")
