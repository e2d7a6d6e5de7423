"""How untrusted text (file names, class names) may be shown."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

# Control, format (bidi, zero width), surrogate, unassigned-private use is fine; line and paragraph separators.
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_FORMULAS = ("=", "+", "-", "@")  # how a cell begins that spreadsheets compute (CWE-1236)
_LINE_COMMAND = "::"  # how a line begins, after blanks, that GitHub takes as a command
# What GitHub and Azure take as a command wherever it stands in a line of the log: `##[set-output …]`, `##vso[…]`.
_COMMAND = re.compile(r"##(?=\w*\[)")


def safe_text(text: str) -> str:
    """The text with every character that could forge a terminal, log or table made visible.

    Control and format characters, line separators and undecodable bytes become `\\x1b`, `\\u202e`, `\\xff`; all other
    Unicode stays. `##[` and `##vso[`, which begin commands of CI systems, become `#\\x23[`; `::` at the start, which
    does at the start of a line, becomes `\\x3a:`. Applying it twice changes nothing.
    """
    text = _all_visible(text)
    if _commands(text):
        text = text.replace(":", r"\x3a", 1)
    return text


def marked(text: str) -> str:
    """The text as the cell of a table: made visible too, but with an apostrophe before what somebody would obey.

    Spreadsheets compute formulas, logs obey commands. `unmarked` takes the apostrophe away again.
    """
    text = _all_visible(text)
    return f"'{text}" if _obeyed(text.lstrip("'")) else text


def csv_cell(value: Any) -> Any:
    """A cell: text made safe, numbers as they are, undefined empty."""
    if value is None or value != value:
        return ""
    return marked(value) if isinstance(value, str) else value


def unmarked(cell: str) -> str:
    """The text as it was before a table marked it."""
    return cell[1:] if cell.startswith("'") and _obeyed(cell.lstrip("'")) else cell


def _obeyed(text: str) -> bool:
    return text.startswith(_FORMULAS) or _commands(text)


def _commands(text: str) -> bool:
    return text.lstrip().startswith(_LINE_COMMAND)


def _all_visible(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        text = "".join(_visible(c) if unicodedata.category(c) in _HIDDEN else c for c in text)
    return _COMMAND.sub(r"#\\x23", text)


def _visible(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is not UTF-8
        code -= 0xDC00
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def clipped(text: str, width: int) -> str:
    """The text, or its two ends with `…` between them where it takes more columns than `width`."""
    if columns(text) <= width:
        return text
    front, back, kept = "", "", width - 1
    for n in range(len(text)):
        longer = (front + text[len(front)], back) if n % 2 == 0 else (front, text[-1 - len(back)] + back)
        if columns("".join(longer)) > kept:
            break
        front, back = longer
    return f"{front}…{back}"


def folded(text: str, width: int, after: str = " ") -> list[str]:
    """The text in lines of at most `width` columns, broken after the characters `after`; a longer word stays whole."""
    lines = [""]
    for piece in re.findall(f"[^{after}]*[{after}]?", text):
        if lines[-1] and columns((lines[-1] + piece).rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def some(names: list[str], limit: int = 3) -> str:
    """The first few names, and how many there are in all."""
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def in_a_row(ids: Iterable[int], to: str) -> list[str]:
    """Ids, those in a row as the first and the last of them: `0–18`."""
    spans: list[list[int]] = []
    for id_ in ids:
        if spans and id_ == spans[-1][1] + 1:
            spans[-1][1] = id_
        else:
            spans.append([id_, id_])
    return [str(low) if low == high else f"{low}{to}{high}" for low, high in spans]


def counted(number: int, what: str) -> str:
    """`1 image`, `2,000 images`, `3 classes`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}{'es' if what.endswith('s') else 's'}"


def extent(shape: tuple[int, ...]) -> str:
    """A shape as people write it: `512 x 640`."""
    return " x ".join(str(n) for n in shape) if shape else "a single number"
