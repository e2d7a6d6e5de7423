"""Where a verdict is shown besides stdout: files that were asked for, and what GitHub Actions reads."""

import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from segeval.errors import BadOption, BadOutput, BadReport
from segeval.text import safe_text

_FILES = ("junit", "markdown", "openmetrics")


@dataclass(frozen=True)
class Shown:
    """The options that say where a verdict is shown."""

    junit: str | None
    markdown: str | None
    openmetrics: str | None
    name: str
    as_json: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9._-]+", self.name):
            raise BadOption(f"--name is {self.name!r}", "letters, digits, '.', '_' and '-' are enough")
        for option, place in self.files.items():
            check_place(option, place)
        if len({os.path.realpath(place) for place in self.files.values()}) < len(self.files):
            raise BadReport("two reports have the same file", "give each a file of its own")

    @property
    def files(self) -> dict[str, str]:
        """The file of each report that was asked for."""
        return {option: place for option in _FILES if (place := getattr(self, option)) is not None}

    def check_asked(self, ctx: click.Context, judged: bool) -> None:
        """Refuse reports that would stay away, unless it is only the configuration that names them."""
        for option in self.files:
            if not judged and ctx.get_parameter_source(option) is click.core.ParameterSource.COMMANDLINE:
                raise BadReport(f"--{option}, and there is no rule to judge by", "give -r RULE")

    def spare(self, runs: Iterable[str | None], folders: Iterable[str] = ()) -> None:
        """Refuse to write over runs or into folders of masks."""
        spare(self.files, runs, folders)

    def write(self, document: dict[str, Any], run: Mapping[str, Any]) -> None:
        """Write the files, then what GitHub Actions reads, if it is there."""
        for option, place in self.files.items():
            save(option, place, _made(option, document, run, self.name))
        if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
            _summarize(summary, document, self.name)
        if os.environ.get("GITHUB_ACTIONS") == "true":
            from segeval.report.ci.annotations import annotations

            sys.stdout.flush()
            click.echo(annotations(document, self.name), err=True, nl=False)


def spare(places: Mapping[str, str], runs: Iterable[str | None], folders: Iterable[str] = ()) -> None:
    """Refuse the places that options name where they would be written over runs or into folders of masks."""
    files = {path for run in runs if run for path in _files_of(run)}
    roots = {os.path.realpath(folder) for folder in folders}
    for option, place in places.items():
        path = Path(os.path.realpath(place))
        if str(path) in files or not roots.isdisjoint(map(str, path.parents)):
            raise BadReport(f"--{option} {place} belongs to the input", "choose another file")


def check_place(option: str, place: str) -> None:
    """Refuse what can never be a report; a device would be replaced by a file."""
    path = Path(place)
    if "\0" in place or (path.exists() and not path.is_file()):
        raise BadReport(f"--{option} {place!r} is no file", "give the name of a file, new or old")


def _files_of(run: str) -> Iterable[str]:
    """The files of a stored run, there or not."""
    from segeval.run.folder import FILES
    from segeval.run.stored import run_file

    path = run_file(run)
    return (os.path.realpath(each) for each in (path, *map(path.with_name, FILES)))


def _made(option: str, document: dict[str, Any], run: Mapping[str, Any], name: str) -> str:
    """The text of a report."""
    from segeval.report.ci.markdown import markdown

    if option == "junit":
        from segeval.report.ci.junit import junit

        return junit(document, name)
    if option == "openmetrics":
        from segeval.report.ci.openmetrics import openmetrics

        return openmetrics(run, document)
    return markdown(document, name)


def save(option: str, place: str, text: str) -> None:
    """Write a report where an option says."""
    from segeval.io.write import save

    try:
        save(Path(place), text.encode())
    except BadOutput as fault:
        raise BadReport(f"--{option}: {fault.message}", "choose another file") from fault


def _summarize(place: str, document: dict[str, Any], name: str) -> None:
    """Add the verdict to the summary of the step; nobody asked for it by an option, so that a failure is only told."""
    from segeval.io.write import append
    from segeval.report.ci.markdown import SUMMARY, markdown

    try:
        append(Path(place), SUMMARY, lambda room: markdown(document, name, room))
    except BadOutput as fault:
        click.echo(safe_text(f"Note: no summary of the step: {fault.message}"), err=True)
