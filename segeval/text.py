"""How untrusted text (file names, class names) may be shown."""

import re
import unicodedata

# Control, format (bidi, zero width), surrogate, unassigned-private use is fine; line and paragraph separators.
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
FORMULAS = ("=", "+", "-", "@")  # how a cell begins that spreadsheets compute; tables put an apostrophe before it
# What GitHub and Azure take as a command wherever it stands in a line of the log: `##[set-output …]`, `##vso[…]`.
_COMMAND = re.compile(r"##(?=\w*\[)")


def safe_text(text: str) -> str:
    """The text with every character that could forge a terminal, log or table made visible.

    Control and format characters, line separators and undecodable bytes become `\\x1b`, `\\u202e`, `\\xff`; all other
    Unicode stays. `##[` and `##vso[`, which begin commands of CI systems, become `#\\x23[`. Applying it twice changes
    nothing.
    """
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


def some(names: list[str], limit: int = 3) -> str:
    """The first few names, and how many there are in all."""
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def counted(number: int, what: str) -> str:
    """`1 image`, `2,000 images`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def extent(shape: tuple[int, ...]) -> str:
    """A shape as people write it: `512 x 640`."""
    return " x ".join(str(n) for n in shape) if shape else "a single number"
