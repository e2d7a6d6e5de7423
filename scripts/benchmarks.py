"""The page docs/benchmarks.md: a part for each script that measures, below a mark with its name."""

import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
MARK = re.compile(r"^<!-- (\w+) -->\n", re.MULTILINE)


def write(script: str, lines: list[str]) -> None:
    """Replace the part of this script, or append it; the others stay as they are."""
    title, *rest = MARK.split(PAGE.read_text(encoding="utf-8"))
    parts = dict(zip(rest[::2], rest[1::2], strict=True))
    parts[script] = "\n".join(lines).strip() + "\n"
    page = [title.strip(), *(f"<!-- {name} -->\n{part.strip()}" for name, part in parts.items())]
    PAGE.write_text("\n\n".join(page) + "\n", encoding="utf-8")
