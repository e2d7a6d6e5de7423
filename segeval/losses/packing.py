"""What images leave behind for losses as a few arrays, and back, without loss."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from segeval.errors import Unfit
from segeval.evidence.kinds import packed_text, unpacked_text
from segeval.evidence.run_length import Array
from segeval.evidence.sample import Bag
from segeval.evidence.soft import SoftConfusion, SoftCounts, Sums

SINGLE = {"soft": SoftCounts, "confusion": SoftConfusion, "bag": Bag}  # one of each image at most
SEVERAL = ("sums", "classes", "kept")  # one for each of some formulas
_PLAIN = ("number", "binary", "exclusive", "background", "ids")
_NONE = -1  # the form of an image without such evidence


def packed(every: Sequence[Any]) -> dict[str, Array]:
    """Images of one form (the same formulas, classes and types) share arrays, one row for each image.

    `about` says what the forms are, and which losses did not fit which image; `form` which image has which.
    """
    forms: dict[str, int] = {}
    members: list[tuple[Any, list[dict[str, Array]]]] = []
    number, unfit = [], []
    last: Any = None
    for n, one in enumerate(every):
        if one is None:
            number.append(_NONE)
            continue
        if one is not last:  # as a rule images of hard masks share one
            parts = _parts(one)
            form = _form(one, parts)
            place = forms.setdefault(str(form), len(forms))
            last = one
        if place == len(members):
            members.append((form, []))
        members[place][1].append(parts)
        number.append(place)
        unfit += [[n, key, fault.message, fault.hint] for key, fault in one.unfit.items()]
    arrays = {"about": packed_text({"forms": [form for form, _ in members], "unfit": unfit})}
    arrays["form"] = np.array(number, np.int64)
    for place, (_, rows) in enumerate(members):
        arrays |= {f"{place}.{name}": np.stack([row[name] for row in rows]) for name in rows[0]}
    return arrays


def _parts(one: Any) -> dict[str, Array]:
    """The numbers of one image by name."""
    single = {name: getattr(one, name, None) for name in SINGLE}
    found = {f"{name}.{key}": value for name, part in single.items() if part for key, value in _of(part)}
    for group in SEVERAL:
        for n, sums in enumerate(getattr(one, group, {}).values()):
            found |= {f"{group}.{n}.{key}": value for key, value in _of(sums)}
    return found


def _of(sums: Any) -> list[tuple[str, Array]]:
    return [(each.name, np.asarray(getattr(sums, each.name))) for each in fields(sums)]


def _form(one: Any, parts: Mapping[str, Array]) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in _PLAIN if hasattr(one, name)},
        **{group: _kinds(getattr(one, group)) for group in SEVERAL if hasattr(one, group)},
        "arrays": {name: [array.dtype.str, list(array.shape)] for name, array in parts.items()},
    }


def _kinds(group: Mapping[Any, Any]) -> list[list[Any]]:
    """What the sums are called, and of which kind they are."""
    return [[key, type(sums).__name__] for key, sums in group.items()]


def unpacked(arrays: Mapping[str, Array], whole: Any, apart: Any) -> list[Any]:
    """What `packed` was given; whole, apart: the classes of evidence with and without what all formulas share."""
    about = unpacked_text(arrays["about"])
    unfit: dict[int, dict[Any, Unfit]] = {}
    for n, key, message, hint in about["unfit"]:
        unfit.setdefault(n, {})[_tupled(key)] = Unfit(message, hint)
    place = [0] * len(about["forms"])
    found: list[Any] = []
    for n, form in enumerate(arrays["form"].tolist()):
        if form == _NONE:
            found.append(None)
            continue
        named = about["forms"][form]
        parts = {name: arrays[f"{form}.{name}"][place[form]] for name in named["arrays"]}
        place[form] += 1
        found.append(_made(named, parts, unfit.get(n, {}), whole if "number" in named else apart))
    return found


def _made(form: Mapping[str, Any], parts: Mapping[str, Array], unfit: Mapping[Any, Unfit], make: Any) -> Any:
    def sums(kind: Any, name: str) -> Any:
        return kind(*(parts[f"{name}.{each.name}"] for each in fields(kind)))

    return make(
        **{name: _tupled(form[name]) for name in _PLAIN if name in form},
        **{
            name: sums(kind, name)
            for name, kind in SINGLE.items()
            if any(part.startswith(f"{name}.") for part in parts)
        },
        **{
            group: {_tupled(key): sums(Sums.kinds[kind], f"{group}.{n}") for n, (key, kind) in enumerate(form[group])}
            for group in SEVERAL
            if group in form
        },
        unfit=unfit,
    )


def _tupled(value: Any) -> Any:
    """JSON's lists as the tuples that keys are made of."""
    return tuple(map(_tupled, value)) if isinstance(value, list) else value
