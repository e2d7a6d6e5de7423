"""The page: its sections in order, its style and script inside, and a policy that lets nothing else in."""

import base64
import hashlib
import json
import math
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np

from segeval.catalog import Catalog
from segeval.errors import BadRule, MissingPackage
from segeval.gate.rules import Asked
from segeval.report.html.gallery import Gallery
from segeval.report.percent import in_percent, is_share
from segeval.report.sections import Cell, Percent, class_columns, shown, summary_cell
from segeval.run.bootstrap import Draws, bounds
from segeval.run.means import resample
from segeval.run.numbers import SUMMARY, Number, columns, numbers, summary
from segeval.run.results import Results
from segeval.run.tables import Tables
from segeval.text import safe_text

SECTIONS = Catalog("section of the report")
TILES = 6  # numbers at the top
FIRST = "miou_dataset"  # the one that stands first, as in every output
BY = "miou_image"  # what images are ordered by unless somebody asks for another number


@dataclass(frozen=True, eq=False)
class Shown:
    """What a page is about."""

    results: Results
    baseline: Results | None = None
    verdict: dict[str, Any] | None = None
    comparison: dict[str, Any] | None = None
    gallery: Gallery | None = None
    draws: Draws = field(default_factory=Draws)
    by: str = BY  # the number that images are ordered by
    title: str = "segeval report"
    percent: bool = False  # shares are shown as percentages

    @cached_property
    def document(self) -> dict[str, Any]:
        return in_percent(self.results.document) if self.percent else dict(self.results.document)

    def told(self, number: Number, value: float) -> float:
        """A value of a number as it is shown."""
        return Percent(value) if self.percent and is_share(number) else value

    @cached_property
    def tables(self) -> Tables | None:
        """What each image left behind; None where only the `run.json` is there."""
        return None if self.results.beside is False else self.results.grouped(self.draws.grouping).rows

    @cached_property
    def ordering(self) -> Number:
        """The number that images are ordered by."""
        return ordering(self.results, self.by)

    @cached_property
    def image_numbers(self) -> list[Number]:
        """The numbers that single images have too, the one that they are ordered by first."""
        if self.tables is None:
            return []
        whole = [
            n for n in numbers(self.results.outline) if n.images and "classes" not in n.path and "[" not in n.title
        ]
        kept = [n for n in whole if not n.name.endswith(("_dataset", "_class")) and not n.name.startswith("group_")]
        found, seen = [self.ordering], [self.values(self.ordering)]
        for number in kept:
            values = self.values(number)
            if not np.isnan(values).all() and not any(np.array_equal(values, each, equal_nan=True) for each in seen):
                found.append(number)
                seen.append(values)
        return found

    def values(self, number: Number) -> Any:
        """What a number is of single images."""
        tables, images = self.tables, number.images
        assert tables is not None
        assert images is not None
        return tables.once(("report", number.title), lambda: images(tables))

    @cached_property
    def numbers(self) -> dict[str, Number]:
        """Every number of the run, by its title."""
        return {number.title: number for number in numbers(self.results.outline)}

    @cached_property
    def headline(self) -> dict[str, Cell]:
        """The numbers at the top: the first of the data set's means, and the last of the others; FIRST in any case."""
        told = {name: summary_cell(self.document, name) for name in self.document["summary"]}
        defined = {name for name, value in told.items() if name == FIRST or (value is not None and value == value)}
        kept = [n for n in summary(self.results.outline) if n in defined and not n.startswith("group_")]
        main = [*(name for name in kept if name.endswith("_dataset")), *(name for name in kept if name in SUMMARY)]
        main.sort(key=lambda name: name != FIRST)
        return {name: told[name] for name in dict.fromkeys(main[: TILES // 2] + main[-TILES // 2 :])}

    @cached_property
    def intervals(self) -> dict[str, tuple[float, ...]]:
        """The two-sided intervals of the numbers at the top, and of the first metric of each class."""
        if self.tables is None or self.tables.clusters < 2:
            return {}
        outline = self.results.outline
        known = summary(outline)
        asked = [known[name] for name in self.headline]
        if metrics := class_columns(self.document)[:1]:
            asked += [columns(outline)[metrics[0].printed].number(outline, k) for k in range(len(outline.classes))]
        drawn = {number.title: number.drawn for number in asked if number.drawn}
        sure = (1 + self.draws.confidence) / 2
        found = resample(self.draws, [self.tables], drawn)
        low_high = {title: bounds(values, sure) for title, values in found.items() if values.size}
        known |= {number.title: number for number in asked}
        return {
            title: (self.told(known[title], low), self.told(known[title], high))
            for title, (low, high) in low_high.items()
        }


def ordering(results: Results, by: str) -> Number:
    """The number that orders images.  BadRule where the run has none of that name, or images have not."""
    (number, *others) = Asked.parse(by).numbers(results)
    if others or number.images is None:
        raise BadRule(f"{by} is not one number of each image", "for example miou_image, or iou[person]")
    return number


def page(of: Shown) -> str:
    """The text of the page."""
    import segeval.report.html.views  # noqa: F401 - the sections are listed there

    found = [(name, entry, entry.func(of)) for name, entry in SECTIONS.items()]
    there = [
        {"id": name, "title": entry.facts["title"], "template": entry.facts["template"], "data": data}
        for name, entry, data in found
        if data is not None
    ]
    return rendered(of.title, there)


def rendered(title: str, sections: list[dict[str, Any]]) -> str:
    """The text of a page of these sections: each an `id`, a `title`, a `template` and its `data`."""
    templates = environment()
    style, script = _source(templates, "style.css") + _shades(), _source(templates, "script.js")
    text: str = templates.get_template("page.html").render(
        title=title,
        sections=sections,
        style=_raw(style),
        script=_raw(script),
        policy=(
            f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
            "base-uri 'none'; form-action 'none'"
        ),
    )
    return text


@cache
def environment() -> Any:
    """Jinja with every escape on, and names made visible."""
    try:
        import jinja2
    except ImportError as fault:
        raise MissingPackage("the HTML report needs Jinja2", "pip install 'segeval-masks[report]'") from fault
    from markupsafe import Markup

    def visible(value: Any) -> Any:
        return safe_text(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("segeval.report.html", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=visible,
    )
    environment.filters.update(
        num=shown, at=_coordinate, exact=_exact, data=_data, picture=_picture, percent=_percent, end=_end
    )
    return environment


def _source(environment: Any, name: str) -> str:
    """A file that lies beside the templates."""
    text: str = environment.loader.get_source(environment, name)[0]
    return text


def _raw(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _coordinate(value: float) -> str:
    """A coordinate with two digits, the same on every machine."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _exact(value: float) -> str:
    """A number as the script reads it; empty where it is undefined."""
    if math.isnan(value):
        return ""
    return f"{value:.9g}".replace("inf", "Infinity")


def _end(value: float) -> str:
    """An end of an axis."""
    return f"{100 * value:.3g} %" if isinstance(value, Percent) else f"{value:.3g}"


def _percent(value: float | None) -> str:
    """A share as a whole percentage that is 0 and 100 only where it is exactly that."""
    if value is None or value != value:
        return "–"
    if value in (0, 1):
        return f"{100 * value:.0f}"
    return "<1" if value < 0.005 else ">99" if value > 0.995 else f"{100 * value:.0f}"


def _data(value: Any) -> Any:
    """JSON that stays text inside a script element."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return _raw(text)


def _picture(data: bytes) -> str:
    """Bytes as a data URI."""
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


STEPS = 20  # shades of the heat map
# Cividis at five places: even in lightness, and the same to all kinds of colour vision.
# Nuñez, J. R., Anderton, C. R., Renslow, R. S. (2018). PLOS ONE 13:e0199239
_CIVIDIS = np.array([[0, 34, 78], [65, 77, 107], [124, 123, 120], [188, 175, 111], [254, 232, 56]], np.float64)


def _shades() -> str:
    """A style for each step of the heat map, its text dark or light, whichever is easier to read."""
    rules = []
    for step in range(STEPS + 1):
        place = step / STEPS * (len(_CIVIDIS) - 1)
        low = min(int(place), len(_CIVIDIS) - 2)
        colour = _CIVIDIS[low] + (place - low) * (_CIVIDIS[low + 1] - _CIVIDIS[low])
        red, green, blue = (round(each) for each in colour)
        linear = [(c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4) for c in colour]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        text = "#fff" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "#000"
        rules.append(f".h{step}{{background:#{red:02x}{green:02x}{blue:02x};color:{text}}}")
    return "\n".join(rules) + "\n"
