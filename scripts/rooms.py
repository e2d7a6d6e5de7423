"""The rooms of the package and the way of a pair through them, drawn from the code: the picture in DESIGN.md.

Rooms and arrows are read from the imports, the way from the calls that scoring one pair of masks really makes.
`scripts/docs.py` writes it.
"""

import ast
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "segeval"
START, END = "<!-- rooms -->", "<!-- /rooms -->"


def room_of(path: Path) -> str:
    """The room that a module stands in: its folder, or itself."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module with its room, but for those that only name others."""
    for path in sorted(PACKAGE.rglob("*.py")):
        room = room_of(path)
        if room not in ("__init__", "__main__"):
            yield room, ast.parse(path.read_text("utf-8"))


def imports(tree: ast.Module, rooms: set[str]) -> Iterator[str]:
    """The rooms that a module imports from."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "segeval" and len(parts) > 1 and parts[1] in rooms:
                yield parts[1]


def arrows() -> dict[str, set[str]]:
    """For each room those that it imports from."""
    found = list(modules())
    rooms = {room for room, _ in found}
    known: dict[str, set[str]] = {room: set() for room in rooms}
    for room, tree in found:
        known[room] |= set(imports(tree, rooms)) - {room}
    return known


def beyond(room: str, known: dict[str, set[str]]) -> set[str]:
    """All rooms that a room reaches, by however many steps."""
    reached: set[str] = set()
    waiting = [room]
    while waiting:
        for other in known[waiting.pop()] - reached:
            reached.add(other)
            waiting.append(other)
    return reached


def graph() -> str:
    """The rooms and their arrows as Mermaid draws them; an arrow that others imply is left out."""
    known = arrows()
    folders = sorted(room for room in known if PACKAGE.joinpath(room).is_dir())
    lines = ["```mermaid", "graph BT", *(f"    {room}[{room}/]" for room in folders)]
    for room in folders:
        others = known[room] & set(folders)
        implied = {far for other in others for far in beyond(other, known) if other != far}
        lines += [f"    {room} --> {other}" for other in sorted(others - implied)]
    stones = ", ".join(f"`{room}`" for room in sorted(known.keys() - set(folders)))
    return "\n".join([*lines, "```", "", f"Stones that everybody may stand on: {stones}."])


def way() -> list[str]:
    """The calls between modules that one pair of label masks makes from `measure` to its record, in their order."""
    from segeval.evaluate.measure import find_pairs, measure
    from segeval.run.options import Options

    options = Options.of(num_classes=3)
    with tempfile.TemporaryDirectory() as place:
        for side, shift in (("pred", 0), ("truth", 1)):
            Path(place, side).mkdir()
            labels = np.kron((np.arange(12).reshape(3, 4) + shift) % 3, np.ones((4, 5), int)).astype(np.uint8)
            np.save(Path(place, side, "a.npy"), labels)
        (pair,) = find_pairs(f"{place}/pred", f"{place}/truth", options.layout).pairs
        measure(pair, options)  # what is imported or kept is not looked at
        calls: list[tuple[str, str]] = []

        def note(frame: FrameType, event: str, _: Any) -> None:
            here, above = (Path(f.f_code.co_filename) if f else Path() for f in (frame, frame.f_back))
            if event == "call" and PACKAGE in here.parents and PACKAGE in above.parents and here != above:
                calls.append((_module(above), _module(here)))

        sys.setprofile(note)
        try:
            measure(pair, options)
        finally:
            sys.setprofile(None)
    return [f"{caller} → {called}" for caller, called in calls]


def _module(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def page() -> str:
    """The part of DESIGN.md."""
    steps = way()
    first = list(dict.fromkeys(step.split(" → ")[1] for step in steps))
    told = f"A pair of masks makes {len(steps)} calls between modules on its way from `measure` to its record:"
    return "\n".join([START, "", graph(), "", told, " → ".join(f"`{each}`" for each in first) + ".", "", END])


def written(text: str) -> str:
    """The page with its part made anew."""
    head, _, rest = text.partition(START)
    return head + page() + rest.partition(END)[2]


if __name__ == "__main__":
    print(page())
