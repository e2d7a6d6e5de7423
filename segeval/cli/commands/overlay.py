"""`segeval overlay`: pictures of where predictions are wrong."""

from pathlib import Path
from typing import Any

import click

from segeval.cli import options
from segeval.text import counted, safe_text


@options.command
@options.masks
@options.drawing
@options.pictures_output
@options.running
@options.configured
@click.pass_context
def command(
    ctx: click.Context,
    pred: str,
    gt: str,
    layout: Any,
    reading: Any,
    choice: Any,
    drawing: dict[str, Any],
    output: dict[str, Any],
    jobs: int,
) -> None:
    """Write pictures of the errors in PRED, and of both masks in colours, as PNG.

    Of ID the files ID.errors.png, ID.pred.png and ID.truth.png; of a volume the slice with most errors, and all errors
    seen along the first axis. With --images also ID.over.jpg. Masks pair and are read as by `segeval score`.

    \b
    Example:
      segeval overlay pred gt --num-classes 19 --ignore 255 -o pictures
    """
    from segeval.cli import output as present
    from segeval.cli.page import nothing
    from segeval.errors import BadOption, ending
    from segeval.evaluate.measure import find_pairs
    from segeval.io.output import held
    from segeval.overlay.folder import LAYERS, Work, class_of
    from segeval.overlay.source import Masks, background, legend, photographs
    from segeval.run.options import Options
    from segeval.run.records import Note

    layers = tuple(name.strip() for name in drawing["layers"].split(","))
    if odd := [name for name in layers if name not in LAYERS]:
        raise BadOption(f"--layers names {odd[0]!r}", f"known: {', '.join(LAYERS)}")
    if drawing["images_pattern"] and not drawing["images"]:
        raise BadOption("--images-pattern without --images", "give --images DIR")
    asked = nothing(drawing["background"])
    pairing = find_pairs(pred, gt, layout)
    masks = Masks.of(
        pairing, Options(layout, reading, choice), photographs(drawing["images"], drawing["images_pattern"])
    )
    class_ = None if drawing["name"] is None else class_of(masks, drawing["name"])
    empty = background(masks, asked)
    ctx.with_resource(held({"-o": output["folder"]}, [pred, gt]))
    work = Work(masks, Path(output["folder"]), empty, class_, layers)
    work.check(output["force"])
    with present.progress(len(masks.pairs)) as step:
        found = list(work.write(jobs, step))
    failures = [*(Note.of(id_, fault) for id_, fault in pairing.faults), *(f for f in found if isinstance(f, Note))]
    drawn = [each for each in found if not isinstance(each, Note)]
    if class_ is None:
        for kind, text in legend(masks, empty).items():
            click.echo(safe_text(f"{kind.name.lower()}: {text}"))
    present.say_faults(failures, [], pairing.extra)
    worst = max(drawn, key=lambda each: each.wrong / each.pixels, default=None)
    last = f"{counted(sum(len(each.files) for each in drawn), 'picture')} of {counted(len(drawn), 'image')}"
    most = ""
    if worst:
        share = f"{worst.id} ({100 * worst.wrong / worst.pixels:.2f} % of its pixels)"
        most = f" · most errors: {share}" if worst.wrong else " · no errors"
    click.echo(safe_text(f"{last} in {output['folder']}{most}"))
    ctx.exit(ending(fault.exit_code for fault in failures))
