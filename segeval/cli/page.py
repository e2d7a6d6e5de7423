"""The options of the HTML page, and the page that they make."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from segeval.cli.report_options import check_place, save, spare
from segeval.errors import BadOption

if TYPE_CHECKING:
    from segeval.data.folders import Pairing
    from segeval.gate import Verdict
    from segeval.gate.rank import Leaderboard
    from segeval.io.files import MaskFile
    from segeval.overlay.source import Masks
    from segeval.run.bootstrap import Draws
    from segeval.run.options import Options
    from segeval.run.results import Results

MOST = 500  # cards


@dataclass(frozen=True)
class Page:
    """What is asked of a page."""

    file: str | None = None
    pred: str | None = None
    truth: str | None = None
    images: str | None = None
    images_pattern: str | None = None
    cards: int = 48
    by: str = "miou_image"
    background: str = "auto"
    percent: bool = False
    title: str = "segeval report"

    def __post_init__(self) -> None:
        if self.file is not None:
            check_place("report", self.file)
        if (self.pred is None) != (self.truth is None):
            alone, other = ("--pred", "--truth") if self.truth is None else ("--truth", "--pred")
            raise BadOption(f"{alone} without {other}", f"give {other} too: the gallery needs both sides")
        if self.images_pattern is not None and self.images is None:
            raise BadOption("--images-pattern without --images", "give --images DIR")
        if not 0 <= self.cards <= MOST:
            raise BadOption(f"--cards is {self.cards}", f"give a number from 0 to {MOST}")
        _ = self.nothing

    @property
    def nothing(self) -> int | Literal["auto"] | None:
        """The id that stands for no object."""
        return nothing(self.background)

    @property
    def folders(self) -> list[str]:
        """What masks and photographs are read from."""
        return [each for each in (self.pred, self.truth, self.images) if each]

    @property
    def photos(self) -> "dict[str, MaskFile]":
        """The photographs that were given, by id."""
        from segeval.overlay.source import photographs

        return photographs(self.images, self.images_pattern)

    def place(self, run: str) -> str:
        """Where the page goes: beside the run unless somebody says otherwise."""
        from segeval.run.stored import run_file

        return self.file or str(run_file(run).with_name("report.html"))

    def masks(self, results: "Results") -> "Masks | None":
        """The masks of a stored run, where they were given."""
        if self.pred is None or self.truth is None:
            return None
        from segeval.overlay.source import Masks

        return Masks.found(results.document, self.pred, self.truth, self.photos)

    def masks_of(self, pairing: "Pairing", options: "Options") -> "Masks":
        """The masks of pairs that are scored."""
        from segeval.overlay.source import Masks

        return Masks.of(pairing, options, self.photos)


def write(
    page: Page,
    place: str,
    results: "Results",
    masks: "Masks | None",
    draws: "Draws",
    verdict: "Verdict | None" = None,
    baseline: "Results | None" = None,
    intersect: bool = False,
    percent: bool = False,
) -> None:
    """Write the page."""
    from segeval.gate.compare import compare
    from segeval.report.html.gallery import Gallery
    from segeval.report.html.page import Shown, ordering
    from segeval.report.html.page import page as made

    ordering(results, page.by)  # what is no number is told before the work
    gallery = Gallery(masks, page.cards, draws.seed, page.nothing) if masks is not None and page.cards else None
    _ = gallery and gallery.nothing  # refused before the work too
    comparison = compare([baseline, results], (), draws, intersect, movers=10).document() if baseline else None
    shown = Shown(
        results,
        baseline,
        verdict.document() if verdict else None,
        comparison,
        gallery,
        draws,
        page.by,
        page.title,
        percent or page.percent,
    )
    save("report", place, made(shown))


def leaderboard(place: str, found: "Leaderboard") -> None:
    """Write a leaderboard as a page."""
    from segeval.report.html.leaderboard import page

    save("report", place, page(found.document(), "segeval rank"))


def check(place: str, runs: Sequence[str | None], folders: Sequence[str] = ()) -> None:
    """Refuse a place among the runs and the masks, and a page that cannot be made."""
    from segeval.report.html.page import environment

    check_place("report", place)
    environment()
    spare({"report": place}, runs, folders)


def nothing(text: str) -> int | Literal["auto"] | None:
    """What `--background` says."""
    from segeval.parameters import background_id

    return "auto" if text == "auto" else background_id(text, "give an id, none or auto")


def of_report(**asked: Any) -> Page:
    """What `segeval report` is asked of its page."""
    page = Page(**asked)
    if page.images is not None and page.pred is None:
        raise BadOption("--images, and no masks to lay over them", "give --pred and --truth too")
    return page


def of_score(report: str | None, images: str | None, images_pattern: str | None) -> Page:
    """What `segeval score` is asked of its page, whose masks are those that it scores."""
    if images is not None and report is None:
        raise BadOption("--images, and no page to lay them in", "give --report FILE too")
    return Page(file=report, images=images, images_pattern=images_pattern)


def before(baseline: str | None) -> "Results | None":
    """The baseline, read once for the rules and the page."""
    from segeval.gate.baseline import read

    return None if baseline is None else read(baseline)
