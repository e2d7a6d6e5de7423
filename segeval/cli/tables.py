"""The tables of what there is, printed from the catalogues; the docs are made of them too."""

import inspect
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from segeval.data.class_tables import id_maps, known, names
from segeval.data.inputs import KINDS
from segeval.errors import EXIT_CODES, UnknownName, causes
from segeval.io import READERS, REFUSED
from segeval.losses import LOSSES, peers
from segeval.losses.engine.evidence import Asked, Plan
from segeval.losses.engine.parts import Parts
from segeval.losses.engine.pixel_loss import MAPPED
from segeval.measures import Loss, Measure, Metric
from segeval.metrics import METRICS
from segeval.metrics.peers import elsewhere
from segeval.metrics.sections import SECTIONS
from segeval.run.averages import AVERAGES
from segeval.run.conventions import CONVENTIONS
from segeval.run.numbers import MEANS, SUMMARY
from segeval.run.profiles import PROFILES, find
from segeval.text import in_a_row

Rows = list[list[str]]


def metrics() -> Rows:
    rows = [["name", "range", "best", "formula", "mean"]]
    for entry in METRICS.values():
        mean = f"{entry.mean_name('dataset')}, _image, _class" if entry.mean else "–"
        rows.append([entry.name, printed_range(entry), f"{entry.best:g}", _formula(entry.func), mean])
    return rows


def _formula(func: object) -> str:
    """The first indented line of a docstring, right of the equals sign."""
    lines = (inspect.getdoc(func) or "").splitlines()
    return next(line.partition("=")[2].strip() for line in lines if line.startswith("    "))


def losses(entries: Iterable[Loss] | None = None) -> Rows:
    rows = [["name", "family", "range", "input", "parameters"]]
    for entry in LOSSES.values() if entries is None else entries:
        settings = ", ".join(_settings(entry)) or "–"
        rows.append([entry.name, entry.family, printed_range(entry), _input(entry), settings])
    return rows


def printed_range(measure: Measure) -> str:
    return f"{measure.low:g} … {measure.high:g}".replace("inf", "∞").replace("-", "−")


def _input(entry: Loss) -> str:
    """What a loss takes, as far as it is special."""
    if entry.direct:
        return "other arrays, in Python only"
    kind = "scores" if entry.scores else "probabilities"
    return f"{kind}, hard truth" if entry.hard else kind


def _settings(entry: Loss) -> list[str]:
    """The parameters of a loss with their defaults."""
    if entry.direct:
        keywords = inspect.signature(entry.func).parameters.values()
        return [f"{p.name}={p.default}" for p in keywords if p.kind is p.KEYWORD_ONLY]
    return [f"{each.name}={each.default}" for each in entry.params.values()]


def loss_page(entry: Loss) -> str:
    """A loss in full: formula, when to use it, source, range, parameters, conventions."""
    lines = [f"loss.{entry.name}", "", inspect.getdoc(entry.func) or "", "", f"range: {printed_range(entry)}"]
    if entry.also:
        lines.append(f"also called: {', '.join(entry.also)}")
    lines.append(f"input: {_input(entry)}")
    if not entry.direct:
        lines.append(f"reduction: {_reduction(entry)}")
        if not entry.background:
            lines.append("classes: foreground only (not class 0), unless background is asked for")
        if entry.log:
            lines.append("probabilities are kept within [1e-7, 1 − 1e-7] before a logarithm")
        known = entry.params.values()
        lines += [f"parameter {each.name} = {each.default}: {each.wanted}" for each in known]
    lines += [f"in other programs: {line}" for line in peers.elsewhere(entry.name)]
    return "\n".join(lines)


def _reduction(entry: Loss) -> str:
    """What its value is a mean of."""
    pixelwise = {leaf.needs in MAPPED for leaf in Plan([Asked(entry, entry.completed({}))]).leaves.values()}
    if len(pixelwise) == 2 or (entry.eats is Parts and pixelwise == {False}):
        return "from its parts"
    return "a mean over pixels" if pixelwise == {True} else "of each class, then their mean"


def metric_page(entry: Metric) -> str:
    """A metric in full: formula, source, range, unit, parameters, conventions."""
    lines = [entry.printed if entry.given else entry.name, "", inspect.getdoc(entry.func) or "", ""]
    lines.append(f"range: {printed_range(entry)}, best {entry.best:g}")
    if entry.also:
        lines.append(f"also called: {', '.join(entry.also)}")
    if entry.unit:
        lines.append("unit: pixels, or that of --spacing or of the files")
    lines += [f"parameter {each.name} = {entry.settings[each.name]:g}: {each.wanted}" for each in entry.params.values()]
    if entry.dataset == "mean":
        lines.append("data set: the mean over images; --pool-by cannot count it")
    lines += [f"in other programs: {line}" for line in elsewhere(entry.name)]
    return "\n".join(lines)


