"""Runs the programs that the pages of docs/from come from, and writes both numbers side by side into these pages.

    python scripts/coming_from.py [--python PYTHON] [--only NAME] [--write]

Each page has a block `py` of theirs that prints a name and a value a line, a command of ours, and a table that pairs
the names. PYTHON is an interpreter where the other programs are installed; those that it lacks keep their numbers. The
tests compute our numbers anew, and need none of these programs.
"""

import argparse
import datetime
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from segeval.cli.main import cli

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "from"
PACKAGES = {  # of each page, in the words of the package index
    "torchmetrics": "torchmetrics",
    "sklearn": "scikit-learn",
    "monai": "monai",
    "nnunet": "nnunetv2",
    "mmseg": "mmsegmentation",
    "cityscapes": "cityscapesScripts",
    "ultralytics": "ultralytics",
}
TABLE = re.compile(r"<!-- both -->\n(.*?)<!-- /both -->", re.DOTALL)
HEAD = "| there | here | options | value there | value here |\n|---|---|---|---|---|\n"


@dataclass(frozen=True)
class Row:
    """A number there, the same here, and the options that it takes here beside those of the command."""

    there: str
    here: str
    options: str
    theirs: str
    ours: str

    def written(self) -> str:
        options = f"`{self.options}`" if self.options else ""
        return f"| `{self.there}` | `{self.here}` | {options} | {self.theirs} | {self.ours} |\n"


def rows(page: str) -> list[Row]:
    """The table of a page."""
    found = TABLE.search(page)
    assert found
    lines = [line for line in found[1].splitlines() if line.startswith("|")][2:]
    return [Row(*(cell.strip().strip("`") for cell in line.strip("|").split("|"))) for line in lines]


def ours(page: str, row: Row) -> float:
    """What the command of a page gives for a row."""
    (command,) = re.findall(r"^\$ segeval (score .*)$", page, re.MULTILINE)
    words = shlex.split(command.partition(" | ")[0].removesuffix(" -o out"))
    done = CliRunner().invoke(cli, [*words, *shlex.split(row.options), "--format", "json", "--isolated"])
    assert done.exit_code == 0, done.output
    value = json.loads(done.stdout)["summary"][row.here]
    assert isinstance(value, float)
    return value


def theirs(page: str, python: str) -> dict[str, float]:
    """What the block of a page prints, run from the command line as it stands."""
    (block,) = re.findall(r"^```py\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    command = [python, "-W", "ignore", "-c", block]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    pairs = (line.rpartition(" ") for line in done.stdout.splitlines() if re.search(r" [0-9.]+(e-?\d+)?$", line))
    return {name: float(value) for name, _, value in pairs}


def version(package: str, python: str) -> str | None:
    """That of a package that the interpreter has."""
    command = [python, "-c", f"import importlib.metadata as m; print(m.version({package!r}))"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    return done.stdout.strip() if done.returncode == 0 else None


def written(name: str, page: str, python: str) -> str:
    """The page with both numbers anew."""
    installed = version(PACKAGES[name], python)
    if installed is None:
        print(f"not installed: {PACKAGES[name]}")
        return page
    found = theirs(page, python)
    told = [Row(r.there, r.here, r.options, f"{found[r.there]:.10g}", f"{ours(page, r):.10g}") for r in rows(page)]
    for row in told:
        print(f"{name}: {row.there} {row.theirs}, here {row.here} {row.ours}")
    said = f"{PACKAGES[name]} {installed}, run on {datetime.date.today()} by `scripts/coming_from.py`."
    table = HEAD + "".join(row.written() for row in told)
    return TABLE.sub(lambda _: f"<!-- both -->\n{table}\n{said}\n<!-- /both -->", page)


def asked(arguments: list[str]) -> Iterator[tuple[Path, str]]:
    """The pages, and what becomes of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--only", choices=PACKAGES, action="append")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(arguments)
    for name in options.only or PACKAGES:
        path = PAGES / f"{name}.md"
        text = written(name, path.read_text(encoding="utf-8"), options.python)
        if options.write:
            yield path, text


if __name__ == "__main__":
    for path, text in asked(sys.argv[1:]):
        path.write_text(text, encoding="utf-8")
