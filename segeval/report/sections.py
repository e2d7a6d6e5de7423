"""What every readable report says about a run: tables and sentences, not yet in any format."""

import contextlib
import functools
import heapq
import math
import operator
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from segeval.data.folders import MISSING
from segeval.errors import HardMasks
from segeval.evidence.confusion import shares
from segeval.evidence.kinds import EVIDENCE
from segeval.measures import Metric
from segeval.metrics import METRICS
from segeval.metrics.sections import SECTIONS, Told
from segeval.run.numbers import MEANS
from segeval.run.profiles import PROFILES
from segeval.run.results import INFINITE, outlined
from segeval.run.scoring import Scoring
from segeval.text import counted, some

Cell = str | int | float | None


class Percent(float):
    """A share that is shown as a percentage."""


_PRESENCE = {"union": "where it is in truth or prediction", "truth": "where it is in the truth", "always": "everywhere"}


@dataclass(frozen=True)
class Table:
    """Headers and rows; the rows after `body` are means of those before."""

    title: str
    headers: list[str]
    rows: list[list[Cell]]
    body: int
    spare: tuple[str, ...] = ()  # columns that a narrow terminal does without, the first of them first
    folded: bool = False  # whether a line break in a header is one


def shown(value: Cell, digits: int = 4) -> str:
    """A cell as text: `–` for undefined, and never an edge (0 or 1) for what only comes near it."""
    if value is None or value != value:
        return "–"
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else value
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if isinstance(value, Percent):
        return f"{_digits(100 * value, digits - 2, (-100.0, 0.0, 100.0))} %"
    return _digits(value, digits, (-1.0, 0.0, 1.0))


def _digits(value: float, digits: int, edges: tuple[float, ...]) -> str:
    for places in range(digits, 17):
        text = f"{value:.{places}f}"
        if float(text) == value or float(text) not in edges:
            return text
    return repr(value)


def class_tables(document: dict[str, Any]) -> list[Table]:
    """A row for each class, then the named means; a table of their own for scores that are values of single images."""
    columns = class_columns(document)
    apart = [metric for metric in columns if _of_images(metric)]
    rows, found = document["classes"], []
    if len(apart) < len(columns):
        found.append(score_table(document, [each for each in columns if each not in apart], rows, "classes", "id", ""))
    for family in dict.fromkeys(metric.family for metric in apart):
        own = [metric for metric in apart if metric.family == family]
        there = [row for row in rows if any(row["undefined"].get(each.printed) != "background" for each in own)]
        unit = document["options"].get("unit", "") if any(each.unit == "spacing" for each in own) else ""
        found.append(score_table(document, own, there, f"{family}, in {unit}" if unit else family, "id", ""))
    return found


def _of_images(metric: Metric) -> bool:
    """Whether a metric is a value of single images, which no columns tell."""
    return any(kind.valued and kind.eaten is metric.eats for kind in EVIDENCE.values())


def group_table(document: dict[str, Any]) -> Table | None:
    """A row for each group of classes, then the named means."""
    if "groups" not in document:
        return None
    rows = [row | {"id": n} for n, row in enumerate(document["groups"], 1)]
    columns = [metric for metric in class_columns(document) if all(metric.printed in row for row in rows)]
    return score_table(document, columns, rows, "groups", "group", "group_")


def score_table(
    document: dict[str, Any], columns: list[Metric], rows: list[dict[str, Any]], title: str, first: str, prefix: str
) -> Table:
    body: list[list[Cell]] = [
        [r["id"], r["name"], *(_cell(r, metric) for metric in columns), r["truth_pixels"], r["images"]] for r in rows
    ]
    for key in MEANS:
        names = [f"{prefix}{metric.mean_name(key)}" for metric in columns]
        body.append(["", f"mean_{key}", *(summary_cell(document, name) for name in names), "", ""])
    titles = [metric.title for metric in columns]
    spare = ("images", "truth pixels", *titles[:0:-1])
    return Table(title, [first, "name", *titles, "truth pixels", "images"], body, len(rows), spare)


