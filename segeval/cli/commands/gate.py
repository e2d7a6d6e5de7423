"""`segeval gate`: whether a run is good enough."""

import os
import sys
from typing import Any

import click

from segeval.cli import options
from segeval.cli.config import rules_of
from segeval.text import safe_text


@options.command
@options.argument("run")
@options.ruling
@options.updating
@options.draws
@options.verdict_output
@options.configured
@click.pass_context
def command(
    ctx: click.Context, run: str, ruling: dict[str, Any], updating: dict[str, Any], draws: Any, shown: Any
) -> None:
    """Check RUN (a run.json or its folder) against rules and a baseline.

    Ends with 0 where every rule passes, and with 1 where the run was evaluated and is not good enough.

    \b
    Example:
      segeval gate out -r "miou_dataset >= 0.78" -r "iou[*] drop <= 0.02" --baseline baseline
    """
    from segeval.cli import output as present
    from segeval.errors import BaselineError
    from segeval.gate import judge, renew
    from segeval.run.results import Results

    if updating["update"]:
        _check_update(ruling["baseline"], updating["allow_ci"])
    rules = rules_of(ctx, ruling["rules"])
    _check_baseline(run, ruling["baseline"])
    shown.spare([run, ruling["baseline"]])
    found = Results.read(run)
    try:
        verdict = judge(rules, found, ruling["baseline"], draws, ruling["inconclusive"], ruling["intersect"])
    except BaselineError as fault:
        if not updating["update"]:
            raise
        done = renew(found, ruling["baseline"], updating["ratchet"], None)
        raise type(fault)(fault.message, done) from fault
    present.show_verdict(verdict, shown, sys.stdout)
    if updating["update"]:
        done = renew(found, ruling["baseline"], updating["ratchet"], verdict.worse)
        click.echo(safe_text(done), err=True)
    ctx.exit(verdict.exit_code)


def _check_baseline(run: str, baseline: str | None) -> None:
    """Refuse a run as its own baseline: it would pass every rule about a drop."""
    from segeval.errors import BadOption
    from segeval.run.stored import same

    if baseline and same(run, baseline):
        raise BadOption(f"{run} is its own baseline", "give an earlier run as --baseline")


def _check_update(baseline: str | None, allow_ci: bool) -> None:
    """Refuse, before any work, to move a baseline that has no place or that CI would move itself."""
    from segeval.errors import BadOption, UpdateRefused

    if baseline is None:
        raise BadOption("--update-baseline, and nothing says where the baseline is", "give --baseline RUN")
    if os.environ.get("CI", "").lower() not in ("", "0", "false") and not allow_ci:
        raise UpdateRefused("--update-baseline, and CI is set", "update it by hand, or add --allow-ci")
