"""Runs docs/notebook.ipynb and compares what it prints with what is stored: `python scripts/notebook.py`.

With `--write` the outputs are stored anew. They are kept because people read the notebook where nobody runs it, and are
the same each time, without times and places; pictures, whose bytes are those of a version of matplotlib, are not
compared.
"""

import difflib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent.parent / "docs" / "notebook.ipynb"
_PICTURES = ("image/png", "image/svg+xml")


def executed(path: Path) -> Any:
    """The notebook with the outputs of a run from its first cell to the last."""
    notebook = nbformat.read(path, as_version=4)
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    os.environ |= {"PYTHONUTF8": "1", "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}  # not the version of who ran it
    return notebook


def said(notebook: Any) -> list[str]:
    """Every line that its cells print, and that there is a picture."""
    return [
        f"cell {number}: {line}"
        for number, cell in enumerate(notebook.cells)
        for output in cell.get("outputs", ())
        for line in _lines(output)
    ]


def _lines(output: Any) -> Iterator[str]:
    """What an output says, of a run also its table."""
    data = output.get("data", {"text/plain": output.get("text", "")})
    if set(_PICTURES) & data.keys():
        yield "(a picture)"
        return
    yield from data["text/plain"].splitlines()
    if data["text/plain"].startswith("<Run"):
        yield data["text/html"]


def main() -> int:
    stored, now = nbformat.read(NOTEBOOK, as_version=4), executed(NOTEBOOK)
    if "--write" in sys.argv[1:]:
        nbformat.write(now, NOTEBOOK)
        return 0
    differences = list(difflib.unified_diff(said(stored), said(now), "stored", "now", lineterm=""))
    print("\n".join(differences) or f"{NOTEBOOK.name} prints what is stored")
    return int(bool(differences))


if __name__ == "__main__":
    sys.exit(main())