def summary_cell(document: dict[str, Any], name: str) -> Cell:
    """A number of the summary, infinite where its null says so; nothing where it is not told."""
    if document["undefined"].get(name, {}).get("reason") == "infinite":
        return math.inf
    value: Cell = document["summary"].get(name, "")
    return value


def infinite(row: dict[str, Any], name: str) -> bool:
    """Whether the null of a class says that its number is infinite, and not that it is undefined."""
    metric = METRICS.named(name)
    return metric is not None and metric.endless and row["undefined"].get(name) in INFINITE


def _cell(row: dict[str, Any], metric: Metric) -> Cell:
    """A score of a class; an infinite one with the mean over the images where it is finite, if there are any."""
    value: Cell = row[metric.printed]
    if not infinite(row, metric.printed):
        return value
    finite = row[metric.beside("finite")]
    return "∞" if finite is None else f"∞ ({shown(finite)})"


def class_columns(document: dict[str, Any]) -> list[Metric]:
    """The metrics asked for, of a whole family those whose means are told; without those that have no number at all."""
    every = _asked(document)
    told = [metric for metric in every if any(_is_told(row, metric.printed) for row in document["classes"])]
    return told or every


def _asked(document: dict[str, Any]) -> list[Metric]:
    scoring = Scoring.from_record(document["options"])
    whole = {family for family in {metric.family for metric in METRICS.values()} if _whole(family, scoring)}
    return [metric for metric in scoring.entries if (metric.mean and not metric.quiet) or metric.family not in whole]


def _is_told(row: dict[str, Any], name: str) -> bool:
    """Whether a class has a number, be it infinite."""
    return _is_number(row[name]) or infinite(row, name)


def _is_number(value: Cell) -> bool:
    return value is not None and value == value


def _without_numbers(document: dict[str, Any]) -> list[str]:
    """The sections, and the metrics of other kinds, that were asked for and have no number at all."""
    empty = [kind for kind, every in outlined(document).sections.items() if not _any_told(document, kind, every)]
    shown = class_columns(document)
    eaten = [EVIDENCE[kind].eaten for kind in empty]
    return [*empty, *(m.printed for m in _asked(document) if m not in shown and m.eats not in eaten)]


def _any_told(document: dict[str, Any], kind: str, every: Iterable[Told]) -> bool:
    return any(_is_number(_placed(document, kind, told)) for told in every if told.over != "class")


def _whole(family: str, scoring: Scoring) -> bool:
    """Whether all metrics of a family were asked for."""
    return all(metric.name in scoring.names for metric in METRICS.values() if metric.family == family)


def loss_table(document: dict[str, Any]) -> Table | None:
    """A row for each loss: its value, the class where it is largest, and what is not as usual."""
    if not document.get("losses"):
        return None
    every = document["losses"]
    columns: dict[str, list[Cell]] = {
        "value": [found["value"] for found in every.values()],
        "worst class": [_worst(found["per_class"]) for found in every.values()],
        "undefined": [found["undefined"] for found in every.values()],
        "parameters": [_settings(name, found["params"]) for name, found in every.items()],
    }
    shown = {name: column for name, column in columns.items() if name == "value" or any(column)}
    rows: list[list[Cell]] = [[n, *row] for n, row in enumerate(zip(every, *shown.values(), strict=True), 1)]
    return Table("losses", ["no.", "loss", *shown], rows, len(rows))


def _worst(per_class: dict[str, float | None]) -> str:
    """The class of the largest value, if classes have values."""
    defined = {name: value for name, value in per_class.items() if value is not None}
    name = max(defined, key=lambda each: defined[each], default="")
    return f"{name} {shown(defined[name])}" if name else ""


