"""Everything that a user chooses about a run, as one object: commands, Python and `run.json` fill and show the same."""

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from segeval.catalog import did_you_mean
from segeval.data.class_selection import ClassChoice, check_soft, check_two, choose, of_objects, of_segments
from segeval.data.folders import Layout
from segeval.data.nodata import ignoring
from segeval.data.reading import Reading, reading
from segeval.errors import BadOption, BadParameter, NoEffect, UnknownName
from segeval.evidence.kinds import EVIDENCE, Spec
from segeval.io import MAX_PIXELS
from segeval.io.files import MaskFile
from segeval.measures import Metric
from segeval.metrics import METRICS
from segeval.parameters import parsed
from segeval.run.bootstrap import Draws
from segeval.run.numbers import every
from segeval.run.profiles import profiled
from segeval.run.scoring import MEASURING, Scoring
from segeval.run.tables import Outline

if TYPE_CHECKING:
    from segeval.losses.engine.selection import LossChoice


# The options about reading that have an effect on some files and none on others.
READING = ("colors", "ignore_geometry", "logits", "one_hot", "probability", "threshold", "truth_threshold")


@dataclass(frozen=True)
class Options:
    """How pairs are found and read, what is measured of each, and how that is averaged; small, and the same for all."""

    layout: Layout = field(default_factory=Layout)
    reading: Reading = field(default_factory=Reading)
    classes: ClassChoice = field(default_factory=ClassChoice)
    scoring: Scoring = field(default_factory=Scoring)
    losses: "LossChoice | None" = None
    draws: Draws = field(default_factory=Draws)
    maps: Mapping[str, MaskFile] = field(default_factory=dict)  # the weight map of each pair
    found: bool = False  # the classes are those that the files hold: nobody named them
    profile: str | None = None  # whose options these are, where others were not given

    @classmethod
    @profiled
    def of(
        cls,
        *,
        profile: str | None = None,
        num_classes: int | None = None,
        classes: str | PathLike[str] | Sequence[str] | None = None,
        ignore: Iterable[int | float | str] = (),
        binary: bool = False,
        multilabel: bool = False,
        regions: bool = False,
        colors: str | PathLike[str] | None = None,
        probability: bool = False,
        logits: bool = False,
        threshold: float = 0.5,
        soft_truth: bool = False,
        one_hot: bool = False,
        truth_threshold: float | None = None,
        map: Iterable[str] = (),
        ignore_geometry: bool = False,
        max_pixels: int = MAX_PIXELS,
        pred_pattern: str | None = None,
        gt_pattern: str | None = None,
        missing: str = "error",
        ids: str | PathLike[str] | None = None,
        pred_array: str | None = None,
        gt_array: str | None = None,
        follow_symlinks: bool = False,
        metrics: str | Sequence[str] = "overlap",
        presence: str = "union",
        mean: str = "arithmetic",
        beta: float | None = None,
        mean_without: Iterable[int] = (),
        undefined: str | Iterable[str] = (),
        pool_by: str | None = None,
        numbers: str | Iterable[str] = (),
        losses: str | Sequence[str] | None = "default",
        params: Mapping[str, Any] | Sequence[str] = (),
        spacing: str | float | Sequence[float] | None = None,
        tolerance: float | Iterable[float] = (),
        percentile: float | Iterable[float] = (),
        penalty: float | str | None = None,
        border_connectivity: str = "face",
        background: int | str | None = 0,
        weights: str | PathLike[str] | None = None,
        class_weights: str | None = None,
        loss_over: str = "image",
        loss_average: str = "macro",
        loss_background: str | None = None,
        instances: str | None = None,
        connectivity: str | None = None,
        match_across_classes: bool = False,
        matching: str | None = None,
        iou_thresholds: str | float | Sequence[str | float] | None = None,
        keep_void: bool = False,
        pred_json: str | PathLike[str] | None = None,
        gt_json: str | PathLike[str] | None = None,
        group_by: str | None = None,
        ci: bool = False,
        confidence: float = 0.95,
        resamples: int = 10_000,
        seed: int = 0,
    ) -> "Options":
        """The options under the names that commands and Python have for them."""
        scoring, asked = measures(
            metrics,
            losses,
            params,
            presence=presence,
            mean=mean,
            beta=beta,
            mean_without=mean_without,
            undefined=undefined,
            pool_by=pool_by,
            tolerance=tolerance,
            percentile=percentile,
            penalty=penalty,
            border_connectivity=border_connectivity,
            background=background,
            numbers=numbers,
            weights=None if weights is None else fspath(weights),
            class_weights=class_weights,
            loss_over=loss_over,
            loss_average=loss_average,
            loss_background=loss_background,
            instances=instances,
            connectivity=connectivity,
            match_across_classes=match_across_classes,
            matching=matching,
            iou_thresholds=iou_thresholds,
            keep_void=keep_void,
            pred_json=None if pred_json is None else fspath(pred_json),
            gt_json=None if gt_json is None else fspath(gt_json),
        )
        return cls(
            Layout(
                pred_pattern,
                gt_pattern,
                missing,
                follow_symlinks,
                None if ids is None else fspath(ids),
                pred_array,
                gt_array,
            ),
            reading(
                map,
                probability=probability,
                logits=logits,
                threshold=threshold,
                max_pixels=max_pixels,
                soft_truth=soft_truth,
                one_hot=one_hot,
                truth_threshold=truth_threshold,
                ignore_geometry=ignore_geometry,
                spacing=spacing,
            ),
            choose(num_classes, classes, ignore, binary, colors, multilabel, regions),
            scoring,
            asked,
            Draws(group_by, confidence, resamples, seed, ci),
            profile=profile,
        )

    def __post_init__(self) -> None:
        for asked in self.scoring.kinds.values():
            if self.classes.multilabel:
                name = "--regions" if self.classes.members else "--multilabel"
                what = f"{name} has classes that do not exclude each other, and objects are of one class"
                raise BadOption(what, "score the classes one by one, each as a mask of its own, with --binary")
            if asked.ids_are_objects and not self.classes.objects:
                object.__setattr__(self, "classes", of_objects(self.classes, asked.background))
            if asked.ids_are_segments and not self.classes.segments:
                object.__setattr__(self, "classes", of_segments(self.classes, asked.background))
        if self.reading.soft_truth and not self.classes.multilabel:
            check_soft(self.classes)
        if self.reading.truth_threshold is not None:
            check_two(self.classes)
        if self.scoring.numbers:
            groups = tuple(self.classes.scored.groups) if self.classes.scored else ()
            known = every(Outline(self.scoring, (), groups, tuple(self.specs)))
            for name in self.scoring.numbers:
                if name not in known:
                    hint = f"{did_you_mean(name, list(known))} (see `segeval explain`)"
                    raise UnknownName(f"--number {name}: there is no such number of a whole data set", hint)
                if known[name].low < 0 and self.scoring.mean != "arithmetic":
                    what = f"--number {name} may be below 0 and has no {self.scoring.mean} mean"
                    raise BadOption(what, "leave out one of them")

    @cached_property
    def specs(self) -> dict[str, Any]:
        """The kinds of evidence that every image leaves behind, each with what is asked of it."""
        pixels = EVIDENCE["multilabel" if self.classes.multilabel else "counts"]
        found: dict[str, Any] = {pixels.name: None}
        for kind in EVIDENCE.values():
            asked = {each.printed: each for each in self.scoring.entries if each.eats is kind.eaten}
            if asked and kind.settings:
                found[kind.name] = self.scoring.kinds[kind.name]
            elif asked and kind.eaten is not pixels.eaten:
                named = any(self.scoring.names_it(each) for each in asked.values())
                found[kind.name] = Spec(asked, {name: getattr(self.scoring, name) for name in MEASURING}, named)
        if self.losses is not None:
            import segeval.losses.engine.kind  # noqa: F401 - their kind of evidence is listed there

            found["losses"] = self.losses
        return found

    def with_losses(self) -> "Options":
        """The same with the losses that the inputs allow."""
        if self.losses is None:
            return self
        table = self.classes.scored
        if table is None and self.losses.wants_classes:
            raise BadOption("losses need to know the classes", "give --num-classes N, --classes NAMES|FILE or --binary")
        if self.classes.multilabel and self.losses.class_weights is not None:
            what = "--class-weights weighs classes that exclude each other, and those of --multilabel do not"
            raise BadOption(what, "-p weighted_cross_entropy.class_weights=balanced weighs yes and no of each channel")
        if table is not None:
            self.losses.check_weights(table.ids)
        return self._allowed()

    def _allowed(self) -> "Options":
        if self.losses is None:
            return self
        from segeval.losses.engine.selection import Inputs

        table = self.classes.scored
        inputs = Inputs(
            None if table is None else table.ids,
            self.classes.binary,
            self.classes.multilabel,
            self.reading.soft_truth,
            pooled=self.scoring.pool_by is not None,
        )
        return replace(self, losses=self.losses.allowed(inputs).with_presence(self.scoring.presence))

    @property
    def about_reading(self) -> list[str]:
        """The options that have an effect on some files and none on others, where they are not at their defaults.

        Each by its name, with what it is about where that can be several things: `logits`, `map pred`, `ignore nan`.
        """
        given = vars(self.reading) | {"colors": self.classes.palette}
        found = [name for name in READING if given[name] and given[name] != getattr(Reading, name, None)]
        found += [f"map {side}" for side in self.reading.maps]
        found += [ignoring(each) for each in self.classes.nodata]
        return sorted([*found, *self.layout.arrays])

    def recorded(self) -> dict[str, Any]:
        """The options that can change a number, as they stand in `run.json`."""
        return {
            **self.layout.recorded(),
            **self.classes.recorded(),
            **self.reading.recorded(),
            **({"classes_found": True} if self.found else {}),
            **({"profile": self.profile} if self.profile else {}),
            **self.scoring.recorded(),
            **({"losses": self.losses.recorded()} if self.losses else {}),
            **self.draws.recorded(),
        }

    @classmethod
    def from_record(cls, options: Mapping[str, Any]) -> "Options":
        """The same from the options of a `run.json`, as far as they can change a number."""
        scoring, losses = Scoring.from_record(options), None
        if "losses" in options:
            from segeval.losses.engine.selection import LossChoice

            losses = LossChoice.from_record(options["losses"], scoring.presence)
        choice = ClassChoice.from_record(options)
        reading = Reading.from_record(options)
        found = options.get("classes_found", False)
        parts = Layout.from_record(options), reading, choice, scoring, losses, Draws.from_record(options)
        return cls(*parts, found=found, profile=options.get("profile"))._allowed()


