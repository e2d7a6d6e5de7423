"""The library's front door."""

import inspect
import itertools
import warnings
from collections.abc import Iterable, Mapping, Sized
from concurrent.futures import Executor
from os import PathLike, fspath
from typing import Any

import numpy as np

from segeval.errors import Doubtful, NothingMatched
from segeval.evaluate.evaluator import Evaluator
from segeval.evaluate.measure import Progress, evaluate, find_pairs, prepared, with_tables
from segeval.run.options import Options, check_names
from segeval.run.run import Run
from segeval.text import counted

_OVER = object()  # in place of images of a collection that has ended


class IncompleteRun(UserWarning):
    """Some pairs could not be scored; `Run.failures` says which and why."""


def score(
    pred: str | PathLike[str] | Iterable[Any],
    truth: str | PathLike[str] | Iterable[Any],
    *,
    strict: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    **options: Any,
) -> Run:
    """Score predictions against true masks, as `segeval score` does with the same options.

    pred, truth: two folders, or two lists, tuples, generators or dicts {id: array} of arrays, image by image, as
    `Evaluator.update` takes them. options: those of the command, by name: num_classes=19, ignore=[255], losses="dice".
    strict: `Doubtful` is raised where a note says that the numbers may mean nothing (`Run.doubts`).

    executor: any of `concurrent.futures`' kind instead of our `jobs` threads, for folders: processes, dask's, mpi4py's.

    Gives a `Run`: `Run.summary` (numbers of the data set by name), `Run.classes` (a row for each class), `Run.records`
    (the evidence of each pair), `Run.to_json(path)`. Undefined numbers are nan.

    Raises a `SegevalError` with a `code` and a `hint` when nothing can be scored. Pairs of files that cannot be read do
    not stop the others: they are in `Run.failures`, `Run.complete` is False, and an `IncompleteRun` warning is given.
    """
    if isinstance(pred, str | PathLike) and isinstance(truth, str | PathLike):
        check_names("score", options)
        chosen = Options.of(**options)
        pairing = find_pairs(fspath(pred), fspath(truth), chosen.layout)
        pairing, chosen = with_tables(pairing, chosen, fspath(pred), fspath(truth))
        chosen = prepared(chosen, pairing, fspath(truth), jobs)
        run = evaluate(pairing, chosen, jobs, progress, executor, forget=True)
    else:
        run = _of_arrays(pred, truth, options)
    for fault in run.without_effect(_off_defaults(options)):
        raise fault
    if strict and run.doubts:
        raise Doubtful(run.doubts[0].message, run.doubts[0].hint)
    if not run.complete:
        first = run.failures[0]
        warnings.warn(
            f"{len(run.failures)} pairs were not scored; {first.code} {first.message}", IncompleteRun, stacklevel=2
        )
    return run


def _off_defaults(options: Mapping[str, Any]) -> set[str]:
    """The options that say something else than nobody would have said."""
    known = inspect.signature(Options.of).parameters
    plain = (bool, int, float, str, type(None))  # lists and arrays were written down by somebody
    return {name for name, value in options.items() if not isinstance(value, plain) or value != known[name].default}


def _of_arrays(pred: Any, truth: Any, options: dict[str, Any]) -> Run:
    """The run of the arrays of two collections."""
    for name, given in (("pred", pred), ("truth", truth)):
        if isinstance(given, str | PathLike | bytes) or hasattr(given, "dtype") or not isinstance(given, Iterable):
            what = f"{name} is {type(given).__name__}, and score takes two folders, or two collections of images"
            raise TypeError(f"{what}; for arrays: segeval.Evaluator(…).update(pred, truth)")
    if isinstance(pred, dict) != isinstance(truth, dict):
        raise TypeError("pred and truth are a dict and none; give both as {id: array}, or both in the same order")
    check_names("score", options)
    evaluator = Evaluator(**options)
    if isinstance(pred, dict):
        if lone := sorted(map(str, pred.keys() ^ truth.keys())):
            raise ValueError(f"pred and truth have other ids: {lone[0]!r} is in one of them alone")
        for id_, array in pred.items():
            evaluator.update(array, truth[id_], id=str(id_), batch=False)
    else:
        if isinstance(pred, Sized) and isinstance(truth, Sized) and len(pred) != len(truth):
            longer = "pred" if len(pred) > len(truth) else "truth"
            raise ValueError(f"{longer} is longer: pred has {counted(len(pred), 'image')}, and truth {len(truth)}")
        for each in itertools.zip_longest(pred, truth, fillvalue=_OVER):
            evaluator.update(*_images(*each, len(evaluator)), batch=False)
    if not len(evaluator):
        raise NothingMatched("pred and truth hold no image", "give at least one of each")
    return evaluator.compute()


def _images(pred: Any, truth: Any, number: int) -> tuple[Any, Any]:
    """A pair of images of two collections, unless one of them has ended or holds names of files."""
    for name, other, given in (("pred", "truth", pred), ("truth", "pred", truth)):
        if given is _OVER:
            raise ValueError(f"{other} is longer: {name} ends after {counted(number, 'image')}")
        if isinstance(given, str | PathLike | bytes):
            what = f"{name} holds {given!r}, and score takes two folders, or two collections of arrays"
            raise TypeError(f"{what}; for files: segeval.score('pred', 'truth')")
    return pred, truth


def value(name: str, pred: Any, truth: Any, **options: Any) -> np.ndarray[Any, Any]:
    """A metric of each class of two arrays of one image: (C,), nan where it is undefined.

    pred, truth and options as for `Evaluator`; the classes are those of `num_classes` or `classes`, or the ids found.
    """
    evaluator = Evaluator(**{**options, "metrics": [name]})
    evaluator.update(pred, truth, batch=False)
    tables = evaluator.compute().tables
    found: np.ndarray[Any, Any] = tables.values(tables.scoring.entries[0])[0]
    return found


def _naming(function: Any) -> inspect.Signature:
    """The signature of a function with the names of the options in place of **options."""
    own = inspect.signature(function).parameters.values()
    options = inspect.signature(Options.of).parameters.values()
    kinds = inspect.Parameter
    positional = [each for each in own if each.kind is kinds.POSITIONAL_OR_KEYWORD]
    keywords = [each for each in own if each.kind is kinds.KEYWORD_ONLY]
    return inspect.Signature([*positional, *options, *keywords])


score.__signature__ = _naming(score)  # type: ignore[attr-defined]