def _settings(name: str, params: dict[str, Any]) -> str:
    """The parameters off their defaults, as in the command."""
    from segeval.losses import LOSSES  # here, since documents of other runs have none

    known = LOSSES[name].params if name in LOSSES else {}
    off = {key: value for key, value in params.items() if not (key in known and known[key].default == value)}
    return ", ".join(f"{key}={value}" for key, value in off.items())


def _about_losses(document: dict[str, Any]) -> list[str]:
    """What the values of losses are of, and which are not what they seem."""
    every, left_out = document.get("losses", {}), document.get("losses_left_out", {})
    lines = []
    summed = {found["reduction"] != "mean over images" for found in every.values()}
    if every:
        what = "sums over all images" if summed == {True} else "means over images"
        mixed = "; of sums over all images where they add up" if len(summed) == 2 else ""
        lines.append(f"losses are {what}{mixed}, and less is better: segeval list losses")
    clipped = {name: found["clipped"] for name, found in every.items() if found.get("clipped")}
    if clipped:
        what = f"{counted(max(clipped.values()), 'hard mask')}: in losses with a logarithm ({some(list(clipped), 2)})"
        said = HardMasks(f"{what} a wrong pixel costs 16.12, the clip")
        lines.append(f"{said.message} ({said.code})")
    return lines + [f"loss left out: {name}: {reason}" for name, reason in left_out.items()]


def section_tables(document: dict[str, Any]) -> list[Table]:
    """For each section its main numbers, then a table of each part of it that has rows of the same numbers.

    A section without any number has no table.
    """
    found = []
    for kind, every in outlined(document).sections.items():
        if not _any_told(document, kind, every):
            continue
        main = _main_numbers(document, kind, every)
        rows: list[list[Cell]] = [[n, name, value] for n, (name, value) in enumerate(main.items(), 1)]
        found.append(Table(kind, ["no.", kind, "value"], rows, len(rows)))
        parts: dict[str, dict[str, dict[str, Cell]]] = {}
        for each in every:
            if each.detail and each.over != "class":
                *part, row, name = each.path
                parts.setdefault(" ".join(part), {}).setdefault(row, {})[name] = _placed(document, kind, each)
        for title, own in parts.items():
            names = list(dict.fromkeys(name for row in own.values() for name in row))
            cells = [[n, of, *(row.get(name) for name in names)] for n, (of, row) in enumerate(own.items(), 1)]
            found.append(Table(f"{kind}: {title}", ["no.", f"{kind}, {title}", *names], cells, len(cells)))
    return found


def _main_numbers(document: dict[str, Any], kind: str, every: Iterable[Told]) -> dict[str, Cell]:
    """The numbers of a section that are no details, by the names that rules have for them."""
    return {
        f"{kind}.{each.name}": _placed(document, kind, each)
        for each in every
        if not each.detail and each.over != "class"
    }


def _placed(document: dict[str, Any], kind: str, told: Told) -> Cell:
    """A number of a section where the document has it."""
    found: Cell = functools.reduce(operator.getitem, told.path, document[kind])
    return found


def interval_table(document: dict[str, Any]) -> Table | None:
    """A row for each summary number with its confidence interval."""
    if "ci" not in document:
        return None
    rows: list[list[Cell]] = []
    told, parts = {name: summary_cell(document, name) for name in document["summary"]}, [document["ci"]["summary"]]
    for kind, every in outlined(document).sections.items():
        main = _main_numbers(document, kind, every)
        told |= main
        parts.append({name: document["ci"][kind][name] for name in main})
    for part in parts:
        for name, found in sorted(part.items()):
            endless = found.get("infinite", {})
            low, high = ((float(endless[end]) if end in endless else found[end]) for end in ("low", "high"))
            if not any(map(_is_number, (told[name], low, high))):
                continue  # undefined however images are drawn
            rows.append([len(rows) + 1, name, told[name], low, high, found["undefined"]])
    return Table(
        "confidence intervals", ["no.", "number", "value", "low", "high", "undefined resamples"], rows, len(rows)
    )


