"""Losses: one function, one formula, of evidence. `value` and `gradient` take one image as it comes."""

from typing import Any

from segeval.measures import Losses

LOSSES = Losses("loss")
LOSSES.discover(__name__, list(__path__))

from segeval.losses.functional import gradient, module, names, per_class, pixel_map, value  # noqa: E402 - they need it filled

__all__ = ["LOSSES", "gradient", "module", "names", "per_class", "pixel_map", "value"]


def __getattr__(name: str) -> Any:
    if name in LOSSES:
        return LOSSES[name].func if LOSSES[name].direct else LOSSES[name].public
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
