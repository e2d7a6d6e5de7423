"""`segeval score`: the numbers of two folders."""

import json
import sys
from typing import Any

import click

from segeval.cli import options
from segeval.cli.config import profile, rules_of


@options.command
@options.masks
@options.strict
@options.profiled
@options.measures
@options.intervals
@options.ruling
@options.surfaces
@options.output
@options.scored_page
@options.resuming
@options.sharding
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
    draws: Any,
    ruling: dict[str, Any],
    shown: Any,
    output: dict[str, Any],
    page: Any,
    resume: bool,
    shard: Any,
    jobs: int,
) -> None:
    """Score the masks in PRED against the true masks in GT.

    Files pair by relative path and name. Without --num-classes or --classes the classes are the ids found.

    \b
    Example:
      segeval score pred gt --num-classes 19 --ignore 255 -o out
    """
    from segeval.cli import output as present
    from segeval.cli.page import before
    from segeval.cli.page import check as check_page
    from segeval.cli.page import write as write_page
    from segeval.errors import OK, ending
    from segeval.evaluate.measure import evaluate, find_pairs, prepared, with_tables
    from segeval.evaluate.resume import journal
    from segeval.io.output import held
    from segeval.report import in_format
    from segeval.run import folder as folders
    from segeval.run.options import Options
    from segeval.run.results import Results
    from segeval.run.run import as_text

    rules = rules_of(ctx, ruling["rules"]) if ruling["rules"] else []
    _check_effects(ctx, draws, ruling, output, page.file is not None)
    if rules:
        _check_baseline(ruling["baseline"], output["folder"])
    present.check_matrix(output, choice)
    present.check_sort(output["sort"], measures[0])
    shown.check_asked(ctx, bool(rules))
    stored = output["folder"] and f"{output['folder']}/run.json"
    shown.spare([stored, ruling["baseline"]], [pred, gt])
    if page.file is not None:
        check_page(page.file, [stored, ruling["baseline"]], [pred, gt, *page.folders])
    pairing = find_pairs(pred, gt, layout)
    pairing, chosen = with_tables(
        pairing, Options(layout, reading, choice, measures[0], measures[1], draws, profile=profile(ctx)), pred, gt
    )
    chosen = prepared(chosen, pairing, gt, jobs)
    pairing = pairing.only(shard)
    folder = output["folder"] and folders.opened(output["folder"], output["force"], chosen.profile)
    ctx.with_resource(held({"-o": output["folder"]}, [pred, gt]))
    measured = journal(folder or None, chosen, resume)
    if folder:
        folder.check(folders.known(chosen.recorded(), pairing.digest), measured is not None and measured.begun)
    present.say_left_out(chosen.scoring)
    masks = page.masks_of(pairing, chosen) if page.file is not None else None
    with present.progress(len(pairing.pairs)) as step:
        run = evaluate(pairing, chosen, jobs, step, journal=measured, forget=True)
    kept = folder and folder.holds_other(run.document())
    document = run.document(folders.write(run, folder.path) if folder and not kept else None)
    if measured and not kept:
        measured.end()
    percent = output["percent"] and output["form"] in ("table", "md")
    seen = document if output["form"] == "json" else present.seen(document, output["sort"], percent)
    if run.records or output["form"] == "json":
        in_format(output["form"])(seen, sys.stdout, output["confusion"])
    doubts = run.doubts if strict else []
    present.say_faults([*run.failures, *doubts], run.notes, run.extra)
    if run.records:
        present.say_headline(run, seen, output["form"], output["worst"], percent)
    if folder and kept:
        raise folder.refusal()
    for fault in run.without_effect(options.typed(ctx)):
        raise fault
    results = None
    if rules or page.file is not None:  # the document is as other commands read it
        results = Results.of(run, document=json.loads(as_text(document)))
    baseline = before(ruling["baseline"]) if results else None
    verdict = _gated(rules, results, baseline, draws, ruling, shown, output["form"]) if rules and results else None
    if page.file is not None and results and run.records:
        write_page(page, page.file, results, masks, draws, verdict, baseline, ruling["intersect"], output["percent"])
    judged = verdict.exit_code if verdict else OK
    ctx.exit(ending([run.exit_code, judged, *(note.exit_code for note in doubts)]))


def _check_effects(ctx: click.Context, draws: Any, ruling: dict[str, Any], output: dict[str, Any], page: bool) -> None:
    """Refuse options that others would need."""
    if not ruling["rules"]:
        alone = ["inconclusive", "name", *([] if page else ["baseline", "intersect"])]
        options.refuse(ctx, alone, "there is no rule to judge by", "give -r RULE")
        if not draws.ci and not page:
            needs = "there are neither intervals nor rules"
            options.refuse(ctx, ["confidence", "resamples", "seed"], needs, "give --ci, or -r RULE")
    if not ruling["baseline"]:
        options.refuse(ctx, ["intersect"], "there is no run to compare with", "give --baseline RUN")
    if output["form"] == "json":
        options.refuse(ctx, ["confusion"], "the matrix is always in the JSON", "leave it out")
    if output["form"] in ("json", "csv") and not page:
        options.refuse(ctx, ["percent"], "it is of tables for people", "leave it out")
    if not output["folder"]:
        options.refuse(ctx, ["force"], "nothing is written", "give -o DIR")


def _check_baseline(baseline: str | None, folder: str | None) -> None:
    """Refuse to write the run where its baseline lies: it would be compared with itself."""
    from segeval.errors import BadOption
    from segeval.run.stored import same

    if baseline and folder and same(folder, baseline):
        raise BadOption(f"-o {folder} is the baseline", "choose another folder with -o")


def _gated(
    rules: list[Any], results: Any, baseline: Any, draws: Any, ruling: dict[str, Any], shown: Any, form: str
) -> Any:
    """Judge the run at once; gives the verdict."""
    from segeval.cli import output as present
    from segeval.gate import judge

    verdict = judge(rules, results, baseline, draws, ruling["inconclusive"], ruling["intersect"])
    present.show_verdict(verdict, shown, sys.stdout if form == "table" else sys.stderr)
    return verdict
