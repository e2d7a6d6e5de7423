"""The library's front door."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike, fspath
from typing import Any

from segeval.bootstrap import Draws
from segeval.data.choice import choose
from segeval.data.reading import Reading
from segeval.errors import Doubtful
from segeval.evaluate import Progress, evaluate, find_pairs, prepared
from segeval.io import MAX_PIXELS
from segeval.options import Options, measures
from segeval.pairing import Layout
from segeval.run import Run


class IncompleteRun(UserWarning):
    """Some pairs could not be scored; `Run.failures` says which and why."""


def score(
    pred: str | PathLike[str],
    truth: str | PathLike[str],
    *,
    num_classes: int | None = None,
    classes: str | PathLike[str] | Sequence[str] | None = None,
    ignore: Iterable[int] = (),
    binary: bool = False,
    multilabel: bool = False,
    colors: str | PathLike[str] | None = None,
    probability: bool = False,
    logits: bool = False,
    threshold: float = 0.5,
    soft_truth: bool = False,
    one_hot: bool = False,
    truth_threshold: float | None = None,
    strict: bool = False,
    max_pixels: int = MAX_PIXELS,
    pred_pattern: str | None = None,
    gt_pattern: str | None = None,
    missing: str = "error",
    ids: str | PathLike[str] | None = None,
    follow_symlinks: bool = False,
    metrics: str | Sequence[str] = "overlap",
    presence: str = "union",
    mean: str = "arithmetic",
    beta: float | None = None,
    mean_without: Iterable[int] = (),
    undefined: str | Iterable[str] = (),
    losses: str | Sequence[str] | None = None,
    params: Mapping[str, Any] | Sequence[str] = (),
    weights: str | PathLike[str] | None = None,
    class_weights: str | None = None,
    loss_over: str = "image",
    loss_average: str = "macro",
    loss_background: str | None = None,
    group_by: str | None = None,
    ci: bool = False,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Run:
    """Score a folder of predictions against a folder of true masks, as `segeval score` does with the same options.

    Gives a `Run`: `Run.summary` (numbers of the data set by name), `Run.classes` (a row for each class), `Run.records`
    (the pixel counts of each pair), `Run.to_json(path)`. Undefined numbers are nan.

    strict: `Doubtful` is raised where a note says that the numbers may mean nothing (`Run.doubts`).

    Raises a `SegevalError` with a `code` and a `hint` when nothing can be scored. Pairs that cannot be read do not stop
    the others: they are in `Run.failures`, `Run.complete` is False, and an `IncompleteRun` warning is given.
    """
    scoring, asked = measures(
        metrics,
        losses,
        params,
        presence=presence,
        mean=mean,
        beta=beta,
        mean_without=mean_without,
        undefined=undefined,
        weights=None if weights is None else fspath(weights),
        class_weights=class_weights,
        loss_over=loss_over,
        loss_average=loss_average,
        loss_background=loss_background,
    )
    options = Options(
        Layout(pred_pattern, gt_pattern, missing, follow_symlinks, None if ids is None else fspath(ids)),
        Reading(probability, logits, threshold, max_pixels, soft_truth, one_hot, truth_threshold),
        choose(num_classes, classes, ignore, binary, colors, multilabel),
        scoring,
        asked,
        Draws(group_by, confidence, resamples, seed, ci),
    )
    options = prepared(options, fspath(truth))
    run = evaluate(find_pairs(fspath(pred), fspath(truth), options.layout), options, jobs, progress)
    if strict and run.doubts:
        raise Doubtful(run.doubts[0].message, run.doubts[0].hint)
    if not run.complete:
        first = run.failures[0]
        warnings.warn(
            f"{len(run.failures)} pairs were not scored; {first.code} {first.message}", IncompleteRun, stacklevel=2
        )
    return run
