"""A folder of pictures: of each pair its errors, and both masks in the colours of their classes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from segeval.catalog import did_you_mean
from segeval.errors import BadOption, ShapesDiffer
from segeval.evaluate.measure import threads
from segeval.evaluate.perfile import guarded
from segeval.io import photo
from segeval.io.output import check_empty
from segeval.io.write import save
from segeval.overlay.colours import of_classes, of_kinds, over
from segeval.overlay.layers import Layers
from segeval.overlay.source import Masks
from segeval.run.records import Note
from segeval.text import extent

LAYERS = ("errors", "pred", "truth")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Drawn:
    """What was written of one image."""

    id: str
    files: tuple[str, ...]
    wrong: int  # pixels
    pixels: int  # in all


@dataclass(frozen=True, eq=False)
class Work:
    """What is drawn, and where."""

    masks: Masks
    folder: Path
    background: int | None
    class_: int | None = None
    layers: tuple[str, ...] = LAYERS

    def check(self, force: bool) -> None:
        """Refuse a folder with something in it."""
        check_empty(self.folder, force)

    def write(self, jobs: int, progress: Progress | None = None) -> Iterator[Drawn | Note]:
        """Write the pictures of every image, in the order of their ids; a fault costs only its image."""
        ids = sorted(self.masks.pairs)
        with threads(jobs) as workers:
            for done, found in enumerate(workers.map(self._guarded, ids), 1):
                if progress:
                    progress(done, len(ids))
                yield found

    def _guarded(self, id_: str) -> Drawn | Note:
        return guarded(id_, self.masks.pairs[id_], lambda: self._one(id_))

    def _one(self, id_: str) -> Drawn:
        layers = Layers.of(self.masks.image(id_), self.background, self.class_)
        plane, number = layers.plane()
        name = id_ if number is None else f"{id_}.slice{number:03}"
        pictures: dict[str, bytes] = {}
        if "errors" in self.layers:
            pictures[f"{name}.errors.png"] = of_kinds(plane.kinds)
            if number is not None:
                pictures[f"{id_}.projection.errors.png"] = of_kinds(layers.projection())
            if (behind := self.masks.photo(id_)) is not None:
                if behind.shape[:2] != plane.kinds.shape:
                    what = f"the photograph of {id_} is {extent(behind.shape[:2])}"
                    raise ShapesDiffer(
                        f"{what}, its mask {extent(plane.kinds.shape)}", "give photographs of the masks' size"
                    )
                pictures[f"{name}.over.jpg"] = photo.jpeg(over(behind, plane.kinds), plane.kinds.shape)
        for side in ("pred", "truth"):
            if side in self.layers:
                pictures[f"{name}.{side}.png"] = of_classes(getattr(plane, side), self.masks.colours)
        for file, data in pictures.items():
            save(self.folder / file, data)
        return Drawn(id_, tuple(pictures), int(layers.wrong.sum()), layers.kinds.size)


def class_of(masks: Masks, name: str) -> int:
    """The id of the class of that name or number."""
    table = masks.options.classes.scored
    known = {info.name: info.id for info in table.classes} if table else {}
    if name in known:
        return known[name]
    if name.isdecimal() and (table is None or int(name) in known.values()):
        return int(name)
    hint = did_you_mean(name, list(known)) if known else "give its id, or name the classes with --classes"
    raise BadOption(f"--class is {name!r}, and there is no such class", hint)
