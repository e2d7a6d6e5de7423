"""`segeval merge`: runs of parts of the images as one run."""

import sys
from typing import Any

import click

from segeval.cli import options


@options.command
@options.argument("runs", nargs=-1, required=True)
@options.output
@options.configured
@click.pass_context
def command(ctx: click.Context, runs: tuple[str, ...], output: dict[str, Any]) -> None:
    """Merge RUNS (folders of `segeval score -o DIR`) of disjoint images into the run of all of them.

    Its files have the bytes of one run over all images. Ends with 3 where shards are missing or images failed.

    \b
    Example:
      segeval merge part1 part2 part3 -o all
    """
    from segeval.cli import output as present
    from segeval.errors import INPUT, ending
    from segeval.io.output import held
    from segeval.report import in_format
    from segeval.run import folder as folders
    from segeval.run.merging import merged

    ctx.with_resource(held({"-o": output["folder"]}, []))
    run = merged(runs)
    folder = output["folder"] and folders.opened(output["folder"], output["force"], run.options.profile)
    if folder:
        folder.check(folders.known(run.options.recorded(), run.inputs))
    document = run.document(folders.write(run, folder.path) if folder else None)
    in_format(output["form"])(document, sys.stdout, output["confusion"])
    present.say_faults(run.failures, run.notes, run.extra)
    present.say_headline(run, document, output["form"])
    if run.shards:
        present.say_missing_shards(run.shards)
    ctx.exit(ending([run.exit_code, *([INPUT] if run.shards else [])]))
