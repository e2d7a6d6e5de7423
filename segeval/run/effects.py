"""Options that change nothing: an error where they were typed and no image needs them, else something to say."""

from collections.abc import Collection, Iterator, Sequence

from segeval.errors import NoEffect, UnusedOption
from segeval.evidence.confusion import Confusion
from segeval.evidence.multilabel import ChannelCounts, PixelEvidence
from segeval.run.options import READING, Options
from segeval.run.records import Record
from segeval.text import counted


def unused(
    records: Sequence[Record], options: Options, total: PixelEvidence, typed: Collection[str] = ()
) -> Iterator[tuple[str, int]]:
    """Options, each as it is typed, and the number of images on which they have no effect.

    An option that is about all images together, as `--ignore 255` is, has none on all of them or is not named.
    total: the counts of all records.  typed: what is looked at also where it has the value that it has anyway.
    """
    for option in sorted({*options.about_reading, *(set(READING) & set(typed))}):
        if number := sum(record.used is not None and option not in record.used for record in records):
            yield _typed_as(option), number
    if not records:
        return
    for id_ in sorted(_not_held(options, total)):
        yield f"--ignore {id_}", len(records)
    known = options.classes.scored.ids if options.classes.scored else total.ids
    for id_ in options.scoring.mean_without:
        if id_ not in known:
            yield f"--mean-without {id_}", len(records)
    if options.scoring.background and not _stands_for_something(options.scoring.background, options, total):
        yield f"--background {options.scoring.background}", len(records)
    measured = options.losses is not None and any(each.entry.distances for each in options.losses.asked)
    if options.reading.spacing is not None and "spacing" not in options.scoring.measuring and not measured:
        yield "--spacing", len(records)  # no metric or loss asked for is of distances
    if options.scoring.pool_by and len({options.scoring.cases.of(each.id) for each in records}) == len(records):
        yield "--pool-by", len(records)


def remarks(records: Sequence[Record], options: Options, total: PixelEvidence) -> Iterator[UnusedOption]:
    """What is worth saying of them."""
    for option, number in unused(records, options, total):
        what = _said(option, f"on {number:,} of {counted(len(records), 'image')}")
        yield UnusedOption(what, "leave it out, or look at how these files were read")


def refused(
    records: Sequence[Record], options: Options, total: PixelEvidence, typed: Collection[str]
) -> Iterator[NoEffect]:
    """The errors for those that somebody typed, and no image needs; typed: the names of parameters."""
    predicted = sum(record.used is not None for record in records)
    for option, number in unused(records, options, total, typed):
        name = option.partition(" ")[0]
        if 0 < predicted <= number and name.removeprefix("--").replace("-", "_") in typed:
            yield NoEffect(_said(option, "on any image"), f"leave {name} out, or see what the files hold")


def _said(option: str, where: str) -> str:
    """What is wrong with an option; a background that is nowhere makes an object of all that is another id."""
    if option.startswith("--background"):
        return f"{option}: there is no such class, so that nothing is background"
    return f"{option} had no effect {where}"


def _stands_for_something(background: int, options: Options, total: PixelEvidence) -> bool:
    """Whether an id is a class or ignored; of masks whose ids number objects, whether any mask holds it."""
    if options.classes.objects:  # it has become 0
        assert isinstance(total, Confusion)
        return 0 in {*total.truth.tolist(), *total.pred.tolist()}
    known = options.classes.scored.ids if options.classes.scored else total.ids
    return background in {*known, *options.classes.ignore}


def _typed_as(option: str) -> str:
    """An option about reading as it is typed: `--one-hot`, `--map pred`."""
    name, _, value = option.partition(" ")
    return f"--{name.replace('_', '-')} {value}".rstrip()


def _not_held(options: Options, total: PixelEvidence) -> set[int]:
    """Ids that were to be ignored, that no mask holds, and that would be no class either.

    Of a class table it is the data set that may hold them.
    """
    if isinstance(total, ChannelCounts):
        return set(options.classes.asked) if not total.ignored.any() else set()
    assert isinstance(total, Confusion)
    return set(options.classes.asked) - {*options.classes.dropped, *total.truth.tolist(), *total.pred.tolist()}
