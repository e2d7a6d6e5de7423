"""What commands say beside their document: progress, faults, last lines, verdicts."""

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click

from segeval.catalog import did_you_mean
from segeval.errors import BadOption, is_doubt
from segeval.text import counted, in_a_row, safe_text, some

if TYPE_CHECKING:
    from segeval.cli.report_options import Shown
    from segeval.data.class_selection import ClassChoice
    from segeval.data.folders import Pairing
    from segeval.data.shards import Shards
    from segeval.evaluate.check import Checked
    from segeval.gate import Verdict
    from segeval.run.records import Note
    from segeval.run.run import Run
    from segeval.run.scoring import Scoring


Step = Callable[[int, int], None]


@contextlib.contextmanager
def progress(total: int) -> Iterator[Step | None]:
    """A bar on stderr while the block runs; nothing where stderr is no terminal."""
    with stages() as stage:
        yield stage("", total)


@contextlib.contextmanager
def stages() -> Iterator[Callable[[str, int], Step | None]]:
    """Bars on stderr while the block runs, one below the other, each with the time that is left of it.

    Gives what is told the name of each stage and how many steps it has; nothing is shown of one, nor where stderr is no
    terminal.
    """
    if not sys.stderr.isatty():
        yield lambda name, total: None  # noqa: ARG005
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from segeval.report.colour import wanted

    console = Console(file=sys.stderr, **({} if wanted(sys.stderr) else {"color_system": None}))  # type: ignore[arg-type]
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn(elapsed_when_finished=True), console=console, transient=True) as bar:

        def stage(name: str, total: int) -> Step | None:
            if total < 2:
                return None
            task = bar.add_task(name, total=total)
            return lambda done, _: bar.update(task, completed=done)

        yield stage


def check_matrix(output: dict[str, Any], choice: "ClassChoice") -> None:
    """Refuse `--confusion` for classes that have no confusion matrix."""
    if choice.multilabel and output["confusion"]:
        raise BadOption("--confusion wants classes that exclude each other, not --multilabel", "leave out one of them")


def say_faults(faults: Sequence["Note"], remarks: Sequence["Note"], extra: Sequence[str] = ()) -> None:
    """Faults and remarks on stderr: equal causes once, with their number and some ids; a fault is no remark too."""
    sys.stdout.flush()
    remarks = [note for note in remarks if note not in faults]
    for note, line in _grouped(remarks):
        click.echo(safe_text(f"Note: {note.code} {line}"), err=True)
        if is_doubt(note.code) and note.hint:
            click.echo(safe_text(f"Hint: {note.hint}"), err=True)
    if extra:
        click.echo(safe_text(f"Note: {counted(len(extra), 'prediction')} without truth: {some(list(extra))}"), err=True)
    for note, line in _grouped(faults):
        say_error(note.code, line, note.hint)


def _grouped(notes: Sequence["Note"]) -> Iterator[tuple["Note", str]]:
    """The first note of each code, doubts first, with the number of the others; of an image that has several, each."""
    codes: dict[tuple[str, int], list[Note]] = {}
    told: Counter[tuple[str, str]] = Counter()
    for note in notes:
        codes.setdefault((note.code, told[note.id, note.code]), []).append(note)
        told[note.id, note.code] += 1
    for _, alike in sorted(codes.items(), key=lambda item: (not is_doubt(item[0][0]), item[0])):
        more = (
            f" (and {len(alike) - 1:,} more like it: {some([note.id for note in alike[1:]])})" if len(alike) > 1 else ""
        )
        yield alike[0], f"{alike[0].message}{more}"


def say_left_out(scoring: "Scoring") -> None:
    """Which metrics `--metrics all` does without, for want of a package."""
    for package, names in scoring.left_out.items():
        what = f"without {package}, which is not installed, --metrics all leaves out {some(names)}"
        click.echo(f"Note: {what}; segeval doctor says how to install it", err=True)


def say_missing_shards(shards: "Shards") -> None:
    """Which shards a merged run lacks."""
    parts = some([str(part) for part in shards.missing])
    what = (
        f"shard {parts} of {shards.of} is missing"
        if len(shards.missing) == 1
        else f"shards {parts} of {shards.of} are missing"
    )
    click.echo(f"Note: {what}; `complete` is false", err=True)


def say_error(code: str, message: str, hint: str) -> None:
    """An error and its hint on stderr, one line each."""
    click.echo(safe_text(f"Error: {code} {message}"), err=True)
    if hint:
        click.echo(safe_text(f"Hint: {hint}"), err=True)


def check_sort(by: str | None, scoring: "Scoring") -> None:
    """Refuse, before any work, a column that the class table of a run will not have."""
    from segeval.run.numbers import COUNTED

    known = ["id", "name", *COUNTED, *(metric.printed for metric in scoring.entries)]
    if by is not None and by not in known:
        raise BadOption(f"--sort is {by!r}", did_you_mean(by, known))


def seen(document: dict[str, Any], by: str | None, percent: bool) -> dict[str, Any]:
    """The document as it is shown: with its classes in another order, and its shares as percentages."""
    from segeval.report.percent import in_percent

    return _ordered(in_percent(document) if percent else document, by)


def _ordered(document: dict[str, Any], by: str | None) -> dict[str, Any]:
    """The least first, what is undefined last."""
    if by is None:
        return document
    rows = sorted(document["classes"], key=lambda row: (row[by] is None, 0 if row[by] is None else row[by]))
    return {**document, "classes": rows}


def say_headline(run: "Run", document: dict[str, Any], form: str, most: int = 3, percent: bool = False) -> None:
    """The last line: images scored, mIoU, the worst images. On stdout where people read, else on stderr."""
    from segeval.metrics import METRICS
    from segeval.report.md import markdown_text
    from segeval.report.sections import Percent, headline, worst_images

    worst = worst_images(list(run.tables.ids), run.tables.image_means(METRICS["iou"]).tolist(), most)
    worst = [(name, Percent(value)) for name, value in worst] if percent else worst
    line = headline(document, worst)
    click.echo(f"\n{markdown_text(line)}" if form == "md" else safe_text(line), err=form not in ("table", "md"))


def show_verdict(verdict: "Verdict", shown: "Shown", out: TextIO) -> None:
    """The verdict, as JSON or as a table with sentences, and then where CI shows it."""
    from segeval.report import verdict as gated
    from segeval.run.run import as_text

    document = verdict.document()
    if shown.as_json:
        out.write(as_text(document))
    else:
        gated.write(document, out)
    shown.write(document, verdict.run.document)


def check_lines(pairing: "Pairing", found: "Checked") -> Iterator[str]:
    """What `segeval check` found, line by line."""
    alone = [counted(len(pairing.missing), "truth"), counted(len(pairing.extra), "prediction")]
    yield f"{counted(len(pairing.pairs), 'pair')}, {alone[0]} without prediction, {alone[1]} without truth"
    if pairing.missing:
        yield safe_text(f"without prediction: {some(pairing.missing)}")
    yield f"sizes: {some([f'{size} ({count:,})' for size, count in found.sizes.most_common()]) or 'none'}"
    yield f"true ids: {_ranges(found.truth_ids)} (in {counted(found.sampled, 'pair')})"
    yield f"predicted ids: {_ranges(found.pred_ids)}"
    for option, reason in found.suggestions:
        yield f"suggestion: {option}: {reason}"


def _ranges(ids: list[int]) -> str:
    """`0–18, 255`."""
    return some(in_a_row(ids, "–"), 8) or "none"