def matrix_table(document: dict[str, Any], by: str) -> Table:
    """The confusion matrix as counts (`raw`) or as shares of each true class, each predicted class or all pixels."""
    names = {c["id"]: c["name"] for c in document["classes"]}
    matrix = document["confusion"]
    counts = matrix["counts"] or []
    cells = counts if by == "raw" or not counts else shares(counts, by).tolist()
    rows = [[id_, names[id_], *row] for id_, row in zip(matrix["truth_ids"], cells, strict=False)]
    what = "counts" if by == "raw" else f"shares of {by}"
    headers = ["id", "truth \\ prediction", *(names.get(id_, str(id_)) for id_ in matrix["pred_ids"])]
    return Table(f"confusion matrix, {what}", headers, rows, len(rows))


def number_table(document: dict[str, Any]) -> Table | None:
    """A row for each number that was asked for by name."""
    asked = document["options"].get("numbers", [])
    rows: list[list[Cell]] = [[n, name, document["summary"][name]] for n, name in enumerate(asked, 1)]
    return Table("numbers", ["no.", "number", "value"], rows, len(rows)) if rows else None


def tables(document: dict[str, Any], matrix: str | None) -> list[Table]:
    """All tables of a report."""
    groups = group_table(document)
    losses = loss_table(document)
    return [
        *class_tables(document),
        *(each for each in (groups, number_table(document), losses) if each),
        *section_tables(document),
        *(each for each in (interval_table(document),) if each),
        *([matrix_table(document, matrix)] if matrix else []),
    ]


def sentences(document: dict[str, Any]) -> list[str]:
    """What stands below the tables: accuracies, what is undefined, how it was counted."""
    summary, options = document["summary"], document["options"]
    lines = [
        f"pixel accuracy {shown(summary['pixel_accuracy'])}, mean accuracy {shown(summary['mean_accuracy'])}, "
        f"frequency-weighted IoU {shown(summary['fw_iou'])}"
    ]
    absent = [c["name"] for c in document["classes"] if "iou" in c["undefined"]] if "iou" in options["metrics"] else []
    if absent:
        lines.append(f"undefined (–) and in no mean: {some(absent, 6)}")
    if options.get("multilabel"):
        lines.append("classes do not exclude each other: no matrix; pixel accuracy counts the decisions of all of them")
    elif document["confusion"]["counts"] is None:
        lines.append("there are too many classes for a matrix; confusion_images.csv (-o DIR) has its cells")
    if worst := largest_confusions(document, 3):
        told = [f"{t} → {p} {counted(n, 'pixel')} ({100 * share:.2g} % of {t})" for t, p, n, share in worst]
        lines.append(f"largest confusions: {', '.join(told)}")
    strange = sum(row[-1] for row in document["confusion"]["counts"] or [])
    if strange:
        lines.append(f"{counted(strange, 'pixel')} predicted as no class: wrong for the true class (column other)")
    missed, invented = (sum(c[name] for c in document["classes"]) for name in ("n_missed", "n_hallucinated"))
    if missed or invented:
        lines.append(
            f"a class was missed in a whole image {counted(missed, 'time')}, hallucinated {counted(invented, 'time')}"
        )
    if nothing := _without_numbers(document):
        lines.append(f"without any number, and not shown: {some(nothing, 6)}")
    lines += [*_about_distances(document), *_about_losses(document)]
    if "ci" in document:
        lines.append(about_intervals(options["ci"], document["ci"]["groups"], "group_by" in options))
    if (profile := PROFILES.get(options.get("profile", ""))) is not None:
        found = {name: value for name in profile.reports for value in _numbers(document, name)}
        lines.append(f"profile {options['profile']}: {', '.join(f'{name} {shown(found[name])}' for name in found)}")
        lines += [f"{name} wants {what}" for name, what in profile.wants.items() if name not in found]
    what = "value" if options.get("multilabel") else "id"
    ignored = f"ignored {what}s {', '.join(map(str, options['ignore']))}" if options["ignore"] else f"no {what} ignored"
    lines.append(f"a class counts {_PRESENCE[options['presence']]}; {options['mean']} mean over classes; {ignored}")
    return lines


