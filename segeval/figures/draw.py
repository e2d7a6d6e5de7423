"""The figures: each function makes one of numbers that are known."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from segeval.figures.chart import Chart
from segeval.figures.curves import Curves
from segeval.figures.style import made
from segeval.report import diagrams
from segeval.report.html.page import Shown
from segeval.report.html.views import classes, confusion, spread
from segeval.run.notebook import heat_map
from segeval.text import counted, safe_text

ROWS = 60  # classes that people can still read on an axis
_DASHES = {1: "-", 0: (0, (4, 2))}


def of_curves(of: Curves) -> Any:
    """The loss above p, and beside it the size of its derivative; truth 1 is drawn through, truth 0 dashed."""
    figure, (left, right) = made(9, 3.8, ncols=2)
    labels = list(dict.fromkeys(line.label for line in of.lines))
    for line in of.lines:
        look = {"color": f"C{labels.index(line.label)}", "linestyle": _DASHES[line.truth], "linewidth": 1.4}
        label = f"{line.label}, truth {line.truth}"
        left.plot(line.at, line.loss, label=label, **look)
        right.plot(line.at, line.slope, label=label, **look)
    left.set(ylabel="loss", title=of.title)
    right.set(ylabel="|∂ loss / ∂ prediction|", title="size of the gradient")
    # Steep ends would press all else to the ground.
    right.set_ylim(0, _reach(np.concatenate([line.slope for line in of.lines])))
    figure.supxlabel(of.axis, fontsize="medium")
    figure.legend(*left.get_legend_handles_labels(), loc="outside right center")
    return figure


def of_chart(of: Chart) -> Any:
    """Panels beside each other, three at most in a row; a label has one colour in all of them."""
    columns = min(len(of.panels), 3)
    rows = -(-len(of.panels) // columns)
    figure, axes = made(
        1.5 + 3 * columns if columns > 1 else 5, 0.6 + 2.6 * rows, ncols=columns, nrows=rows, squeeze=False
    )
    labels = list(dict.fromkeys(line.label for panel in of.panels for line in panel.lines))
    defined = {line.label for panel in of.panels for line in panel.lines if np.isfinite(line.y).any()}
    for ax, panel in zip(axes.flat, of.panels, strict=True):
        for line in panel.lines:
            known = labels.index(line.label)  # lines that fall into one lie within each other
            label = line.label if line.label in defined else f"{line.label} (undefined)"
            ax.plot(line.x, line.y, label=label, color=f"C{known}", linewidth=1.4 + 0.5 * (len(labels) - 1 - known))
        ax.set(title=panel.title, xlabel=panel.x, ylabel=panel.y)
        if panel.logarithmic:
            ax.set_xscale("log")
            ax.xaxis.set_major_formatter("{x:g}")
    found = {text: line for ax in axes.flat for line, text in zip(*ax.get_legend_handles_labels(), strict=True)}
    figure.legend(found.values(), found.keys(), loc="outside lower center", ncols=4)
    figure.suptitle(of.title, fontsize="medium")
    return figure


def _reach(slopes: Any) -> float | None:
    """Where the axis of derivatives ends: at the largest, unless most are far below it."""
    found = slopes[np.isfinite(slopes)]
    if not found.size or not (most := float(found.max())):
        return None
    return 1.05 * min(most, 2 * float(np.quantile(found, 0.9)) or most)


def of_confusion(of: Shown) -> Any | None:
    """The confusion matrix as shares of each true class; None of classes that do not exclude each other."""
    data = confusion(of)
    if data is None or not data["grid"]:
        return None
    shares = [[np.nan if cell["share"] is None else cell["share"] for cell in row["cells"]] for row in data["grid"]]
    side = 2 + 0.3 * len(shares)
    figure, ax = made(side + 1.4, side)
    heat_map(ax, np.array(shares), list(map(str, data["heads"])), [row["name"] for row in data["grid"]])
    if data["left_out"]:
        ax.set_title(f"the most confused; {counted(data['left_out'], 'class')} left out")
    return figure


def of_classes(of: Shown) -> Any | None:
    """A bar for each class and score from 0 to 1; intervals where images tell them."""
    data = classes(of)
    bars = [(n, head["title"]) for n, head in enumerate(data["heads"]) if head["bar"]]
    rows = data["rows"]
    if not bars or not rows:
        return None
    if len(rows) > ROWS:
        first = bars[0][0]
        rows = sorted(rows, key=lambda row: (row["cells"][first]["value"] is None, row["cells"][first]["value"]))[:ROWS]
    figure, axes = made(2 + 2 * len(bars), 1.2 + 0.22 * len(rows), ncols=len(bars), sharey=True, squeeze=False)
    for k, (ax, (n, title)) in enumerate(zip(axes[0], bars, strict=True)):
        cells = [row["cells"][n] for row in rows]
        ends = np.array([np.nan if cell["value"] is None else cell["value"] for cell in cells], np.float64)
        ax.barh(range(len(rows)), ends, color=f"C{k % 6}")
        for y, (cell, end) in enumerate(zip(cells, ends, strict=True)):
            if cell["interval"]:
                ax.plot(cell["interval"], [y, y], color="0.5", linewidth=2, solid_capstyle="butt")
            if np.isnan(end):
                ax.text(0.01, y, "–", va="center")
        ax.set(xlim=(0, 1), xlabel=title)
    axes[0, 0].set_yticks(range(len(rows)), [safe_text(row["name"]) for row in rows])
    axes[0, 0].set_ylim(len(rows) - 0.5, -0.5)
    said = [f"the {ROWS} lowest of {len(data['rows'])} classes"] if len(rows) < len(data["rows"]) else []
    if any(cell["interval"] for row in rows for cell in row["cells"]):
        said.append(f"grey: {100 * of.draws.confidence:g} % intervals over images")
    figure.suptitle("; ".join(said) or None, fontsize="medium")
    return figure


def of_images(of: Shown) -> Any | None:
    """How the score spreads over images: how many there are, and of each class its quantiles; None of one image."""
    data = spread(of)
    if data is None:
        return None
    boxes = sorted(data["classes"], key=lambda each: each["quantiles"][3])[:ROWS]
    figure, axes = made(9, max(3.4, 1.2 + 0.22 * len(boxes)), ncols=2, squeeze=False)
    left, right = axes[0]
    lows = [each["low"] for each in data["bins"]]
    widths = [each["high"] - each["low"] for each in data["bins"]]
    left.bar(lows, [each["count"] for each in data["bins"]], width=widths, align="edge", color="C0", edgecolor="C0")
    left.axvline(data["quantiles"][3], color="C1", label=f"median {data['quantiles'][3]:.4f}")
    kept = {"undefined": data["undefined"], "infinite": data["infinite"]}
    said = "".join(f", {number} {word}" for word, number in kept.items() if number)
    left.set(xlabel=data["title"], ylabel="images", title=f"{counted(data['count'], 'image')}{said}")
    left.yaxis.get_major_locator().set_params(integer=True)
    left.legend()
    if boxes:
        parts = ("whislo", "q1", "med", "q3", "whishi")
        stats = [{"fliers": [], **dict(zip(parts, each["quantiles"][1:-1], strict=True))} for each in boxes]
        right.bxp(stats, orientation="horizontal", showfliers=False, medianprops={"color": "C1"})
        right.set_yticks(range(1, len(boxes) + 1), [safe_text(each["name"]) for each in boxes])
        right.set(xlabel=f"{data['first']} of single images", title="5, 25, 50, 75 and 95 %")
    else:
        right.set_axis_off()
    return figure


def of_diagram(of: diagrams.Drawn) -> Any:
    """A panel for each class: steps, or dots beside the line where they should lie and counts below them."""
    diagram, lines = of.diagram, of.lines
    across = min(len(lines), 4)
    down = -(-len(lines) // across)
    figure, axes = made(0.6 + 2.2 * across, 0.6 + 2.3 * down, ncols=across, nrows=down, squeeze=False, sharey=True)
    for ax, line in itertools.zip_longest(axes.flat, lines):
        if line is None:
            ax.set_axis_off()
            continue
        x, y = line.points[diagram.x], line.points[diagram.y]
        if diagram.steps:
            ax.step([0, *x[::-1]], [y[-1], *y[::-1]], where="pre")
        else:
            ax.plot([0, 1], [0, 1], color="0.5", linewidth=0.8)
            ax.plot(x, y, "o", markersize=4, clip_on=False)
        if diagram.weight:
            weights = np.log1p(line.points[diagram.weight])
            ax.bar(x, 0.15 * weights / weights.max(), width=0.04, color="0.5", alpha=0.5)
        number = "" if line.value is None else f"\n{of.short} {line.value:.4f}"
        ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        ax.set_title(f"{safe_text(line.name)}{number}", fontsize="medium")
    figure.supxlabel(diagram.x, fontsize="medium")
    figure.supylabel(diagram.y, fontsize="medium")
    said = [f"the {len(lines)} of worst {of.short}"] if of.left_out else []
    said += [f"grey bars: {diagram.weight}, on a logarithmic scale"] if diagram.weight else []
    figure.suptitle("; ".join(said) or None, fontsize="medium")
    return figure


_ALWAYS = {"confusion": of_confusion, "classes": of_classes, "images": of_images}


def of_run(of: Shown) -> Iterator[tuple[str, Any | None]]:
    """The figures of a run by name, None where it has no numbers for one; diagrams only where it has them."""
    yield from ((name, make(of)) for name, make in _ALWAYS.items())
    if of.tables is not None:
        yield from ((each.diagram.name, of_diagram(each)) for each in diagrams.drawn(of.document, of.tables))