def check_names(caller: str, options: Iterable[str]) -> None:
    """Refuse options that there are not."""
    known = inspect.signature(Options.of).parameters
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise TypeError(f"{caller} has no option {name!r}" + (f"; is {near[0]!r} meant?" if near else ""))


def measures(
    metrics: str | Iterable[str] = "overlap",
    losses: str | Iterable[str] | None = "default",
    params: Iterable[str] | Mapping[str, Any] = (),
    *,
    presence: str = "union",
    mean: str = "arithmetic",
    beta: float | None = None,
    mean_without: Iterable[int] = (),
    undefined: str | Iterable[str] = (),
    pool_by: str | None = None,
    tolerance: float | Iterable[float] = (),
    percentile: float | Iterable[float] = (),
    penalty: float | str | None = None,
    border_connectivity: str = "face",
    background: int | str | None = 0,
    numbers: str | Iterable[str] = (),
    **others: Any,
) -> "tuple[Scoring, LossChoice | None]":
    """The metrics and the losses that options ask for; `params` are of both, `others` of kinds or of losses."""
    kinds, of_losses = _settings({**others, "background": background})
    given = by_formula(params)
    of_metrics = {
        name: given.pop(name)
        for name in list(given)
        if name in METRICS and given[name].keys() <= METRICS[name].params.keys()
    }
    asked = [*metrics.split(",")] if isinstance(metrics, str) else [*metrics]
    lists = {name: _numbers(given) for name, given in (("tolerance", tolerance), ("percentile", percentile))}
    for name, values in lists.items():
        if values:
            asked = _with(asked, functools.partial(_has, name), kinds)
            _give(of_metrics, asked, name, values, kinds)
    if penalty is not None:
        asked = _with(asked, lambda metric: metric.endless, kinds)
    scoring = Scoring.of(
        asked,
        presence=presence,
        mean=mean,
        beta=beta,
        params=of_metrics,
        mean_without=mean_without,
        undefined=undefined,
        pool_by=pool_by,
        penalty=penalty,
        border_connectivity=border_connectivity,
        background=background,
        kinds=kinds,
        numbers=numbers,
    )
    computed = {metric.name for metric in scoring.entries}
    for name in scoring.params:
        if name not in computed:
            option = "--beta" if name == "f_beta" and beta is not None else "-p"
            what = f"{option} sets {name}, which --metrics does not name"
            raise NoEffect(what, f"--metrics {name}", "beta" if option == "--beta" else "params")
    if losses is not None and losses != "none" and [*losses] not in ([], ["none"]):
        from segeval.losses.engine.selection import LossChoice

        return scoring, LossChoice.of(losses, given, **of_losses)
    for option, value in {"params": given, **of_losses}.items():
        if value and value != _UNSAID.get(option):
            name = "-p" if option == "params" else f"--{option.replace('_', '-')}"
            what = f"{name} is about losses, and none are asked for"
            raise NoEffect(what, "leave out --losses none", option)
    return scoring, None


