"""`segeval losses`: what every loss would say, and teach."""

import sys
from typing import Any

import click

from segeval.cli import options


@options.command
@options.masks
@options.strict
@options.measures
@options.studying
@options.resuming
@options.running
@options.configured
@click.pass_context
def command(
    ctx: click.Context,
    pred: str,
    gt: str,
    layout: Any,
    reading: Any,
    strict: bool,
    choice: Any,
    measures: Any,
    studying: dict[str, Any],
    resume: bool,
    jobs: int,
) -> None:
    """Explain what losses say about the predictions in PRED, and what they would teach.

    Values in all and per class; where the gradient falls; whether images rank as by the metrics; the answers to known
    errors; then the same in words. Without --losses, a dozen; every loss that the inputs allow with --losses all, which
    takes longer.

    \b
    Example:
      segeval losses pred gt --num-classes 19 --ignore 255
    """
    from segeval.cli import output as present
    from segeval.errors import BadOption, ending
    from segeval.evaluate.measure import evaluate, find_pairs, prepared, with_tables
    from segeval.evaluate.resume import journal
    from segeval.io.output import held
    from segeval.run.options import Options
    from segeval.study import files as studied
    from segeval.study.study import study
    from segeval.study.tables import FORMATS
    from segeval.study.view import View

    if not studying["folder"] and not studying["maps"]:
        options.refuse(ctx, ["force"], "nothing is written", "give -o DIR or --maps DIR")
    if studying["form"] in ("json", "csv"):
        options.refuse(ctx, ["sort", "top"], f"--format {studying['form']} holds everything", "leave it out")
    if measures[1] is None:
        raise BadOption("--losses none leaves nothing to study", "name the losses, or leave the option out")
    pairing = find_pairs(pred, gt, layout)
    pairing, chosen = with_tables(pairing, Options(layout, reading, choice, measures[0], measures[1]), pred, gt)
    chosen = prepared(chosen, pairing, gt, jobs, classes_first=True)
    folder = studied.opened(studying)
    ctx.with_resource(held({"-o": studying["folder"], "--maps": studying["maps"]}, [pred, gt]))
    studied.check_maps(studying)
    measured = journal(folder, chosen, resume)
    if folder:
        begun = measured is not None and measured.begun
        folder.check(studied.known(studying, chosen.recorded(), pairing.digest), begun)
    with present.stages() as stage:
        run = evaluate(pairing, chosen, jobs, stage("values", len(pairing.pairs)), journal=measured)
        document, faults = study(run, pairing, chosen, studying["images"], studying["steps"], jobs, stage)
        kept = folder and folder.holds_other(document)
        if not kept:
            studied.write(document, run, studying)
            faults += studied.write_maps(run, pairing, chosen, studying, jobs, stage)
            if measured:
                measured.end()
    FORMATS[studying["form"]](View(document, studying["sort"], studying["top"]), run, sys.stdout)
    faults += [*run.failures, *(run.doubts if strict else ())]
    present.say_faults(faults, run.notes, run.extra)
    if folder and kept:
        raise folder.refusal()
    for fault in run.without_effect(options.typed(ctx)):
        raise fault
    ctx.exit(ending(fault.exit_code for fault in faults))
