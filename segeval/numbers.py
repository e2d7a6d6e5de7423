"""Every number of a run by its name: its value, which side of it is better, and how it is resampled."""

import contextlib
import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from segeval.bootstrap import Stat
from segeval.catalog import Entry, did_you_mean
from segeval.errors import UnknownName
from segeval.evidence.runs import Array
from segeval.metrics import METRICS
from segeval.results import Results
from segeval.rows import Resampled, Rows, of_images, summary


@dataclass(frozen=True)
class Number:
    """One number of a run: which, of which class, and over what."""

    name: str
    title: str  # as it is written in a rule: `iou[person]`
    best: float  # the value that cannot be better
    low: float
    high: float
    told: Callable[[Results], Any] | None = None  # where a document has it
    drawn: Callable[[Resampled], Array] | None = None  # (B,); None: it cannot be resampled
    refusal: str = ""  # why not
    images: Callable[[Rows], Array] | None = None  # what it is of single images (images,); None: nothing
    unit: str = ""  # pixel | spacing

    def unit_in(self, results: Results) -> str | None:
        """The unit that it has in a run; None where it has none."""
        found = results.document["options"].get("unit") if self.unit == "spacing" else self.unit
        return str(found) if found else None

    def good(self, values: Array) -> Array:
        """The values turned so that more is better."""
        return _good(values, self.best, self.low, self.high)

    def value(self, results: Results) -> float:
        """The number of a run: what its document says, or what its rows give."""
        if self.told and results.whole:
            with contextlib.suppress(KeyError):  # a run of other metrics does not tell it, but its rows give it
                found = self.told(results)
                return math.nan if found is None else float(found)
        if self.drawn is None:
            return math.nan
        rows = results.rows
        return float(self.drawn(Resampled(rows, np.ones((1, rows.clusters))))[0])


def _good(values: Array, best: float, low: float, high: float) -> Array:
    if best == high:
        return values
    return -values if best == low else -np.abs(values - best)


def find(results: Results, name: str, class_: int | None, over: str = "images", stat: Stat | None = None) -> Number:
    """The number of that name.  UnknownName where the run has none.

    class_: a position in the class table.  stat: what to tell of the scores of single images or groups (`over`);
    without one the number is of all of them together.
    """
    if name.startswith("loss."):
        return _loss(results, name, class_, over, stat)
    if stat is not None:
        return _spread(results, name, class_, over, stat)
    return _of_class(results, name, class_) if class_ is not None else _of_all(results, name)


def _of_all(results: Results, name: str) -> Number:
    known = results.document["summary"]
    if name not in known:
        metrics = {entry.facts["mean"]: entry for entry in METRICS.values() if "mean" in entry.facts}
        if name in metrics:
            wanted = ", ".join(f"{name}_{kind}" for kind in ("dataset", "image", "class"))
            raise UnknownName(f"there are several {name}", f"say which: {wanted}")
        if name in METRICS or name in _columns(results):
            raise UnknownName(
                f"{name} belongs to classes", f"write {name}[CLASS], {name}[*] or {name} over images STAT"
            )
        raise UnknownName(f"the run has no number called {name!r}", did_you_mean(name, list(known)))
    drawn = summary(bool(results.document.get("groups"))).get(name)
    return Number(
        name, name, 1, 0, 1, lambda r: r.document["summary"].get(name), drawn, _refused(name, drawn), of_images(name)
    )


def _refused(title: str, drawn: object) -> str:
    return "" if drawn else f"{title} has no evidence of single images"


def _columns(results: Results) -> list[str]:
    """The numbers of a class."""
    row: Mapping[str, Any] = results.classes[0] if results.classes else {}
    return [key for key, value in row.items() if key not in ("id", "name", "group", "undefined")]


def _of_class(results: Results, name: str, k: int) -> Number:
    row = results.classes[k]
    over_images = METRICS.get(name.removesuffix("_over_images")) if name.endswith("_over_images") else None
    entry = over_images or _entry(results, name)
    key = name if over_images or not entry else results.scoring.printed(entry)
    title = f"{key}[{row['name']}]"
    told = (lambda r: r.classes[k][key]) if key in row else None
    if entry:
        at = Resampled.means_of_classes if over_images else Resampled.pooled_classes
        return _scored(
            entry, title, told, lambda r: at(r, entry, r.rows.scores)[:, k], functools.partial(_of_images, entry, k)
        )
    if key in _columns(results):
        return Number(key, title, math.nan, -math.inf, math.inf, told, None, _refused(key, None))
    known = [*_columns(results), *METRICS]
    raise UnknownName(f"the run has no number of a class called {name!r}", did_you_mean(name, known))


