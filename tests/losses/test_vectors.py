"""Every loss equals the fixed vectors, and what public libraries return for the same definition."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segeval import losses
from segeval.losses.engine.evidence import Caller, Plan, values
from segeval.losses.engine.inputs import sample
from segeval.losses.functional import ask

DATA = Path(__file__).parent.parent / "files"
VECTORS = json.loads((DATA / "loss_vectors.json").read_text(encoding="utf-8"))["vectors"]
PEERS = json.loads((DATA / "loss_peer_values.json").read_text(encoding="utf-8"))
KINDS = {"probabilities": "probabilities", "logits": "logits", "scores": "scores", "values": "scores"}


def _images(vector: dict[str, Any]) -> list[tuple[Any, Any]]:
    """(prediction, target) of each image."""
    pred, truth = np.array(vector["prediction"], np.float64), np.array(vector["target"])
    return list(zip(pred, truth, strict=True)) if vector["axes"].startswith("B") else [(pred, truth)]


def _options(vector: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {"inputs": KINDS[vector["prediction_kind"]]}
    options["channels"] = "C" in vector["axes"]
    options["multilabel"] = "C" in vector["axes"] and vector.get("activation") == "sigmoid"
    options["ignore"] = (vector["ignore"],) if "ignore" in vector else ()
    return options


def _params(vector: dict[str, Any]) -> dict[str, Any]:
    return dict(vector["params"])


def _over_batch(vector: dict[str, Any]) -> float:
    plan = Plan([ask(vector["loss"], _params(vector))])
    found = [plan.measure(sample(pred, truth, **_options(vector))) for pred, truth in _images(vector)]
    total = found[0]
    for each in found[1:]:
        total = total + each
    return float(values(plan.asked[0], total, Caller())[0])


def _found(vector: dict[str, Any]) -> Any:
    """What the library says to a vector."""
    name, options, params = vector["loss"], _options(vector), _params(vector)
    caller = dict(vector.get("caller", {}))
    if caller.pop("over", "image") == "batch":
        return _over_batch(vector)
    images = _images(vector)
    if vector["quantity"] == "soft_intersection":
        return float(sample(*images[0], **options).whole.p[0] @ np.ravel(images[0][1]))
    if vector["quantity"] == "gradient":
        (image,) = images
        scale = image[0].size if vector["reduction"] == "sum" else 1
        return losses.gradient(name, *image, **options, **params) * scale
    if vector["reduction"] in ("sum", "none"):
        (image,) = images
        each = losses.pixel_map(name, *image, **options, **params)
        return each.sum() if vector["reduction"] == "sum" else each
    found = [losses.value(name, *image, **options, **caller, **params) for image in images]
    return found if vector["reduction"] == "per_image" else np.mean(found)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["id"])
def test_fixed_vectors(vector: dict[str, Any]) -> None:
    """To 1e-9 times the larger of 1 and the value, as their file says."""
    expected = np.array(vector["expected"], np.float64)
    if vector["reduction"] == "per_class":
        pytest.fail("no vector is per class")
    assert np.abs(np.array(_found(vector)) - expected).max() <= 1e-9 * max(1, np.abs(expected).max())


@pytest.mark.parametrize("row", PEERS["values"], ids=lambda r: f"{r['loss']}-{r['view']}-{r['expected']:.6g}")
def test_peer_values(row: dict[str, Any]) -> None:
    """Ours to 1e-9, the libraries' own as near as they say."""
    given = PEERS["inputs"][row["input"]]
    x, truth = np.array(given["logits"]), np.array(given["target"])
    if row["view"] == "two_channel":
        x = np.stack([np.zeros_like(x), x])
    found = losses.value(row["loss"], x, truth, inputs="logits", **row.get("caller", {}), **row["params"])
    assert found == pytest.approx(row["expected"], rel=1e-9, abs=1e-9)
    for peer in row["peers"]:
        assert abs(peer["value"] + peer.get("offset", 0) - found) <= peer["difference"] + 1e-9
