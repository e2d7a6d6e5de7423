"""What benchmarks share: times, peaks of memory, and pages such as docs/benchmarks.md.

A page has a part for each script, below a mark with its name.
"""

import re
import time
import tracemalloc
from collections.abc import Callable, Mapping
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
MARK = re.compile(r"^<!-- (\w+) -->\n", re.MULTILINE)


def write(script: str, lines: list[str], page: Path = PAGE) -> None:
    """Replace the part of this script, or append it; the others stay as they are."""
    title, *rest = MARK.split(page.read_text(encoding="utf-8"))
    parts = dict(zip(rest[::2], rest[1::2], strict=True))
    parts[script] = "\n".join(lines).strip() + "\n"
    whole = [title.strip(), *(f"<!-- {name} -->\n{part.strip()}" for name, part in parts.items())]
    page.write_text("\n\n".join(whole) + "\n", encoding="utf-8")


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def best(timed: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The shortest time of each, measured in turn."""
    runs = [{name: seconds(function) for name, function in timed.items()} for _ in range(rounds)]
    return {name: min(run[name] for run in runs) for name in timed}


def peak(function: Callable[[], object]) -> float:
    """MB that NumPy and Python allocate at most, above what was there before."""
    tracemalloc.start()
    function()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found / 1e6
