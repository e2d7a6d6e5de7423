"""How figures look, and how they become files: the same bytes each time, whatever a user's own matplotlibrc says."""

import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import Any

from segeval.catalog import check_choice
from segeval.errors import MissingPackage

FORMATS = ("svg", "png")
# Okabe, M., Ito, K. (2008). Color Universal Design; without yellow, which white paper swallows.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_INKS = {"light": ("black", "white"), "dark": ("white", "#121212")}
STYLES = tuple(_INKS)


def check(style: str) -> None:
    """Refuse an unknown style; MissingPackage without matplotlib."""
    check_choice("--style", style, STYLES)
    try:
        import matplotlib  # noqa: F401
    except ImportError as fault:
        raise MissingPackage("figures need matplotlib", "pip install 'segeval-masks[plot]'") from fault


@contextlib.contextmanager
def styled(style: str) -> Iterator[None]:
    """Figures made within have our colours, and nothing of the user's settings."""
    from cycler import cycler
    from matplotlib import style as styles

    ink, paper = _INKS[style]
    inked = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    boxes = ("box", "whisker", "cap")
    ours = {
        **dict.fromkeys((*inked, *(f"boxplot.{each}props.color" for each in boxes)), ink),
        **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), paper),
        "axes.prop_cycle": cycler(color=[*COLOURS, ink]),
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.alpha": 0.25,
        "font.size": 9,
        "legend.frameon": False,
        "svg.hashsalt": "segeval",  # ids of clip paths and the like are drawn by chance without
        "text.parse_math": False,  # a class may be called $x$
    }
    with styles.context(["default", ours]):
        yield


def made(width: float, height: float, **grid: Any) -> tuple[Any, Any]:
    """A figure of that size in inches, and its axes; without pyplot, which keeps every figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(**grid)


def written(figure: Any, form: str) -> bytes:
    """The bytes of a figure as svg or png, without date and program."""
    told = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # a name in a script that the font lacks shows boxes
        figure.savefig(stream, format=form, dpi=200, bbox_inches="tight", metadata=told[form])
    return stream.getvalue()
