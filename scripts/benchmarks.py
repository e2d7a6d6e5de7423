"""Pages that scripts write, such as docs/benchmarks.md: a part for each, below a mark with its name."""

import re
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
