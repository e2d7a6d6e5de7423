"""Replays cases of other libraries' test suites: inputs, the number expected there, and how it is asked for here.

    python scripts/replay_peer_cases.py CASES.json

A case holds `id`, `expected`, `tol` (absolute below 1, relative above) and, where there is a way, a `recipe`:
`losses.value` of each image with `kwargs`, then `combine` (mean, sum, list), times `scale`, plus `offset`; or `score`
of masks in two folders with `options`, then `read` a number of the run, and `pick` one of it. Of those that are not
`now` said to come out `peer_recipes` has the recipe, or says in a word why they lie outside. Prints which cases come
out otherwise and how many come out; ends with 1 where one fails that has a recipe.
"""

import argparse
import json
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from peer_recipes import OUTSIDE, RECIPES, WITH_A_STEP, of_images

import segeval
from segeval import losses
from segeval.errors import SegevalError
from segeval.evaluate.api import IncompleteRun

Case = dict[str, Any]
APIS = ("losses.value", "score")


def array(image: Case, side: str) -> Any:
    """One side of an image, of the type that the case names."""
    return np.array(image[side], image.get(f"{side}_dtype"))


def of_losses(recipe: Case) -> Any:
    """A loss of each image, combined."""
    options = dict(recipe.get("kwargs", {}))
    if options.get("multilabel"):
        options.pop("background", None)  # classes that do not exclude each other have none: it says nothing there
    every = [
        losses.value(recipe["loss"], array(image, "pred"), array(image, "truth"), **options)
        for image in recipe["images"]
    ]
    combine: dict[str, Callable[[Any], Any]] = {"mean": np.mean, "sum": np.sum, "list": np.array}
    combined = combine[recipe.get("combine", "mean")](every)
    return combined * recipe.get("scale", 1) + recipe.get("offset", 0)


def of_run(recipe: Case, place: Path) -> Any:
    """Numbers of a run over the images as files."""
    for side in ("pred", "truth"):
        (place / side).mkdir()
        for n, image in enumerate(recipe["images"]):
            mask = array(image, side)
            whole = mask.dtype.kind == "i" and f"{side}_dtype" not in image
            np.save(place / side / f"{n:03}.npy", mask.astype(np.int32) if whole else mask)
    options = dict(recipe["options"])
    if "class_file" in recipe:
        (place / "classes.json").write_text(json.dumps(recipe["class_file"]), encoding="utf-8")
        options["classes"] = place / "classes.json"
    run = segeval.score(place / "pred", place / "truth", **options)
    wanted = recipe["read"]
    found = [read(run, each) for each in wanted] if isinstance(wanted, list) else read(run, wanted)
    return np.ravel(np.array(found, np.float64))[recipe["pick"]] if "pick" in recipe else found


def read(run: Any, what: str) -> Any:
    """A number of a run, or several, by the words of a case."""
    kind, _, name = what.partition(".")
    if kind == "matrix":
        return run.matrix()["counts"]
    if kind == "summary":
        return run.summary[name]
    if kind == "classes":
        return [row[name] for row in run.classes]
    if kind == "images":
        return of_images(run, name)
    told = run.document()["losses"][name]
    return told["value"] if kind == "loss" else list(told["per_class"].values())


def same(found: Any, expected: Any, tolerance: float) -> bool:
    """Whether these are the numbers of the case, whatever their nesting."""
    one, other = (np.ravel(np.array(each, np.float64)) for each in (found, expected))
    return one.size == other.size and np.allclose(
        one, other, rtol=0, atol=tolerance * np.maximum(1, np.abs(np.nan_to_num(other, posinf=1))), equal_nan=True
    )


def _ours(case: Case, known: Mapping[str, Any]) -> Any:
    """What is known of a case; its own recipe is better where it comes out. Ids are not unique."""
    return None if case.get("now") and case["recipe"]["api"] in APIS else known.get(case.get("id", ""))


def asked(case: Case, place: Path) -> Any:
    """The number of a case; `place` is an empty folder."""
    if own := _ours(case, RECIPES):
        return own(case.get("inputs"))
    return of_losses(case["recipe"]) if case["recipe"]["api"] == "losses.value" else of_run(case["recipe"], place)


def outcome(case: Case) -> tuple[str, str]:
    """How a case comes out, in a word, and what came out instead."""
    if word := _ours(case, OUTSIDE):
        return f"outside ({word})", ""
    if _ours(case, RECIPES) is None and "recipe" not in case:
        return "no recipe", ""
    try:
        with tempfile.TemporaryDirectory() as place:
            found = asked(case, Path(place))
    except (SegevalError, IncompleteRun, RuntimeError, KeyError, TypeError, ValueError) as fault:
        return "refused", f"{type(fault).__name__}: {fault}"
    if same(found, case["expected"], case["tol"]):
        return "the same", ""
    return "another number", f"{found} for {case['expected']}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path)
    warnings.simplefilter("error", IncompleteRun)
    count: Counter[str] = Counter()
    failed = 0
    cases = json.loads(parser.parse_args().cases.read_text(encoding="utf-8"))["cases"]
    for case in cases:
        word, instead = outcome(case)
        count[word] += 1
        failed += bool(instead)
        if instead:
            print(f"{word}: {case['id']}: {instead[:300]}")
    for word, number in sorted(count.items()):
        print(f"{number:5} {word}")
    steps = sum(bool(_ours(case, dict.fromkeys(WITH_A_STEP, True))) for case in cases)
    print(f"{count['the same'] / len(cases):.1%} of {len(cases)} come out, {steps} of them with a step of arithmetic")
    raise SystemExit(1 if failed else 0)