_UNSAID = {"loss_over": "image", "loss_average": "macro"}  # what these say about losses where nobody says it


def _numbers(given: float | Iterable[float]) -> list[float]:
    return [*given] if isinstance(given, Iterable) else [given]


def _with(asked: list[str], wanted: Callable[[Metric], bool], kinds: Mapping[str, Any]) -> list[str]:
    """The names of metrics, with the family of those that are wanted if none of them is asked for."""
    if any(wanted(metric) for metric in Scoring.of(asked, kinds=kinds).entries):
        return asked
    return [*asked, next(metric.family for metric in METRICS.values() if wanted(metric))]


def _has(parameter: str, metric: Metric) -> bool:
    return parameter in metric.params


def _give(
    params: dict[str, dict[str, Any]], asked: list[str], name: str, numbers: list[float], kinds: Mapping[str, Any]
) -> None:
    """Set a parameter of every metric asked for that has it; a percentile stands beside that in the metric's name."""
    for metric in Scoring.of(asked, kinds=kinds).entries:
        if name not in metric.params:
            continue
        if name in params.get(metric.name, {}):
            raise BadOption(f"--{name} beside -p {metric.name}.{name}", "give one of them")
        own = [metric.params[name].default] if name == "percentile" else []
        params.setdefault(metric.name, {})[name] = [*own, *numbers]