def section_page(name: str) -> str:
    """A number of a section of `run.json`, such as calibration.ece; empty for another name."""
    kind, _, rest = name.partition(".")
    told = next((each for each in SECTIONS.told(kind, None) if each.name == rest), None)
    if told is None or (measure := told.measure) is None:
        return ""
    of = {"total": "all images together", "images": "images, and their mean", "class": "each class"}
    over = of.get(told.over, "each class of all images together, and their mean")
    if measure.name in METRICS:
        return f"{name}: of {over}\n\n{metric_page(METRICS[measure.name])}"
    lines = [f"{name}: of {over}", "", inspect.getdoc(measure.func) or "", ""]
    lines.append(f"range: {printed_range(measure)}, best {measure.best:g}")
    lines += [f"in other programs: {line}" for line in elsewhere(measure.name)]
    return "\n".join(lines)


def summary_page(name: str) -> str:
    """A number of the whole data set, its formula, and the options that change it; empty for another name."""
    bare = name.removeprefix("group_")
    means = {each.mean_name(kind): (each, kind) for each in METRICS.values() if each.mean for kind in AVERAGES}
    metric, kind = means.get(bare, (None, ""))
    if name in SUMMARY or bare == "mean_accuracy":
        lines = [inspect.getdoc(SUMMARY[bare].func) or ""]
    elif metric:
        average = AVERAGES[kind]
        what, formula = (each.format(metric=metric.name) for each in (average.says, average.formula))
        lines = [what, "", f"    {name} = {formula}", "", f"{metric.name} = {_formula(metric.func)}"]
    else:
        return ""
    lines += ["", "classes: groups of classes"] if bare != name else []
    lines += _others(bare)
    lines += ["", "options: --ignore, --missing" + ("" if bare in ("pixel_accuracy", "fw_iou") else _OF_MEANS)]
    return "\n".join([name, "", *lines])


def _others(number: str) -> list[str]:
    """Who reports a number, and with which options."""
    found = [(each, each.way.flags()) for each in CONVENTIONS if each.way.number == number]
    lines = [*elsewhere(number), *(f"{c.program} {c.call}{f', with {flags}' if flags else ''}" for c, flags in found)]
    return ["", *(f"in other programs: {line}" for line in lines)] if lines else []


_OF_MEANS = ", --mean (which mean), --presence (of which classes), --mean-without, --undefined"


def means() -> Rows:
    """The numbers of a whole data set."""
    rows = [["name", "of", "told", "formula"]]
    rows += [[each.name, "all classes", _told(each.quiet), _formula(each.func)] for each in SUMMARY.values()]
    stems = [[entry.mean_stem, entry.name, entry.quiet] for entry in METRICS.values() if entry.mean]
    for average in AVERAGES.values():
        loud = ", ".join(str(stem) for stem, _, quiet in stems if not quiet)
        rows.append([f"STEM_{average.name}", loud, _told(average.quiet), average.formula.format(metric="metric")])
    return rows + [[f"{stem}_…", str(name), "with -n", "any of these means"] for stem, name, quiet in stems if quiet]


def _told(quiet: bool) -> str:
    return "with -n" if quiet else "always"


def explained() -> dict[str, list[str]]:
    """The names that can be explained, by kind."""
    means = [metric.mean_name(kind) for metric in METRICS.values() if metric.mean for kind in MEANS]
    return {
        "metrics": list(METRICS),
        "summary numbers": [*SUMMARY, *means],
        "sections": [f"{kind}.{name}" for kind in SECTIONS for name in _main_numbers(kind)],
        "losses": [f"loss.{name}" for name in LOSSES],
        "class tables": [f"classes.{name}" for name in names()],
        "profiles": [f"profile.{name}" for name in PROFILES],
        "id maps": [f"map.{name}" for name in id_maps()],
        "error codes": sorted(causes()),
        "tables": [*TABLES],
    }


def _main_numbers(kind: str) -> list[str]:
    """The numbers of a section that have a formula, and are no details."""
    told = SECTIONS.told(kind, None)
    return list(dict.fromkeys(each.name for each in told if each.measure and not each.detail))


def formats() -> Rows:
    rows = [["format", "suffixes", "what is read"]]
    for each in READERS.values():
        extra = f"; needs the extra {each.facts['extra']}" if "extra" in each.facts else ""
        rows.append([each.name.upper(), " ".join(each.facts["suffixes"]), each.facts["holds"] + extra])
    rows += [["refused", " ".join(each.suffixes), each.reason] for each in REFUSED]
    return rows


def inputs() -> Rows:
    rows = [[kind.holds, kind.taken, " ".join(said.code for said in kind.said), kind.otherwise] for kind in KINDS]
    return [["what a file holds", "is taken for", "said", "otherwise"], *rows]


