"""What each section of the page shows, as plain data for its template; None where a run has nothing for it."""

import itertools
import json
import math
from collections import Counter
from typing import Any

import numpy as np

from segeval.evidence.confusion import shares
from segeval.evidence.run_length import Array
from segeval.metrics.diagrams import Diagram
from segeval.report import diagrams as drawings
from segeval.report import sections, verdict
from segeval.report.html import gallery
from segeval.report.html.page import SECTIONS, STEPS, Shown
from segeval.report.sections import Cell, Percent, Table, class_columns
from segeval.report.verdict import signed
from segeval.run.cells import OTHER
from segeval.run.numbers import Number, columns
from segeval.text import counted, some

Data = dict[str, Any]
ROWS = 2000  # of a table of images; of more the extremes are shown
CLASSES = 40  # of a heat map; of more those with the most wrong pixels are shown
BEHIND = 5  # images that are named behind a cell
MOVED = 60  # rows of the plot of changes
FINE = 1 / 300  # of an axis: what cannot be told apart in a panel


@SECTIONS.add(title="Summary", template="summary.html")
def summary(of: Shown) -> Data:
    """The headline, the verdict on it, and the main numbers."""
    document = of.document
    tiles = [{"name": name, "value": value, "interval": _interval(of, name)} for name, value in of.headline.items()]
    rules = None
    if of.verdict:
        table = verdict.verdict_table(of.verdict)
        rules = {
            "verdict": of.verdict["verdict"],
            "headline": verdict.verdict_headline(of.verdict),
            "table": table,
            "lines": verdict.verdict_lines(of.verdict),
        }
    return {
        "headline": sections.headline(document, []),
        "incomplete": not document["complete"],
        "tiles": tiles,
        "rules": rules,
        "sentences": [line for line in sections.sentences(document) if line != _sure(of)],
        "cautions": of.results.cautions,
        "sure": _sure(of),
    }


def _interval(of: Shown, title: str) -> list[float] | None:
    found = of.intervals.get(title)
    return list(found) if found and all(map(math.isfinite, found)) else None


def _sure(of: Shown) -> str:
    """What the intervals are."""
    if not of.intervals or of.tables is None:
        return ""
    return sections.about_intervals(of.draws.how, of.tables.clusters, bool(of.results.group_by(of.draws)))


@SECTIONS.add(title="What changed", template="changes.html")
def changes(of: Shown) -> Data | None:
    """The differences from the baseline, with their intervals."""
    if of.comparison is None:
        return None
    rows = [_change_of(of, each) for each in of.comparison["numbers"]]
    known = [row for row in rows if row["before"] is not None or row["after"] is not None]
    within = [row for row in known if row["sign"] and _drawable(row["difference"]) and _on_scale(of, row["number"])]
    more = len(within) > MOVED
    within = sorted(within, key=lambda row: -abs(row["difference"]))[:MOVED]
    ends = (row[key] for row in within for key in ("difference", "low", "high"))
    reach: float = max([0.001, *(abs(end) for end in ends if _drawable(end))])
    drawn = {
        row["number"]: [_on_axis(row["sign"], row[key], reach) for key in ("difference", "low", "high")]
        for row in within
    }
    notes = [*of.comparison["notes"]]
    if len(known) < len(rows):
        notes.insert(0, f"undefined in both: {some([row['number'] for row in rows if row not in known], 6)}")
    if more:
        notes.insert(0, f"drawn are the {MOVED} numbers that changed most")
    return {
        "rows": known,
        "reach": Percent(reach) if of.percent else reach,
        "drawn": drawn,
        "movers": [_moved(of, mover) for mover in of.comparison["movers"]],
        "moved": of.comparison["moved"],
        "notes": notes,
        "signed": signed,
        "baseline": of.comparison["runs"][0]["name"],
        "how": f"{100 * of.comparison['statistics']['confidence']:g} %",
    }


_SIGNS = {"higher": 1, "lower": -1}


def _change_of(of: Shown, each: Data) -> Data:
    """A row of the table of changes."""
    row = {"before": each["values"][0], "after": each["values"][1], **each["differences"][0]}
    if number := of.numbers.get(each["number"]):
        row |= {
            key: of.told(number, row[key])
            for key in ("before", "after", "difference", "low", "high")
            if row[key] is not None
        }
    return {"number": each["number"], "sign": _SIGNS.get(each["better"], 0), **row}


