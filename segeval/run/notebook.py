"""A run as notebooks show it."""

import html
import math
from typing import Any

import numpy as np

from segeval.errors import MissingPackage
from segeval.evidence.confusion import shares
from segeval.metrics import METRICS
from segeval.run.run import Run
from segeval.text import counted, safe_text

MOST = 60  # classes in a table or on an axis that people can still read
_BLUE = "0,114,178"


def table(run: Run) -> str:
    """The classes as an HTML table, each score the darker the nearer to its best; names are escaped."""
    metrics = [metric for metric in run.options.scoring.entries if metric.mean and not metric.quiet]
    heads = "".join(f"<th>{_text(metric.title)}</th>" for metric in metrics)
    rows = []
    for row in run.classes[:MOST]:
        cells = "".join(_cell(row[metric.printed], metric) for metric in metrics)
        rows.append(f"<tr><th>{_text(row['name'])}</th>{cells}<td>{row['truth_pixels']:,}</td></tr>")
    more = len(run.classes) - MOST
    said = f"<p>{counted(more, 'class')} more: run.classes</p>" if more > 0 else ""
    caption = f"{counted(len(run.records), 'image')}, miou_dataset {_number(run.summary['miou_dataset'])}"
    failed = f", {len(run.failures):,} failed" if run.failures else ""
    head = f"<thead><tr><th>class</th>{heads}<th>truth pixels</th></tr></thead>"
    return f"<table><caption>{caption}{failed}</caption>{head}<tbody>{''.join(rows)}</tbody></table>{said}"


def _cell(value: float, metric: Any) -> str:
    """A score, on a ground that says how good it is where its range is known."""
    shade, span = "", metric.high - metric.low
    if math.isfinite(value) and math.isfinite(span):
        near = 1 - abs(value - metric.best) / span
        shade = f' style="background:rgba({_BLUE},{max(0.6 * near, 0):.2f})"'
    return f"<td{shade}>{_number(value)}</td>"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.4f}".replace("inf", "∞")


def _text(name: str) -> str:
    return html.escape(safe_text(name))


def worst(run: Run, count: int, metric: str) -> list[tuple[str, float]]:
    """The images of the worst mean over classes of a metric; those without a value are left out."""
    entry = METRICS.find(metric)
    found = run.tables.image_means(entry)
    order = np.argsort(entry.good(found), kind="stable")
    return [(run.tables.ids[n], float(found[n])) for n in order[:count].tolist() if not math.isnan(found[n])]


def plot_confusion(run: Run, ax: Any) -> Any:
    """The confusion matrix as shares of each true class, on axes of matplotlib; made where none are given."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as fault:
        raise MissingPackage("plot_confusion needs matplotlib", "pip install 'segeval-masks[plot]'") from fault
    matrix = run.matrix()
    if not matrix["counts"] or len(matrix["counts"]) > MOST:
        raise ValueError(f"a confusion matrix is drawn of 1 to {MOST} classes that exclude each other")
    cells = np.array(shares(matrix["counts"], "truth"), np.float64)
    names = {row["id"]: row["name"] for row in run.classes}
    ax = plt.subplots(layout="constrained")[1] if ax is None else ax
    across = [str(names.get(id_, id_)) for id_ in matrix["pred_ids"]]
    return heat_map(ax, cells, across, [names[id_] for id_ in matrix["truth_ids"]])


def heat_map(ax: Any, cells: Any, across: list[str], down: list[str]) -> Any:
    """Draw shares of true classes (down) by what was predicted (across) on axes of matplotlib, and give them back."""
    picture = ax.imshow(cells, cmap="cividis", vmin=0, vmax=1)
    ax.set_xticks(range(len(across)), [safe_text(each) for each in across], rotation=90, parse_math=False)
    ax.set_yticks(range(len(down)), [safe_text(each) for each in down], parse_math=False)
    ax.set(xlabel="prediction", ylabel="truth")
    ax.grid(False)
    ax.figure.colorbar(picture, ax=ax, label="share of the true class")
    return ax
