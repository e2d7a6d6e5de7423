"""Workflow commands of GitHub Actions, which show checks beside the changes."""

from collections.abc import Iterable

from segeval.report.ci.severity import ERROR, PASS, WARNING, standing, told
from segeval.report.verdict import Document
from segeval.text import counted, safe_text, some

MOST = 9  # of each kind; GitHub shows 10 for a step


def annotations(document: Document, name: str) -> str:
    """`::error` for what stops the pipeline and `::warning` for what is worth a look, one line each."""
    lines: dict[str, list[str]] = {ERROR: [], WARNING: []}
    if document["failed"]:
        what = f"{counted(len(document['failed']), 'image')} not scored: {some(document['failed'])}"
        lines[ERROR].append(_command(ERROR, f"segeval {name}: inputs", what))
    for ruling in document["rules"]:
        for check in ruling["checks"]:
            if (found := standing(document, ruling, check)) != PASS:
                lines[found].append(_command(found, f"segeval {name}: {check['number']}", told(check)))
    return "".join(f"{line}\n" for kind, every in lines.items() for line in _capped(kind, every, name))


def _capped(kind: str, lines: list[str], name: str) -> Iterable[str]:
    """The first of them, and how many there are besides."""
    yield from lines[:MOST]
    if len(lines) > MOST:
        yield _command("notice", f"segeval {name}", f"and {counted(len(lines) - MOST, f'more {kind}')}")


def _command(kind: str, title: str, text: str) -> str:
    """A command of one line, whatever the names in it are."""
    return f"::{kind} title={_data(title).replace(':', '%3A').replace(',', '%2C')}::{_data(text)}"


def _data(text: str) -> str:
    """Text after the last colons of a command."""
    return safe_text(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