def _numbers(document: Mapping[str, Any], name: str) -> Iterator[Any]:
    """The number of that name, of the whole data set or of a section, if the run has it."""
    kind, _, rest = name.partition(".")
    paths = [(kind, *told.path) for told in SECTIONS.told(kind, None) if told.name == rest and told.over != "class"]
    for path in [("summary", name), *paths]:
        with contextlib.suppress(KeyError):
            yield functools.reduce(operator.getitem, path, document)


def about_intervals(how: dict[str, Any], drawn: int, grouped: bool) -> str:
    """What intervals are, drawn from so many images or groups."""
    what = f"{100 * how['confidence']:g} % two-sided, bootstrap of {how['resamples']:,} resamples"
    rough = "; fewer than 10 make them rough" if drawn < 10 else ""
    return f"intervals: {what} over {counted(drawn, 'group' if grouped else 'image')} (seed {how['seed']}){rough}"


def largest_confusions(document: dict[str, Any], most: int) -> list[tuple[str, str, int, float]]:
    """The true class, what it was taken for, the pixels, their share of the true class; the most pixels first."""
    names = {row["id"]: row["name"] for row in document["classes"]}
    matrix = document["confusion"]
    counts = matrix["counts"] or []
    cells = ((-count, k, m) for k, row in enumerate(counts) for m, count in enumerate(row) if k != m and count)
    truth, pred = matrix["truth_ids"], matrix["pred_ids"]
    return [
        (names[truth[k]], names.get(pred[m], "no class"), counts[k][m], counts[k][m] / sum(counts[k]))
        for _, k, m in heapq.nsmallest(most, cells)
    ]


def _about_distances(document: dict[str, Any]) -> list[str]:
    """What distances are counted in, and what an infinite one means."""
    options, entries = document["options"], Scoring.from_record(document["options"]).entries
    if "unit" not in options:
        return []
    endless = [metric.printed for metric in entries if metric.endless]
    across = {"face": "faces", "full": "faces, edges and corners"}[options["border_connectivity"]]
    unit = "pixels" if options["unit"] == "pixel" else options["unit"]
    lines = [f"distances are in {unit}; a border is what has a neighbour outside across {across}"]
    if "penalty" in options:
        length = "the diagonal of the image" if options["penalty"] == "diagonal" else f"{options['penalty']:g}"
        lines.append(f"in means, the distance of a class that is in one mask alone is {length} (--penalty)")
    elif any(infinite(row, name) for row in document["classes"] for name in endless):
        lines.append("∞: a class is in one mask alone in some image; in brackets the mean over the others")
    return lines


def headline(document: dict[str, Any], worst: list[tuple[str, float]]) -> str:
    """The last line: how many images, the mIoU and which one, the worst images."""
    images, miou = document["images"], document["summary"]["miou_dataset"]
    line = f"{counted(images['scored'], 'image')} scored"
    if images["failed"]:
        line = f"INCOMPLETE: {line}, {len(images['failed']):,} failed"
    if shards := document.get("shards"):
        parts = ", ".join(map(str, shards["parts"]))
        line = f"SHARD {parts} of {shards['of']}: {line}"
    if images["missing"]:
        policy = MISSING[document["options"]["missing"]]
        line += f", {len(images['missing']):,} without prediction ({policy})"
    line += f" · mIoU {shown(miou)} (miou_dataset)"
    if worst:
        line += " · worst: " + ", ".join(f"{name} {shown(value)}" for name, value in worst)
    return line


def worst_images(ids: list[str], values: list[float], count: int = 3) -> list[tuple[str, float]]:
    """The images of lowest value; those without a value are left out."""
    defined = [(value, name) for name, value in zip(ids, values, strict=True) if not math.isnan(value)]
    return [(name, value) for value, name in sorted(defined)[:count]]