def _moved(of: Shown, mover: Data) -> Data:
    """An image that moved, by the number that tells so."""
    assert of.comparison is not None
    number = of.numbers.get(of.comparison["moved"])
    ends = {key: mover[key] for key in ("before", "after") if number and mover[key] is not None}
    return mover | {key: of.told(number, value) for key, value in ends.items() if number}


def _on_scale(of: Shown, title: str) -> bool:
    """Whether a number shares the axis of the others; distances, counts and losses have scales of their own."""
    number = of.numbers.get(title)
    return number is None or (math.isfinite(number.high - number.low) and not title.startswith("loss."))


def _drawable(value: float | None) -> bool:
    """Whether a number has a place on an axis."""
    return value is not None and math.isfinite(value)


def _on_axis(sign: int, value: float | None, reach: float) -> float | None:
    """Where a change lies, right if better; what is beyond the axis, as an infinite end is, lies at its end."""
    return None if value is None else min(max(sign * value, -reach), reach)


@SECTIONS.add(title="Images to look at", template="gallery.html")
def pictures(of: Shown) -> Data | None:
    """The worst images and others, with their errors."""
    if of.gallery is None or of.tables is None or not of.tables.ids:
        return None
    values = of.ordering.good(of.values(of.ordering))
    change = _change(of)
    chosen = gallery.picks(values, of.tables.ids, change, of.gallery.cards, of.gallery.seed)
    cards, said = of.gallery.made(of.tables, chosen)
    place = {id_: n for n, id_ in enumerate(of.tables.ids)}
    shown = [
        {
            "card": card,
            "number": n,
            "values": [
                (number.title, of.told(number, float(of.values(number)[place[card.id]])))
                for number in of.image_numbers[:6]
            ],
            "change": None if change is None else of.told(of.ordering, float(change[place[card.id]])),
            "sort": {
                "score": float(values[place[card.id]]),
                "change": 0.0 if change is None else float(change[place[card.id]]),
                **{name: -share for name, share in card.shares.items()},
            },
        }
        for n, card in enumerate(cards)
    ]
    sorts = {"score": f"worst {of.ordering.title}", **({"change": "largest regression"} if change is not None else {})}
    sorts |= {kind.name.lower(): f"most {kind.name.lower()}" for kind in of.gallery.legend}
    tags = [tag for tag in ("worst", "regressed", "improved", "random") if any(tag in c.tags for c in cards)]
    layers = ["errors", "truth", "prediction"] if cards else []
    has_photo = any("photo" in card.pictures for card in cards)
    return {
        "cards": shown,
        "tags": tags,
        "sorts": sorts,
        "layers": layers,
        "photo": has_photo,
        "said": said,
        "legend": {kind.name.lower(): text for kind, text in of.gallery.legend.items()},
        "by": of.ordering.title,
        "seed": of.gallery.seed,
        "signed": signed,
    }


def _change(of: Shown) -> Array | None:
    """How much better each image is than in the baseline; nan where it is not there."""
    if of.baseline is None or of.tables is None or of.baseline.beside is False:
        return None
    assert of.ordering.images is not None
    rows = of.baseline.rows
    then = dict(zip(rows.ids, of.ordering.good(of.ordering.images(rows)).tolist(), strict=True))
    now: Array = of.ordering.good(of.values(of.ordering))
    before: Array = np.array([then.get(id_, math.nan) for id_ in of.tables.ids], np.float64)
    return now - before


@SECTIONS.add(title="Which classes are confused", template="confusion.html")
def confusion(of: Shown) -> Data | None:
    """The confusion matrix as shares of each true class, and the images behind its cells."""
    document = of.document
    matrix = document["confusion"]
    if not matrix["counts"]:
        return None
    counts = np.array(matrix["counts"], np.int64)
    rows = shares(matrix["counts"], "truth")
    names = {row["id"]: row["name"] for row in document["classes"]}
    ids, predicted = matrix["truth_ids"], matrix["pred_ids"]
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    there = counts.sum(axis=1) + counts[:, : len(ids)].sum(axis=0) > 0
    kept = np.flatnonzero(there).tolist()
    left_out = max(0, len(kept) - CLASSES)
    if left_out:
        lost = wrong.sum(axis=1) + wrong[:, : len(ids)].sum(axis=0)
        kept = sorted(np.argsort(-lost, kind="stable")[:CLASSES].tolist())
    beyond = bool(counts[:, -1].any())
    shown = [*kept, *([len(ids)] if beyond else [])]
    behind = _behind(of, {ids[k] for k in kept})
    heads = [names.get(predicted[k], str(predicted[k])) for k in shown]
    grid = []
    for k in kept:
        cells = [
            {
                "count": int(counts[k, m]),
                "share": None if np.isnan(rows[k, m]) else float(rows[k, m]),
                "step": "none" if np.isnan(rows[k, m]) else round(float(rows[k, m]) * STEPS),
                "key": f"{ids[k]},{_id(predicted[m])}",
                "right": k == m,
            }
            for m in shown
        ]
        grid.append({"name": names[ids[k]], "cells": cells})
    return {
        "heads": heads,
        "grid": grid,
        "left_out": left_out,
        "absent": some([names[id_] for id_, is_there in zip(ids, there, strict=True) if not is_there], 12),
        "largest": largest(document, of.results.cells, of.percent),
        "behind": behind,
    }


