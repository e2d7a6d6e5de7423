"""Writes what the program prints into the docs: `python scripts/docs.py`. A test fails when something is stale."""

import contextlib
import inspect
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Mapping
from functools import cached_property
from inspect import getdoc
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import rooms
from click import Context

import segeval
from segeval.cli import tables as listing
from segeval.cli.loss_table import to_choose_by
from segeval.cli.main import cli
from segeval.errors import Doubt, causes
from segeval.losses import LOSSES
from segeval.metrics import METRICS

ROOT = Path(__file__).parent.parent


def pages() -> dict[str, str]:
    """Every generated page by its path."""
    return {
        **_shown(),
        "DESIGN.md": rooms.written((ROOT / "DESIGN.md").read_text("utf-8")),
        "docs/metrics.md": _metrics(),
        "docs/losses.md": _losses(),
        "docs/numbers.md": _numbers(),
        "docs/profiles.md": _profiles(),
        "docs/formats.md": _page(
            "Formats",
            "The first bytes of a file decide, not its suffix. Integers are labels; floating point is labels (whole\n"
            "numbers only), foreground probability (the truth's shape) or class probabilities (`(C, *spatial)`).\n"
            "With `--multilabel` or `--soft-truth` the truth has a channel for each class too.",
            "formats",
        ),
        "docs/inputs.md": _inputs(),
        "docs/classes.md": _classes(),
        "docs/exit-codes.md": _page(
            "Exit codes", "Several at once: 70, 2, 4, 3, 1 in this order of precedence.", "exit-codes"
        ),
        "docs/errors.md": _errors(),
        "docs/api.md": _api(),
        "docs/cli.md": "# Command line\n\n" + "\n".join(_help(name) for name in ["", *cli.list_commands(Context(cli))]),
    }


def _page(title: str, text: str, table: str) -> str:
    return f"# {title}\n\n{text}\n\n{listing.markdown(listing.TABLES[table]())}\n"


def _classes() -> str:
    """The class tables, then the id maps."""
    text = (
        "`--classes NAME` takes one of these tables; `segeval explain classes.NAME` prints its rows, sources and\n"
        "traps. The void ids are ignored in the truth, no option needed. A name that may stand for several tables is\n"
        "an error that names them: no table is guessed from the values of masks. Facts only: names, ids, colours,\n"
        "groups."
    )
    maps = (
        "`--map pred:NAME` or `--map gt:NAME` translates the ids of one side as its files are read, and is recorded\n"
        "in `run.json`. `segeval explain map.NAME` prints the pairs. A file of your own has a row for each id and\n"
        "what it becomes (CSV), or an object (JSON, TOML); `*` stands for all other ids. Without it, an id\n"
        "that has no row is an error. An ignored id that has no row stays what it is."
    )
    page = _page("Class tables and id maps", text, "classes")
    return f"{page}\n## Id maps\n\n{maps}\n\n{listing.markdown(listing.TABLES['maps']())}\n"


def _in_full(pages: Mapping[str, str]) -> str:
    """Pages as `segeval explain` prints them, each below its name."""
    return "\n".join(f"## {name}\n\n```text\n{page}\n```\n" for name, page in pages.items())


def _metrics() -> str:
    """The table of metrics, then each in full."""
    text = (
        "Each class against all others. `–` (null in JSON, nan in Python) stands for 0/0 and for a class that is not\n"
        "present; means leave it out and say so. A distance is infinite (null with its reason in JSON) where one of\n"
        "the masks is empty. `segeval explain NAME` prints the same."
    )
    pages = {entry.name: listing.metric_page(entry) for entry in METRICS.values()}
    return _page("Metrics", text, "metrics") + "\n" + _in_full(pages)


