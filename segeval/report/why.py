"""What a class loses, as tables and sentences."""

from typing import TextIO

from segeval.report.sections import Cell, Table, shown
from segeval.report.table import draw
from segeval.report.verdict import signed
from segeval.run.why import Why
from segeval.text import safe_text


def tables(found: Why) -> list[Table]:
    """The confusions and the images that cost most."""
    confusions: list[list[Cell]] = [
        [n, f"{each.truth} → {each.pred}", each.pixels, each.score, signed(each.gain), each.image]
        for n, each in enumerate(found.confusions, 1)
    ]
    images: list[list[Cell]] = [
        [n, each.id, each.missed, each.invented, each.score, signed(each.gain)]
        for n, each in enumerate(found.images, 1)
    ]
    metric = found.metric
    heads = ["no.", "truth → prediction", "pixels", f"{metric} without", "gain", "most in"]
    others = ["no.", "image", "missed pixels", "invented pixels", f"{metric} without", "gain"]
    return [
        Table("confusions", heads, confusions, len(confusions)),
        Table("images", others, images, len(images)),
    ]


def write(found: Why, out: TextIO) -> None:
    """For people."""
    draw([each for each in tables(found) if each.rows], out)
    counts = found.counts
    if not found.images:
        seen = any(counts[name] for name in ("tp", "fn"))
        out.write(safe_text(f"{found.name} has no errors" if seen else f"{found.name} is in no mask") + "\n")
    line = (
        f"{found.metric}[{found.name}] {shown(found.score)}: {counts['tp']:,} pixels right, {counts['fn']:,} missed, "
    )
    out.write(safe_text(f"{line}{counts['fp']:,} invented; without: if these pixels, or this image, were right") + "\n")