def _id(pred: int | str) -> int:
    return OTHER if isinstance(pred, str) else pred


def _behind(of: Shown, ids: set[int]) -> dict[str, list[list[Any]]]:
    """For each cell that is wrong the images that have most of its pixels: id and pixels."""
    cells = of.results.cells
    if cells is None:
        return {}
    found = cells.wrong()
    order = np.lexsort((found.image, -found.pixels, found.pred, found.truth))
    behind: dict[str, list[list[Any]]] = {}
    columns = (each[order].tolist() for each in (found.truth, found.pred, found.image, found.pixels))
    for truth, pred, image, pixels in zip(*columns, strict=True):
        if truth in ids and (pred in ids or pred == OTHER):
            known = behind.setdefault(f"{truth},{pred}", [])
            if len(known) < BEHIND:
                known.append([found.ids[image], pixels])
    return behind


def largest(document: Data, cells: Any, percent: bool = False, most: int = 20) -> Table:
    """The confusions of the most pixels: which class was taken for which, and in which image most."""
    ids = {row["name"]: row["id"] for row in document["classes"]}
    told = Percent if percent else float
    rows: list[list[Cell]] = [
        [n, truth, pred, pixels, told(share), "" if cells is None else _most(cells, ids[truth], ids.get(pred, OTHER))]
        for n, (truth, pred, pixels, share) in enumerate(sections.largest_confusions(document, most), 1)
    ]
    headers = ["no.", "true class", "taken for", "pixels", "share of the true class", "most in"]
    return Table("largest confusions", headers, rows, len(rows))


def _most(cells: Any, truth: int, pred: int) -> str:
    """The image with the most pixels of a cell."""
    found = cells.only((cells.truth == truth) & (cells.pred == pred))
    return str(found.ids[found.image[found.pixels.argmax()]]) if found.pixels.size else ""


@SECTIONS.add(title="Classes", template="classes.html")
def classes(of: Shown) -> Data:
    """A row for each class, with bars, and of the first metric its interval."""
    document = of.document
    outline, metrics = of.results.outline, class_columns(document)
    known = columns(outline)
    table = sections.score_table(document, metrics, document["classes"], "classes", "id", "")
    heads = [{"title": metric.title, "bar": (metric.low, metric.high) == (0, 1)} for metric in metrics]
    rows = []
    for k, (row, cells) in enumerate(zip(document["classes"], table.rows[: table.body], strict=True)):
        titles = [known[metric.printed].number(outline, k).title for metric in metrics]
        rows.append(
            {
                "id": row["id"],
                "name": row["name"],
                "cells": [
                    {"value": value, "interval": _interval(of, title)}
                    for value, title in zip(cells[2:-2], titles, strict=True)
                ],
                "pixels": row["truth_pixels"],
                "images": row["images"],
                "missed": row["n_missed"],
                "invented": row["n_hallucinated"],
            }
        )
    return {"heads": heads, "rows": rows, "means": table.rows[table.body :], "groups": sections.group_table(document)}


@SECTIONS.add(title="More numbers", template="more.html")
def more(of: Shown) -> Data | None:
    """What else the run tells of all images together."""
    tables = sections.section_tables(of.document)
    return {"tables": tables} if tables else None


