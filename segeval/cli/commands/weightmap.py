"""`segeval weightmap`: maps of the weight of each pixel, for training."""

import os
from typing import Any

import click

from segeval.cli import options
from segeval.cli.options import group, made, option
from segeval.errors import BadOption
from segeval.text import safe_text


def _choice(*names: str) -> click.Choice[str]:
    return click.Choice(names)


_plan = group(
    "plan",
    "Weights",
    made("segeval.weightmap.options", "plan"),
    option(
        "--convention",
        type=_choice("unet2015", "falk2019"),
        default="unet2015",
        show_default=True,
        help="The formula of the paper, or that of its authors' later plugin.",
        often=True,
    ),
    option("--w0", type=float, metavar="W", help="Height of the ridge; 10, or 50 with falk2019.", often=True),
    option(
        "--sigma",
        type=float,
        metavar="S",
        help="Width of the ridge, in pixels or the spacing's unit; 5, or 6.",
        often=True,
    ),
    option(
        "--eps", type=float, default=1e-4, show_default=True, metavar="E", help="No weight is off by more; 0 is exact."
    ),
    option(
        "--where",
        type=_choice("background", "all"),
        default="background",
        show_default=True,
        help="Whether there is a ridge inside cells too.",
    ),
    option(
        "--nearest",
        type=_choice("two", "one"),
        default="two",
        show_default=True,
        help="Look at the two nearest cells, or, as a variant, at one.",
    ),
    option(
        "--class-weights",
        metavar="SCHEME|ID=W,…",
        help="balanced (default), median-frequency, rarest1, complement, none, or a weight for each class.",
        often=True,
    ),
    option(
        "--frequency",
        type=_choice("folder", "image"),
        default="folder",
        show_default=True,
        help="Count classes over all masks, or in each.",
    ),
    option(
        "--touching",
        type=_choice("keep", "gap"),
        help="Leave cells that touch (default), or part them by one pixel; falk2019 always parts them.",
    ),
    option(
        "--labels",
        type=_choice("auto", "binary", "instances", "semantic"),
        default="auto",
        show_default=True,
        help="What ids are: one kind of cell, single cells, or classes of cells.",
        often=True,
    ),
    option(
        "--connectivity",
        type=_choice("face", "full"),
        default="face",
        show_default=True,
        help="What joins pixels of binary and semantic masks to one cell.",
    ),
    option("--ignore", type=int, multiple=True, metavar="ID", help="Pixels with this id weigh 0; repeatable."),
    option("--spacing", metavar="S,S,…|file", help="Length of a pixel along each axis, or as the file says."),
    option(
        "--format",
        "form",
        type=_choice("npy", "tiff", "npz"),
        default="npy",
        show_default=True,
        help="Of the maps.",
        often=True,
    ),
    option("--dtype", default="float32", show_default=True, metavar="TYPE", help="float32 or float16."),
    option("--preview", is_flag=True, help="Write a picture of each map into DIR/preview too.", often=True),
    options.max_pixels,
    option(
        "--max-memory",
        type=int,
        default=1024,
        show_default=True,
        metavar="MB",
        help="For distances, of all processes; larger images are cut into tiles. Never changes a map.",
    ),
)

_output = group(
    "output",
    "Output",
    dict,
    option(
        "-o",
        "--output",
        "folder",
        metavar="DIR",
        help="Write the maps and weightmap.json there; without it, into MASKS-weights beside MASKS.",
        trusted=True,
        often=True,
    ),
    option("--masks-out", metavar="DIR", help="Write the masks with gaps there.", trusted=True),
    option("--resume", is_flag=True, help="Keep the maps in DIR whose mask and options are unchanged.", trusted=True),
    option("--force", is_flag=True, help="Overwrite what is in DIR.", trusted=True),
    option("--follow-symlinks", is_flag=True, help="Follow links that lead out of MASKS.", trusted=True),
)


@options.command
@options.argument("masks")
@_plan
@_output
@options.processes
@options.configured
@click.pass_context
def command(ctx: click.Context, masks: str, plan: Any, output: dict[str, Any], jobs: int) -> None:
    """Write a map of pixel weights for each mask in MASKS, and its folders, for training on cells that touch.

    w = class weight + w0 · exp(−(d1 + d2)² / 2σ²) on background, with d1 and d2 the distances to the two nearest cells.

    \b
    Example:
      segeval weightmap masks -o weights --sigma 5 --preview
    """
    from segeval.cli import output as present
    from segeval.errors import ending
    from segeval.report.weightmap import plan_lines, result_lines
    from segeval.weightmap.folder import open_work, prepare, write_maps

    folder, follow = output.pop("folder"), output.pop("follow_symlinks")
    folder = _beside(masks) if folder is None else folder
    work = ctx.with_resource(open_work(masks, folder, plan, follow=follow, **output))
    with present.progress(len(work.masks)) as step:
        plan, found, digests = prepare(work, plan, jobs, step)
    for line in plan_lines(plan, found):
        click.echo(safe_text(line))
    with present.progress(len(work.masks)) as step:
        weighed = write_maps(work, plan, found, digests, jobs, step)
    for line in result_lines(weighed, plan, folder):
        click.echo(safe_text(line))
    present.say_faults(weighed.failures, weighed.remarks)
    for fault in weighed.unused(plan):
        if fault.option in options.typed(ctx):
            raise fault
        click.echo(f"Note: {fault.code} {fault.message}", err=True)
    ctx.exit(ending(fault.exit_code for fault in weighed.failures))


def _beside(masks: str) -> str:
    """The folder of the maps where none is given."""
    path = os.path.normpath(masks)
    if os.path.basename(path) in ("", ".", ".."):
        path = os.path.abspath(path)
    if not os.path.basename(path):
        raise BadOption(f"{masks} has no place beside it", "say where the maps go: -o DIR")
    return f"{path}-weights"