def _numbers() -> str:
    """The table of means, then the numbers that other programs report too, and those of whole sections, in full."""
    named = listing.explained()
    summary = {name: listing.summary_page(name) for name in named["summary numbers"]}
    told = {name: page for name, page in summary.items() if "in other programs" in page}
    every = {**told, **{name: listing.section_page(name) for name in named["sections"]}}
    text = (
        "Means over classes and images, numbers of all pixels, and those of sections such as `instances` and\n"
        "`calibration`. Those told with `-n` are printed when they are asked for; rules know all of them. Below are\n"
        "those that other programs report too, and the sections; `segeval explain NAME` prints any of them."
    )
    return _page("Numbers of all images", text, "means") + "\n" + _in_full(every)


def _profiles() -> str:
    """The table of profiles, then each in full."""
    names = [name.partition(".")[2] for name in listing.explained()["profiles"]]
    text = (
        "`--profile NAME` (`profile=` in Python) takes the options under which a program or benchmark reports its\n"
        "numbers, prints these in a line of their own, and is recorded in `run.json`. Other options win, and are\n"
        "said. `segeval explain profile.NAME` prints the same."
    )
    return _page("Profiles", text, "profiles") + "\n" + _in_full({name: listing.profile_page(name) for name in names})


def _losses() -> str:
    """The table of losses, then each in full."""
    pages = {entry.name: listing.loss_page(entry) for entry in LOSSES.values()}
    text = (
        "One function, one formula; `segeval explain loss.NAME` prints the same. p is the prediction within [0, 1], g\n"
        "the truth (one-hot for labels), N the pixels that are not ignored. Undefined (0/0) is nan, left out of means\n"
        "and counted. A class is in a mean where truth or prediction holds it."
    )
    choice = (
        "`segeval list losses --long` prints it as paragraphs; words seek in names and use, `--family` and `--input`\n"
        "choose, `--sort` orders. What follows is found by asking each loss at its defaults (a weight it must have is\n"
        "balanced, or a map of ones) about a small binary image: whether it is 0 where the prediction is the truth, a\n"
        "hard one and one between 0 and 1; whether pixels of true background have a gradient, beside foreground\n"
        "and in an image without any; and whether it matters where pixels are (places)."
    )
    choice += " [curves.md](curves.md) shows some of them as curves."
    table = listing.markdown(to_choose_by(LOSSES.values()))
    page = _page("Losses", text, "losses")
    return f"{page}\n## The table to choose by\n\n{choice}\n\n{table}\n\n" + _in_full(pages)


def _errors() -> str:
    """The table of codes, then an anchor for each."""
    parts = [f"## {code}\n\n{getdoc(kind)}\n" for code, kind in causes().items()]
    return _page("Errors and remarks", "`segeval explain CODE` prints the same.", "errors") + "\n" + "\n".join(parts)


def _inputs() -> str:
    """What files are taken for, and each doubt in full."""
    parts = [f"### {code}\n\n{getdoc(kind)}\n" for code, kind in causes().items() if issubclass(kind, Doubt)]
    text = (
        "What an option says is done. Where none says anything, what a file holds decides: first its type and shape,\n"
        "then its values. What has two readings is refused with both ways out, or noted; masks are never resized,\n"
        "clipped or shifted in silence. `segeval list inputs` prints the table, `segeval explain CODE` a code.\n"
        "\n"
        "Integers are labels, whatever they look like; floating point is labels where it is whole, else\n"
        "probabilities. A truth is never a probability without `--soft-truth` or `--truth-threshold`. An option that\n"
        "has no effect on any file is an error (exit code 2) where it was typed, and a note in a configuration or a\n"
        "shard."
    )
    doubts = (
        "These are problems in `segeval check` (exit code 3) and the first notes of `segeval score`, which then ends\n"
        "with 3 only under `--strict`."
    )
    page = _page("Inputs: what files are taken for", text, "inputs")
    return f"{page}\n## When the numbers may mean nothing\n\n{doubts}\n\n" + "\n".join(parts)


