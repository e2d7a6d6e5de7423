"""Losses to train with: each a `torch.nn.Module`. Only this file and those of fast paths import torch at once."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from segeval.arrays.functions import plain
from segeval.errors import BadOption, BadParameter, TwoReadings, UnfitPixels
from segeval.losses.functional import Setting, setting
from segeval.text import extent


class LossModule(torch.nn.Module):  # type: ignore[misc]
    """A loss of batches of tensors, with its weights of classes as buffers and what learns as parameters."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__()
        self._setting = setting(name, **options)
        self._read: tuple[Any, dict[str, Any]] | None = None
        constant: dict[str, Any] = {}
        for key, value in self._setting.params.items():
            self._take(key, value, constant)
        self._setting = replace(self._setting, params=constant)
        self._decided = False

    def _take(self, key: str, value: Any, constant: dict[str, Any]) -> None:
        """A parameter of the formula: one that learns, a buffer, or a constant."""
        entry = self._setting.entry
        if key in entry.params and entry.params[key].is_map:
            raise BadParameter(f"{entry.name}.{key} is given to the module", f"a map is of a batch: loss(…, {key}=…)")
        if not isinstance(value, Mapping):
            checked = entry.completed({key: value})[key]
        if isinstance(value, torch.nn.Parameter):
            self.register_parameter(key, value)
        elif getattr(value, "requires_grad", False):
            self.register_parameter(key, torch.nn.Parameter(value.detach().clone()))
        elif not isinstance(value, Mapping) and isinstance(checked, tuple):
            self.register_buffer(key, value.detach() if isinstance(value, torch.Tensor) else torch.tensor(checked))
        else:
            constant[key] = value

    # what arrays are is decided in Python; the rest of a network is compiled around it
    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def forward(self, pred: Any, truth: Any, weights: Any = None) -> Any:
        """The loss of a batch (or of one image), to be minimised: a tensor of no axis unless reduction is "none".

        weights: the weight map of each pixel, (N, *spatial) or (*spatial), of a loss that takes one.
        """
        _check_tensor(pred)
        found = self._setting
        if not self._decided:
            _check_said(pred, truth, found)
        given = {**found.params, **dict(self.named_parameters(recurse=False)), **self._numbers()}
        if weights is not None:
            if not found.entry.weight_map:
                raise BadOption(f"weights has no effect on {found.entry.name}: it takes no map", "leave it out")
            given[found.entry.weight_map] = weights
        question = replace(found, params=given).of(pred, truth, by_shapes=True, per_class=False)
        if not self._decided:
            axes = question.found.axes
            self._setting, self._decided = replace(found, channels=axes.channels, batch=axes.batch), True
        return question.answer(0)

    def _numbers(self) -> dict[str, Any]:
        """The buffers as numbers: read anew only where they have changed, as a GPU would have to wait for it."""
        buffers = dict(self.named_buffers(recurse=False))
        state = [(key, id(each), each._version) for key, each in buffers.items()]
        if self._read is None or self._read[0] != state:
            self._read = state, {key: plain(each) for key, each in buffers.items()}
        return self._read[1]

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_read": None}

    def extra_repr(self) -> str:
        found = self._setting
        said: dict[str, Any] = {"inputs": found.inputs} if found.inputs != "probabilities" else {}
        said |= {key: getattr(found, key) for key in ("channels", "batch") if getattr(found, key) is not None}
        said |= {"multilabel": True} if found.multilabel else {}
        said |= {"ignore": tuple(sorted(found.ignore))} if found.ignore else {}
        said |= {"reduction": found.reduction} if found.reduction != "mean" else {}
        said |= {"spacing": found.spacing} if found.spacing is not None else {}
        shown = [f"{key}={value!r}" for key, value in {**said, **found.params}.items()]
        shown += [f"{key}={plain(each).tolist()}" for key, each in self.named_buffers(recurse=False)]
        return ", ".join([found.entry.name, *shown, *(f"{key} learns" for key, _ in self.named_parameters())])


def _check_tensor(pred: Any) -> None:
    """Refuse what has no derivative."""
    if not isinstance(pred, torch.Tensor):
        what = f"pred is a {type(pred).__name__}, and a module takes a tensor"
        raise UnfitPixels(what, "images of one size: torch.stack(list); of several, call it for each size")
    if not pred.is_floating_point():
        raise UnfitPixels(
            f"pred is {pred.dtype}, which has no derivative", "give what the network puts out, not its argmax"
        )


def _check_said(pred: Any, truth: Any, found: Setting) -> None:
    """Refuse equal shapes with an axis of images or channels of which nothing was said: values never decide it."""
    shape = tuple(pred.shape)
    if shape != tuple(getattr(truth, "shape", ())):
        return
    if found.batch is None and len(shape) > 2:
        raise TwoReadings(f"pred and truth are both {extent(shape)}", "say batch=True for images, batch=False for one")
    first = int(bool(found.batch))
    if found.channels is None and not found.multilabel and len(shape) - first > 2 and shape[first] > 1:
        raise TwoReadings(
            f"pred and truth are both {extent(shape)}",
            "say channels=True for classes that exclude each other, multilabel=True for others, or channels=False",
        )