def classes() -> Rows:
    rows = [["name", "classes", "ids", "void", "colours", "groups", "what"]]
    for name in names():
        found = known(name)
        ids = found.table.scored.ids
        colours = "shared" if found.shared_colors else "yes" if found.table.colors else "–"
        void = _ids(sorted(found.table.ignore))
        groups = str(len(found.table.groups)) if found.table.groups else "–"
        rows.append([name, str(len(ids)), _ids(ids), void, colours, groups, found.title])
    return rows


def _ids(ids: Sequence[int]) -> str:
    """Ids, those in a row as their first and last; of many parts the ends."""
    parts = in_a_row(ids, "…")
    return " ".join(parts if len(parts) <= 5 else [parts[0], "…", parts[-1]]) or "–"


def maps() -> Rows:
    rows = [["name", "ids of", "become ids of", "all others"]]
    rest = {"None": "an error", "same": "stay"}
    return rows + [[m.name, m.source, m.target, rest.get(str(m.rest), str(m.rest))] for m in id_maps().values()]


def profiles() -> Rows:
    rows = [["name", "what", "options", "its numbers"]]
    return rows + [
        [name, each.says, _options(each.options), ", ".join(each.reports)] for name, each in PROFILES.items()
    ]


def _options(options: Mapping[str, Any]) -> str:
    """Options as they are typed."""
    flags = {"numbers": "-n"}
    parts = [
        flags.get(key, f"--{key.replace('_', '-')}") + ("" if each is True else f" {each}")
        for key, value in options.items()
        for each in (value if isinstance(value, list) else [value])
    ]
    return " ".join(parts) or "–"


def class_page(name: str) -> str:
    """A class table in full: where it is from, what is to know of it, and its rows."""
    found = known(name)
    table = found.table
    void = ", ".join(map(str, sorted(table.ignore))) or "none"
    lines = [f"classes.{name}", "", found.title, "", f"option: --classes {name}", f"void, ignored in the truth: {void}"]
    lines += [f"background: {found.background}"] if found.background is not None else []
    lines += ["several classes share a colour: masks in colour are refused"] if found.shared_colors else []
    if found.raw_threshold:
        lines.append(
            f"binary; a true mask of grey is foreground from {found.raw_threshold} on, one of 0 and 1 is labels"
        )
    lines += [f"note: {note}" for note in found.notes]
    lines += [f"region {region}: {', '.join(map(str, ids))}" for region, ids in table.regions]
    lines += [f"source: {source}" for source in found.sources]
    rows = [["id", "name", "colour", "group"]]
    rows += [
        [str(c.id), c.name, "#{:02x}{:02x}{:02x}".format(*c.color) if c.color else "", c.group or ""]
        for c in table.classes
    ]
    return "\n".join([*lines, "", aligned(rows)])


def profile_page(name: str) -> str:
    """A profile in full."""
    found = find(name)
    lines = [f"profile.{name}", "", found.says, "", f"options: {_options(found.options)}"]
    lines += [f"its numbers: {', '.join(found.reports)}", *(f"  segeval explain {each}" for each in found.reports)]
    return "\n".join(lines)


def map_page(name: str) -> str:
    """An id map in full."""
    found = id_maps()[name]
    lines = [
        f"map.{name}",
        "",
        f"Ids of {found.source} become ids of {found.target}.",
        "",
        f"option: --map pred:{name}",
    ]
    rest = [["*", str(found.rest)]] if found.rest is not None else []
    return "\n".join(
        [*lines, "", aligned([["id", "becomes"], *([str(a), str(b)] for a, b in found.pairs.items()), *rest])]
    )


def exit_codes() -> Rows:
    return [["code", "meaning"], *([str(code), meaning] for code, meaning in EXIT_CODES.items())]


def error_codes() -> Rows:
    return [["code", "cause", "exit"], *([code, _cause(kind), str(kind.exit_code)] for code, kind in causes().items())]


def _cause(kind: type) -> str:
    return (inspect.getdoc(kind) or "").partition("\n")[0]


TABLES = {
    "metrics": metrics,
    "means": means,
    "losses": losses,
    "formats": formats,
    "inputs": inputs,
    "classes": classes,
    "maps": maps,
    "profiles": profiles,
    "exit-codes": exit_codes,
    "errors": error_codes,
}


def holding(rows: Rows, words: Sequence[str]) -> Rows:
    """The head, and the rows that hold all the words."""
    head, *body = rows
    found = [row for row in body if all(word.casefold() in " ".join(row).casefold() for word in words)]
    if not found:
        raise UnknownName(f"no row holds {' '.join(words)!r}", "without words all are printed")
    return [head, *found]


def aligned(rows: Rows) -> str:
    """Columns of equal width, for a terminal."""
    widths = [max(map(len, column)) for column in itertools.zip_longest(*rows, fillvalue="")]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def markdown(rows: Rows) -> str:
    """A Markdown table."""
    head, *body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