def _api() -> str:
    """What `__all__` says of the package and of each of its public rooms."""
    rooms = [segeval, *(room for name in segeval.__all__ if inspect.ismodule(room := getattr(segeval, name)))]
    return (
        "# Python\n\nWhat is public: the names below, and every metric of [metrics.md](metrics.md) and loss of\n"
        "[losses.md](losses.md) as a function of its room, `segeval.metrics.iou`. `import segeval` is enough.\n\n"
        + "\n".join(_room(room) for room in rooms)
    )


def _room(room: ModuleType) -> str:
    names = [name for name in room.__all__ if not inspect.ismodule(getattr(room, name))]
    return f"## {room.__name__}\n\n{getdoc(room)}\n\n" + "\n".join(_public(name, getattr(room, name)) for name in names)


def _public(name: str, what: Any) -> str:
    """One public name: how it is called, and what its docstring says."""
    head = f"{name}{_call(what)}" if inspect.isfunction(what) else name
    return f"### {name}\n\n```text\n{head}\n\n{getdoc(what)}\n{''.join(_members(what))}```\n"


def _members(what: Any) -> list[str]:
    """The methods and properties of a class that say something, each with the first line of it."""
    if not inspect.isclass(what) or issubclass(what, Exception):
        return []
    kinds = property, cached_property, classmethod, FunctionType
    names = [name for name, kind in vars(what).items() if not name.startswith("_") and isinstance(kind, kinds)]
    return [
        f"\n.{name}{_call(member) if callable(member) else ''}\n    {said.splitlines()[0]}\n"
        for name in names
        if (said := getdoc(member := getattr(what, name)))
    ]


def _call(function: Any) -> str:
    """The parameters of a function, without their types."""
    given = inspect.signature(function).parameters.values()
    plain = [each.replace(annotation=inspect.Parameter.empty) for each in given if each.name != "self"]
    return textwrap.fill(str(inspect.Signature(plain)), 110, subsequent_indent="    ", break_on_hyphens=False)


def _shown() -> dict[str, str]:
    """The README and pages with the real output below each `$ segeval …`."""
    texts = {page.relative_to(ROOT).as_posix(): page.read_text("utf-8") for page in [*ROOT.glob("docs/**/*.md")]}
    texts["README.md"] = (ROOT / "README.md").read_text("utf-8")
    return {path: _run(text) for path, text in texts.items() if "```console\n$ segeval" in text}


def _run(text: str) -> str:
    """A page whose commands and Python were run from top to bottom, in a folder with `sample_data` and nothing else."""
    names: dict[str, Any] = {}

    def block(found: re.Match[str]) -> str:
        if found["python"]:
            exec(found["python"], names)
            return found[0]
        return _console(found["command"])

    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        Path("sample_data").symlink_to(ROOT / "sample_data")
        return re.sub(
            r"```(?:console\n\$ (?P<command>.*)\n(?:[^`].*\n|\n)*|python\n(?P<python>(?:.*\n)*?))```", block, text
        )


def _console(command: str) -> str:
    line = re.sub(r"^segeval", f"{sys.executable} -m segeval", command)
    shown = subprocess.run(
        ["sh", "-c", f"exec 2>&1; {line}"],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=_environment(),
        check=False,
    )
    return f"```console\n$ {command}\n{shown.stdout.rstrip()}\n```"


def _environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    return inherited | {"COLUMNS": "80", "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)}


def _help(command: str) -> str:
    words = [word for word in (command, "--help", "all") if word]
    program = [sys.executable, "-m", "segeval", *words]
    text = subprocess.run(program, capture_output=True, check=True, encoding="utf-8", env=_environment()).stdout
    name = " ".join(["segeval", *([command] if command else [])])
    return f"## {name}\n\n```text\n{text.rstrip()}\n```\n"


if __name__ == "__main__":
    for file, text in pages().items():
        (ROOT / file).write_text(text, encoding="utf-8")