def _entry(results: Results, name: str) -> Entry | None:
    """The metric of that name, with or without the value of its knob: `f_beta@2`."""
    named = {each: entry for entry in METRICS.values() for each in (entry.name, results.scoring.printed(entry))}
    return named.get(name)


def _scored(
    entry: Entry,
    title: str,
    told: Callable[[Results], Any] | None,
    drawn: Callable[[Resampled], Array],
    images: Callable[[Rows], Array] | None,
) -> Number:
    best, low, high = (float(entry.facts[fact]) for fact in ("best", "low", "high"))
    return Number(entry.name, title, best, low, high, told, drawn, "", images, entry.facts.get("unit", ""))


def _of_images(entry: Entry, k: int | None, rows: Rows) -> Array:
    """A metric of single images: of a class, or the mean over classes."""
    if k is None:
        return np.array(rows.scores.image_means(entry), np.float64)
    return rows.scores.values(entry, rows.scores.images)[:, k]


def _spread(results: Results, name: str, k: int | None, over: str, stat: Stat) -> Number:
    """A statistic of the scores of single images or groups: of a class, or of the means over classes."""
    entry = _entry(results, name)
    if entry is None:
        what = f"{name} is no metric of single {over}"
        raise UnknownName(what, did_you_mean(name, list(METRICS)))
    kind = results.scoring.mean
    if k is None and kind != "arithmetic" and entry.facts["low"] < 0:
        raise UnknownName(f"{name} may be below 0 and has no {kind} mean over classes", f"write {name}[CLASS]")
    title = f"{results.scoring.printed(entry)}{'' if k is None else '[' + results.classes[k]['name'] + ']'}"

    def good(values: Array) -> Array:
        return _good(values, *(float(entry.facts[fact]) for fact in ("best", "low", "high")))

    def drawn(r: Resampled) -> Array:
        rows = r.rows if over == "images" else r.rows.pooled
        return stat.of(r.images if over == "images" else r.weights, _of_images(entry, k, rows), good)

    images = functools.partial(_of_images, entry, k) if over == "images" else None
    return _scored(entry, f"{title} over {over} {stat.name}", None, drawn, images)


def _loss(results: Results, name: str, k: int | None, over: str, stat: Stat | None) -> Number:
    loss, known = name.removeprefix("loss."), results.document.get("losses", {})
    if loss not in known:
        hint = did_you_mean(loss, list(known)) if known else "score with --losses"
        raise UnknownName(f"the run has no loss called {loss!r}", hint)
    column, title = (0, name) if k is None else (1 + k, f"{name}[{results.classes[k]['name']}]")
    facts = (-math.inf, -math.inf, math.inf)

    def of_image(rows: Rows) -> Array:
        values: Array = rows.losses()[loss][:, column]
        return values

    if stat is None:
        summed = known[loss]["reduction"] != "mean over images"
        refusal = f"{name} is computed of summed evidence (--loss-over batch)" if summed else ""
        drawn = None if summed else (lambda r: _loss_means(r, loss)[:, column])
        return Number(name, title, *facts, lambda r: _told_loss(r, loss, k), drawn, refusal, of_image)

    def spread(r: Resampled) -> Array:
        values = of_image(r.rows)
        if over == "groups":
            values = r.rows.means_of_groups(values)
        return stat.of(r.images if over == "images" else r.weights, values, np.negative)

    images = of_image if over == "images" else None
    return Number(name, f"{title} over {over} {stat.name}", *facts, None, spread, "", images)


def _told_loss(results: Results, loss: str, k: int | None) -> Any:
    found = results.document["losses"][loss]
    return found["value"] if k is None else found["per_class"][results.classes[k]["name"]]


def _loss_means(r: Resampled, loss: str) -> Array:
    found: Array = r.once(("loss", loss), lambda: r.means(r.rows.losses()[loss]))
    return found
