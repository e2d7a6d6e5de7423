"""A study of losses as files: `losses.json`, `losses_images.csv`, and pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segeval.data.folders import Pair, Pairing
from segeval.evaluate.measure import in_order, threads
from segeval.evaluate.perfile import guarded
from segeval.io.output import OutputFolder
from segeval.io.write import atomic
from segeval.overlay.source import Masks
from segeval.run.options import Options
from segeval.run.records import Note
from segeval.run.run import Run
from segeval.study.maps import Drawn, check, drawn, write_page
from segeval.study.study import SCHEMA, Stage, scored
from segeval.study.tables import FORMATS
from segeval.study.view import View

FILES = {"losses_images.csv": "csv", "losses.json": "json"}  # with the format of each


def opened(studying: Mapping[str, Any]) -> OutputFolder | None:
    """The folder as one of a study; None without `-o`."""
    if studying["folder"] is None:
        return None
    return OutputFolder(Path(studying["folder"]), "study", "losses.json", ("losses_images.csv",), studying["force"])


def known(studying: Mapping[str, Any], options: Mapping[str, Any], inputs: str) -> dict[str, Any]:
    """What of a study shows before any work."""
    how = {"images": studying["images"], "steps": studying["steps"]}
    return {"schema": SCHEMA, "options": options, "inputs": inputs, "study": how}


def write(document: dict[str, Any], run: Run, studying: Mapping[str, Any]) -> None:
    """Write the document and its table, each whole or not at all."""
    if studying["folder"] is not None:
        for name, form in FILES.items():
            with atomic(Path(studying["folder"]) / name) as stream:
                FORMATS[form](View(document), run, stream)


def check_maps(studying: Mapping[str, Any]) -> None:
    """Refuse a folder of maps with something else in it; that of the study itself may be the same."""
    if studying["maps"] is not None and studying["maps"] != studying["folder"]:
        check(Path(studying["maps"]), studying["force"])


def write_maps(
    run: Run, found: Pairing, options: Options, studying: Mapping[str, Any], jobs: int | None, stage: Stage
) -> list[Note]:
    """For each image both masks, and for each loss where it pulls and what each pixel costs; and a page of them all.

    Gives a note for each image of which that cannot be drawn, though it was scored.
    """
    criteria = run.criteria
    if studying["maps"] is None or criteria is None:
        return []
    folder, asked, caller = Path(studying["maps"]), criteria.asked, criteria.choice.caller
    colours = Masks.of(found, options).colours

    def draw(pair: Pair, options: Options) -> Drawn | Note:
        return guarded(pair.id, pair, lambda: drawn(folder, pair, options, asked, caller, colours))

    pairs, every = scored(run, found), []
    step = stage("maps", len(pairs))
    with threads(jobs) as executor:
        for done, each in enumerate(in_order(executor, draw, pairs, options), 1):
            every.append(each)
            if step:
                step(done, len(pairs))
    named = {row["name"]: colours[row["id"]] for row in run.classes if row["id"] in colours}
    write_page(folder, [each for each in every if isinstance(each, Drawn)], named)
    return [each for each in every if isinstance(each, Note)]