@SECTIONS.add(title="How images spread", template="spread.html")
def spread(of: Shown) -> Data | None:
    """The scores of images: a histogram, how they add up, by group and by class."""
    if of.tables is None or len(of.tables.ids) < 2:
        return None
    values = of.values(of.ordering)
    defined = np.sort(values[np.isfinite(values)])
    if defined.size < 2:
        return None
    low, high = _range(of.ordering, defined)
    bins, edges = np.histogram(defined, 20, (low, high))
    steps = np.unique(np.linspace(0, defined.size - 1, min(defined.size, 200)).astype(np.int64))
    return {
        "title": of.ordering.title,
        "low": of.told(of.ordering, low),
        "high": of.told(of.ordering, high),
        "bins": [
            {"low": of.told(of.ordering, float(a)), "high": of.told(of.ordering, float(b)), "count": int(n)}
            for n, (a, b) in zip(bins, itertools.pairwise(edges), strict=True)
        ],
        "most": int(bins.max()),
        "curve": [((float(defined[n]) - low) / (high - low), (n + 1) / defined.size) for n in steps.tolist()],
        "quantiles": _quantiles(of, of.ordering, defined),
        "count": int(defined.size),
        "undefined": int(np.isnan(values).sum()),
        "infinite": int(np.isinf(values).sum()),
        "classes": _of_classes(of),
        "first": class_columns(of.document)[0].title if class_columns(of.document) else "",
        "groups": _of_groups(of, values),
        "names": NAMES,
    }


NAMES = ("least", "5 %", "25 %", "median", "75 %", "95 %", "most")


def _range(number: Number, values: Array) -> tuple[float, float]:
    """From where to where an axis goes."""
    low, high = number.low, number.high
    if not math.isfinite(low):
        low = float(values.min())
    if not math.isfinite(high):
        high = float(values.max())
    return (low, high) if high > low else (low, low + 1)


def _quantiles(of: Shown, number: Number, values: Array) -> list[float]:
    return [of.told(number, float(each)) for each in np.quantile(values, (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1))]


def _of_classes(of: Shown) -> list[Data]:
    """The quantiles of the first metric of each class over images."""
    assert of.tables is not None
    found: list[Data] = []
    for metric in class_columns(of.document)[:1]:
        images = columns(of.results.outline)[metric.printed].images
        values = images(of.tables) if images else np.zeros((0, 0))
        for k, ((_, title), each) in enumerate(zip(of.results.outline.classes, values.T, strict=False)):
            if (defined := each[np.isfinite(each)]).size:
                number = columns(of.results.outline)[metric.printed].number(of.results.outline, k)
                found.append({"name": title, "count": int(defined.size), "quantiles": _quantiles(of, number, defined)})
    return found


def _of_groups(of: Shown, values: Array) -> list[Data]:
    """The quantiles of the score over the images of each group, the worst first."""
    assert of.tables is not None
    if of.tables.clusters == len(of.tables.ids):
        return []
    names = list(dict.fromkeys(of.tables.groups))
    found: list[Data] = []
    for n, name in enumerate(names):
        each = values[of.tables.cluster == n]
        if (defined := each[np.isfinite(each)]).size:
            found.append({"name": name, "count": int(defined.size), "quantiles": _quantiles(of, of.ordering, defined)})
    return sorted(found, key=lambda group: group["quantiles"][3])[:50]


@SECTIONS.add(title="Over thresholds and probabilities", template="diagrams.html")
def diagrams(of: Shown) -> Data | None:
    """Precision and recall, reliability, and whatever else a kind of evidence draws: a panel for each class."""
    if of.tables is None:
        return None
    found = [_panels(each) for each in drawings.drawn(of.document, of.tables)]
    return {"diagrams": found} if found else None


def _panels(drawn: drawings.Drawn) -> Data:
    diagram = drawn.diagram
    return {
        "diagram": diagram,
        "about": diagram.summary,
        "short": drawn.short,
        "left_out": drawn.left_out,
        "table": drawn.table,
        "panels": [
            {
                "name": line.name,
                "value": line.value,
                "curve": _thinned(line.points[diagram.x][::-1], line.points[diagram.y][::-1]) if diagram.steps else [],
                "dots": [
                    {
                        "x": row[diagram.x],
                        "y": row[diagram.y],
                        "told": ", ".join(f"{name} {sections.shown(value)}" for name, value in row.items()),
                    }
                    for row in drawings.rows_of(line, diagram.every)
                ],
                "bars": _bars(line, diagram) if diagram.weight else [],
            }
            for line in drawn.lines
        ],
    }


def _thinned(x: Array, y: Array) -> list[tuple[float, float]]:
    """The points of a line that can be told apart in a small picture, the first and the last among them."""
    kept = [0]
    for n in range(1, len(x) - 1):
        if abs(x[n] - x[kept[-1]]) + abs(y[n] - y[kept[-1]]) > FINE:
            kept.append(n)
    kept = sorted({*kept, len(x) - 1})
    return [(float(x[n]), float(y[n])) for n in kept]