def _settings(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What options ask of the kinds of evidence that have settings; and the options that are of none."""
    kinds = {name: kind.settings for name, kind in EVIDENCE.items() if kind.settings}
    taken = {name: inspect.signature(settings.of).parameters for name, settings in kinds.items()}
    asked = {
        kind: kinds[kind].of(**{name: value for name, value in options.items() if name in names})
        for kind, names in taken.items()
    }
    known = {name for names in taken.values() for name in names}
    left = {name: value for name, value in options.items() if name not in known}
    return {name: each for name, each in asked.items() if each is not None}, left


def by_formula(params: Iterable[str] | Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """`tversky.fn_weight=0.7` and the like, by metric or loss and parameter."""
    if isinstance(params, Mapping):
        pairs = [(str(key), value) for key, value in params.items()]
    else:
        pairs = [(text.partition("=")[0], parsed(text.partition("=")[2])) for text in params]
    found: dict[str, dict[str, Any]] = {}
    for key, value in pairs:
        name, dot, parameter = key.strip().removeprefix("loss.").rpartition(".")
        if not dot:
            raise BadParameter(f"-p {key!r} names no loss and parameter", "for example -p tversky.fn_weight=0.7")
        if parameter in found.setdefault(name, {}):
            raise BadParameter(f"-p sets {name}.{parameter} twice", "give it once")
        found[name][parameter] = value
    return found
