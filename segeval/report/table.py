"""Tables for people: rich on a terminal, aligned plain text elsewhere."""

from dataclasses import replace
from typing import TextIO

from segeval.report import Document
from segeval.report.sections import Table, sentences, shown, tables
from segeval.text import clipped, columns, folded, safe_text

NAME = 12  # characters that a name keeps before it is folded


def table(document: Document, out: TextIO, matrix: str | None) -> None:
    """Aligned columns, coloured and fitted on a terminal, never folded or cut elsewhere."""
    draw(tables(document, matrix), out)
    for line in sentences(document):
        out.write(f"{safe_text(line)}\n")


def draw(every: list[Table], out: TextIO) -> None:
    """Tables, as wide as the terminal allows, or in full elsewhere."""
    for each in every:
        if not (out.isatty() and _rich(each, out)):
            _plain(each, out)


def room(out: TextIO) -> int | None:
    """The columns of a terminal; None elsewhere."""
    from rich.console import Console

    return Console(file=out).width if out.isatty() else None


def fitted(table: Table, width: int) -> list[Table]:
    """The table within `width` columns: headers folded, long words clipped, columns that do not fit in tables below.

    Each of them begins with the two first columns, and all but the first say nothing more.
    """
    name = min(width // 3, max(columns(safe_text(shown(row[1]))) for row in table.rows) if table.rows else 0)
    most = width - name - max([columns(shown(row[0])) for row in table.rows] + [columns(table.headers[0])]) - 6
    texts = [
        [
            cell if n == 0 or not isinstance(cell, str) else clipped(safe_text(cell), name if n == 1 else most)
            for n, cell in enumerate(row)
        ]
        for row in table.rows
    ]
    heads = []
    for n, header in enumerate(table.headers):
        longest = max([NAME, *(columns(shown(row[n])) for row in texts)])
        lines = folded(clipped(safe_text(header), most), min(longest, most), " _")
        heads.append("\n".join(lines))
    whole = replace(table, headers=heads, rows=texts, folded=True)
    widths = [each + 2 for each in _widths(whole)]
    blocks: list[list[int]] = [[]]
    for n in range(2, len(heads)):
        if blocks[-1] and sum(widths[k] for k in (0, 1, *blocks[-1], n)) > width:
            blocks.append([])
        blocks[-1].append(n)
    return [_of_columns(whole, [0, 1, *block]) for block in blocks]


def _of_columns(table: Table, places: list[int]) -> Table:
    rows = [[row[n] for n in places] for row in table.rows]
    return replace(table, headers=[table.headers[n] for n in places], rows=rows)


def _heads(table: Table) -> list[list[str]]:
    """The lines of each header."""
    return [[safe_text(line) for line in (each.split("\n") if table.folded else [each])] for each in table.headers]


def _cells(table: Table) -> list[list[str]]:
    return [[safe_text(shown(cell)) for cell in row] for row in table.rows]


def _widths(table: Table) -> list[int]:
    """The width of each column."""
    below = zip(*_cells(table), strict=True) if table.rows else [()] * len(table.headers)
    return [max(map(columns, (*head, *column))) for head, column in zip(_heads(table), below, strict=True)]


def _plain(table: Table, out: TextIO) -> None:
    """The id comes first, so that no line begins with a name."""
    widths = _widths(table)
    heads = _heads(table)
    height = max(map(len, heads))
    above = zip(*([""] * (height - len(head)) + head for head in heads), strict=True)
    lines = [_line(row, widths) for row in _cells(table)]
    rule = "-" * sum(widths, 2 * (len(widths) - 1))
    marks = [*(_line(list(row), widths) for row in above), rule, *lines[: table.body]]
    if table.body < len(table.rows):
        marks += [rule, *lines[table.body :]]
    out.write("\n".join(marks) + "\n\n")


def _line(row: list[str], widths: list[int]) -> str:
    """The cells side by side: the name on the left of its column, numbers on the right of theirs."""
    blanks = [" " * (width - columns(cell)) for cell, width in zip(row, widths, strict=True)]
    padded = [cell + blank if n == 1 else blank + cell for n, (cell, blank) in enumerate(zip(row, blanks, strict=True))]
    return "  ".join(padded).rstrip()


def _rich(table: Table, out: TextIO) -> bool:
    """Draw the table if the terminal is wide enough for its numbers; only names are folded."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    from segeval.report.colour import wanted

    colours = {} if wanted(out) else {"color_system": None}
    console = Console(file=out, highlight=False, **colours)  # type: ignore[arg-type]
    table, left_out = _narrowed(table, console.width)
    if _least(table) > console.width:
        return False
    grid = RichTable(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for n, head in enumerate(_heads(table)):
        if n == 1:
            grid.add_column(Text("\n".join(head)), overflow="fold", min_width=NAME)
        else:
            grid.add_column(Text("\n".join(head)), justify="right", no_wrap=True)
    for n, row in enumerate(_cells(table), 1):
        grid.add_row(*(Text(cell) for cell in row), end_section=n == table.body)
    console.print(grid, "")
    if left_out:
        out.write(f"the terminal is too narrow for: {safe_text(', '.join(left_out))}\n\n")
    return True


def _least(table: Table) -> int:
    """The columns of a terminal that a table takes at least: only its names may be folded."""
    widths = _widths(table)
    return sum(widths) - widths[1] + NAME + 2 * len(widths)


def _narrowed(table: Table, width: int) -> tuple[Table, list[str]]:
    """The table without as many of its spare columns as it takes to fit, and their headers; whole if none suffice."""
    left_out: list[str] = []
    narrow = table
    for header in table.spare:
        if _least(narrow) <= width:
            break
        place = narrow.headers.index(header)
        narrow = _of_columns(narrow, [n for n in range(len(narrow.headers)) if n != place])
        left_out.append(header)
    return (narrow, left_out) if _least(narrow) <= width else (table, [])