def _bars(line: drawings.Line, diagram: Diagram) -> list[tuple[float, float]]:
    """Where the bars below a line stand and how high they are, by the logarithm: counts differ by powers of ten."""
    heights = np.log1p(line.points[diagram.weight])
    return list(zip(line.points[diagram.x].tolist(), (heights / heights.max()).tolist(), strict=True))


@SECTIONS.add(title="Losses", template="losses.html")
def losses(of: Shown) -> Data | None:
    """The losses, and how far each ranks the images as the score does."""
    table = sections.loss_table(of.document)
    if table is None:
        return None
    agreement = [
        (number.title, spearman(of.values(number), of.values(of.ordering)))
        for number in of.image_numbers
        if number.name.startswith("loss.")
    ]
    return {"table": table, "agreement": agreement, "by": of.ordering.title}


def spearman(a: Array, b: Array) -> float:
    """The rank correlation of the values that are defined in both; ties share their mean rank."""
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < 2:
        return math.nan
    ranks = [_ranks(each[both]) for each in (a, b)]
    x, y = (each - each.mean() for each in ranks)
    spread = math.sqrt(float((x**2).sum() * (y**2).sum()))
    return float((x * y).sum()) / spread if spread else math.nan


def _ranks(values: Array) -> Array:
    _, places, numbers = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(numbers)
    found: Array = (last - (numbers - 1) / 2)[places]
    return found


@SECTIONS.add(title="All images", template="images.html")
def images(of: Shown) -> Data | None:
    """The numbers of each image."""
    if of.tables is None or not of.tables.ids:
        return None
    shown = of.image_numbers[:10]
    values = [of.values(number) for number in shown]
    good = of.ordering.good(values[0])
    order = np.lexsort((np.arange(good.size), np.where(np.isnan(good), np.inf, good))).tolist()
    total = len(order)
    if total > ROWS:
        order = [*order[: ROWS // 2], *order[-ROWS // 2 :]]
    grouped = of.results.group_by(of.draws) is not None
    told = [[of.told(number, value) for value in each.tolist()] for number, each in zip(shown, values, strict=True)]
    rows = [
        [of.tables.ids[n], *([of.tables.groups[n]] if grouped else []), *(column[n] for column in told)] for n in order
    ]
    heads = ["image", *(["group"] if grouped else []), *(number.title for number in shown)]
    return {"heads": heads, "rows": rows, "total": total, "left_out": total - len(order), "texts": 1 + grouped}


@SECTIONS.add(title="Notes on the data", template="notes.html")
def notes(of: Shown) -> Data:
    """What was skipped, repaired, undefined, or odd."""
    document = of.document
    counts = document["images"]
    codes = Counter(note["code"] for note in document["notes"])
    first = {note["code"]: note for note in reversed(document["notes"])}
    undefined: Counter[tuple[str, str]] = Counter()
    for row in document["classes"]:
        for reason in set(row["undefined"].values()):
            undefined[reason, row["name"]] += 1
    reasons = {
        reason: [name for (why, name) in undefined if why == reason] for reason in sorted({why for why, _ in undefined})
    }
    return {
        "paired": counts["paired"],
        "scored": counts["scored"],
        "failed": counts["failed"],
        "missing": [*counts["missing"]],
        "extra": [*counts["extra"]],
        "policy": document["options"]["missing"],
        "notes": [(code, codes[code], first[code]["message"]) for code in sorted(codes)],
        "reasons": [(reason, some(names, 12)) for reason, names in reasons.items()],
        "means": {name: found for name, found in document["undefined"].items() if found["skipped"]},
        "counted": counted,
        "some": some,
    }


@SECTIONS.add(title="Where this comes from", template="provenance.html")
def provenance(of: Shown) -> Data:
    """Versions, options, check sums, and what is embedded."""
    document = of.document
    rows = [
        ("segeval", document["segeval"]),
        ("schema", document["schema"]),
        ("fingerprint of the truth", document["fingerprint"]),
    ]
    if of.baseline is not None:
        rows.append(("fingerprint of the baseline's truth", of.baseline.document["fingerprint"]))
    told = [(key, json.dumps(value, sort_keys=True)) for key, value in sorted(document["options"].items())]
    embedded = "no image" if of.gallery is None else "pictures of the masks in the gallery"
    if of.gallery is not None and of.gallery.masks.photos:
        embedded += ", and of their photographs, encoded anew from the pixels alone"
    return {
        "rows": rows,
        "options": told,
        "files": sorted(document["files"].items()),
        "embedded": embedded,
    }
