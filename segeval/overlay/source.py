"""Where the masks of a run are found again, and whether they are still those that it was scored with."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from segeval.data import parts
from segeval.data.class_selection import ClassChoice
from segeval.data.classes import MOST, ClassTable
from segeval.data.door import read_truth
from segeval.data.folders import Pair, Pairing, listed
from segeval.data.image import Image
from segeval.data.labels import Labels
from segeval.errors import BadOption, OtherMasks
from segeval.evaluate.measure import find_pairs, opened
from segeval.evidence.run_length import Array
from segeval.io import photo
from segeval.io.files import MaskFile
from segeval.overlay.colours import Colour, class_colours
from segeval.overlay.layers import NOTHING, Kind, Layers
from segeval.run.options import Options
from segeval.run.tables import Tables
from segeval.text import counted


@dataclass(frozen=True, eq=False)
class Masks:
    """The pairs of a run, with how they are read, and photographs of them by id."""

    pairs: Mapping[str, Pair]
    options: Options
    photos: Mapping[str, MaskFile]

    @classmethod
    def of(cls, pairing: Pairing, options: Options, photos: Mapping[str, MaskFile] | None = None) -> "Masks":
        """Of a run that was just made.  BadOption for photographs of which none is of any of them."""
        pairs = {pair.id: pair for pair in pairing.pairs}
        if photos and pairs and pairs.keys().isdisjoint(photos):
            other = f"{counted(len(photos), 'photograph')}, as {min(photos)}, and none of an image, as {min(pairs)}"
            raise BadOption(f"--images holds {other}", "give --images-pattern, such as '*/{id}_leftImg8bit.png'")
        return cls(pairs, options, photos or {})

    @classmethod
    def found(cls, document: Mapping[str, Any], pred: str, truth: str, photos: Mapping[str, MaskFile]) -> "Masks":
        """Of a stored run, among the files of two folders."""
        options = Options.from_record(document["options"])
        if options.classes.table is None:  # by the ids that the run found
            rows = [[row["id"], row["name"], row.get("group")] for row in document["classes"]]
            named = ClassChoice.from_record({**document["options"], "classes": rows})
            options = replace(options, classes=replace(options.classes, table=named.table), found=True)
        layout = replace(options.layout, missing="worst" if options.layout.missing == "worst" else "skip")
        return cls.of(find_pairs(pred, truth, layout), replace(options, losses=None), photos)

    @cached_property
    def colours(self) -> dict[int, Colour]:
        """The colour of each class."""
        table = self.options.classes.scored
        known = table or ClassTable.numbered(MOST)  # where nobody names the classes, every id has a colour
        return class_colours(known.classes, self.options.classes.colors)

    @cached_property
    def cases(self) -> dict[str, list[str]]:
        """The ids of the pairs that are counted together, by the name of the case: each by itself, unless pooled."""
        found: dict[str, list[str]] = {}
        for id_ in self.pairs:
            found.setdefault(self.options.scoring.cases.of(id_) or id_, []).append(id_)
        return found

    def image(self, id_: str) -> Image:
        """A pair behind the door; where there is no prediction, nothing is predicted."""
        pair, options = self.pairs[id_], self.options
        if pair.pred is not None:
            return opened(pair, pair.pred, options)
        truth = read_truth(
            parts.read(pair.truth, options.reading.max_pixels, options.classes), options.reading, options.classes
        )
        nothing = np.zeros_like(truth.labels) if options.classes.multilabel else np.full(truth.labels.shape, NOTHING)
        labels = Labels(nothing, truth.labels, [], truth.target, truth.kept)
        return Image(pair.truth.name, labels, options.reading, options.classes)

    def layers(self, id_: str, tables: Tables | None = None, background: int | None = 0) -> Layers:
        """What is shown of an image.  OtherMasks where the run's tables say that it was another."""
        image = self.image(id_)
        if tables is not None:
            self._check(id_, image, tables)
        return Layers.of(image, background)

    def _check(self, id_: str, image: Image, tables: Tables) -> None:
        """Refuse masks whose truth or counts are not those of the run."""
        n = tables.ids.index(id_)
        if image.digest != tables.truths[n]:
            raise OtherMasks(f"{image.truth_name} is not the true mask of the run", _AGAIN)
        if self.pairs[id_].pred is None:
            return
        counts = image.counts.with_ids([class_ for class_, _ in tables.outline.classes]).counts
        for name in ("tp", "fp", "fn"):
            if not np.array_equal(getattr(counts, name), getattr(tables.counts, name)[n]):
                raise OtherMasks(f"the prediction of {id_} is not the one of the run", _AGAIN)

    def photo(self, id_: str) -> Array | None:
        """The photograph of an image (H, W, 3), if there is one."""
        return photo.read(self.photos[id_]) if id_ in self.photos else None


_AGAIN = "give the folders that this run was scored with, or score them again"


def photographs(folder: str | None, pattern: str | None) -> dict[str, MaskFile]:
    """The photographs in a folder by id; what stands in their way where there is none."""
    if folder is None:
        return {}
    found, faults = listed(folder, False, photo.SUFFIXES, (), pattern)
    if not found:
        raise faults[0][1]
    return found


NOTHINGS = {"background", "bg", "nothing", "none", "other", "unlabeled", "unlabelled", "void"}


def background(masks: Masks, asked: int | Literal["auto"] | None = "auto") -> int | None:
    """The id of no object that was asked for; BadOption where it is neither a class nor ignored.

    Of "auto" id 0 where it stands for no object: of masks whose classes have no names, or by its name; else None.
    """
    choice = masks.options.classes
    table = choice.scored
    if asked != "auto":
        if asked is not None and table and asked not in {*table.ids, *choice.ignore}:
            known = ", ".join(map(str, table.ids[:10]))
            raise BadOption(
                f"--background is {asked}, and there is no such class", f"give one of {known}, none or auto"
            )
        return asked
    name = next((info.name for info in table.classes if info.id == 0), "") if table else "0"
    return 0 if name == "0" or name.casefold() in NOTHINGS else None


def legend(masks: Masks, background: int | None) -> dict[Kind, str]:
    """What the colours of errors mean."""
    table = masks.options.classes.scored
    names = {info.id: info.name for info in table.classes} if table else {}
    if masks.options.classes.multilabel:
        return {
            Kind.INVENTED: "a class where there is none",
            Kind.MISSED: "a class not found",
            Kind.CONFUSED: "both at once",
        }
    if background is None:
        return {Kind.CONFUSED: "another class than the truth"}
    nothing = names.get(background, str(background))
    return {
        Kind.INVENTED: f"false positive: truth is {nothing}, prediction is not",
        Kind.MISSED: f"false negative: prediction is {nothing}, truth is not",
        Kind.CONFUSED: f"one class taken for another, neither {nothing}",
    }
