"""How often each kind of gate says "fail", on made-up differences and on real masks; writes its part of docs/gate.md.

    python scripts/simulate_gate.py [--runs 4000] [--resamples 10000] [--write]

What is simulated is the gate itself: the draws, bounds and verdicts are the package's own. The same numbers each time.
"""

import argparse
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage

from segeval import io
from segeval.evidence.confusion import Confusion
from segeval.gate.decide import FAIL, PASS, Interval, decide
from segeval.io.files import MaskFile
from segeval.metrics import METRICS
from segeval.run.bootstrap import Draws, exact_sums
from segeval.run.scoring import Scoring
from segeval.run.tables import Tables

Array = np.ndarray[Any, Any]
Random = np.random.RandomState  # its stream is frozen
ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "gate.md"
DROP, SPREAD = 0.01, 0.06  # the drop that rules allow, and the standard deviation of the differences of single images
SIZES, CHANGES = (30, 100, 500), (0.0, -0.005, -0.01, -0.02)
FEW_SIZES, WORSE = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30), 0.06
FEW_TEXT = """
    Few images: how often `regression` fails where no drop is allowed at all, so that chance alone decides. Below ten
    it compares all subsets, below thirty as many random ones as there are resamples, and equal models fail in at most
    5 % of cases, but for the noise of the simulation; from thirty on it draws. Normal differences, and real masks, as
    above.
"""
TILE = (60, 80)
CLASSES = 3  # in the truth of a tile, at least
LARGEST = 0.1  # share of a tile that an object may have to be missed
MILD, HARD = 8, 24  # versions of each tile
KINDS = ["any drop", "tolerance only", "significance only", "**regression**", "noninferiority FAIL", "… not PASS"]


def kinds(change: float, interval: Interval, alpha: float) -> list[bool]:
    """Whether each kind of gate says "fail", in the order of KINDS."""
    release = decide("noninferiority", change, DROP, interval, interval.p, alpha).verdict
    return [
        decide("none", change, 0, interval, interval.p, alpha).verdict == FAIL,
        decide("none", change, DROP, interval, interval.p, alpha).verdict == FAIL,
        decide("regression", change, 0, interval, interval.p, alpha).verdict == FAIL,
        decide("regression", change, DROP, interval, interval.p, alpha).verdict == FAIL,
        release == FAIL,
        release != PASS,
    ]


def rates(differences: Array, draws: Draws) -> Array:
    """The share of simulated comparisons (images, runs) that each kind of gate fails."""
    images, runs = differences.shape
    failed = np.zeros(len(KINDS))
    for start in range(0, runs, 250):  # so that the resampled means stay small
        part = differences[:, start : start + 250]
        blocks = [(weights, weights.sum(axis=1, keepdims=True)) for weights in draws.paired(images)]
        means = [exact_sums(weights, part, images) / number for weights, number in blocks]
        for change, resampled in zip(part.mean(axis=0), np.concatenate(means).T, strict=True):
            failed += kinds(float(change), Interval.of(resampled, draws.confidence, images), draws.alpha)
    shares: Array = failed / runs
    return shares


def normal(change: float, shape: tuple[int, int], random: Random) -> Array:
    """Differences of images, all alike."""
    differences: Array = random.normal(change, SPREAD, shape)
    return differences


class Pool(NamedTuple):
    """IoU of tiles that a model changes a little (tiles, MILD) and of the same tiles where it fails (tiles, HARD)."""

    mild: Array
    hard: Array

    @property
    def cost(self) -> float:
        """What a failure costs on average."""
        return float(self.mild.mean() - self.hard.mean())

    @property
    def share(self) -> float:
        """The share of tiles on which two equal models must fail for differences of the wanted spread."""
        mild = 2 * self.mild.var(axis=1).mean()
        once = ((self.mild[:, :, None] - self.hard[:, None]) ** 2).mean()
        both = 2 * self.hard.var(axis=1).mean()
        # (1 − q)²·mild + 2 q (1 − q)·once + q²·both = SPREAD²
        q = np.roots([mild - 2 * once + both, 2 * (once - mild), mild - SPREAD**2])
        return float(min(root for root in q.real if root > 0))

    def scores(self, share: float, tiles: Array, random: Random) -> Array:
        """The IoU of a model on these tiles, of which it fails a share."""
        mild, hard = (scores[tiles, random.randint(0, scores.shape[1], tiles.shape)] for scores in self)
        found: Array = np.where(random.random_sample(tiles.shape) < share, hard, mild)
        return found

    def differences(self, change: float, shape: tuple[int, int], random: Random) -> Array:
        """Differences of two models on tiles drawn at random, whose mean is `change` by the shares that they fail."""
        tiles = random.randint(0, len(self.mild), shape)
        then = self.scores(self.share, tiles, random)
        now = self.scores(self.share - change / self.cost, tiles, random)
        difference: Array = now - then
        return difference


def tiles() -> Iterator[tuple[Array, Array]]:
    """The real predictions and truths of the sample data, cut into overlapping tiles with some classes each."""
    for path in sorted((ROOT / "sample_data" / "truth").iterdir()):
        (other,) = (ROOT / "sample_data" / "pred").glob(f"{path.stem}.*")
        pred, truth = (io.read(MaskFile.at(str(each), each.name)).pixels for each in (other, path))
        for top in range(0, truth.shape[0] - TILE[0] + 1, TILE[0] // 2):
            for left in range(0, truth.shape[1] - TILE[1] + 1, TILE[1] // 2):
                place = np.s_[top : top + TILE[0], left : left + TILE[1]]
                if np.unique(truth[place][truth[place] != 255]).size >= CLASSES:
                    yield pred[place], truth[place]


def moved(pred: Array, rows: int, columns: int) -> Array:
    """All moves; what comes in repeats the edge."""
    places = [(np.arange(n) + by).clip(0, n - 1) for n, by in zip(pred.shape, (rows, columns), strict=True)]
    inside: Array = pred[np.ix_(*places)]
    return inside


def nibbled(pred: Array, random: Random) -> Array:
    """Some pixels at borders go to the class of a neighbour."""
    neighbour = moved(pred, *random.randint(-1, 2, 2))
    return np.where(random.random_sample(pred.shape) < 0.2 * random.random_sample(), neighbour, pred)


def shifted(pred: Array, random: Random) -> Array:
    """All moves by up to 6 pixels."""
    return moved(pred, *random.randint(-6, 7, 2))


def eroded(pred: Array, random: Random) -> Array:
    """One class loses up to 4 pixels at its border to its neighbours."""
    chosen = pred == random.choice(np.unique(pred))
    inside = ndimage.distance_transform_edt(chosen)
    return filled(pred, chosen & (inside <= random.randint(1, 5)), ~chosen)


def dropped(pred: Array, random: Random) -> Array:
    """One object is missed, if it is not too large: its pixels go to what lies around it."""
    objects, number = ndimage.label(pred == random.choice(np.unique(pred)))
    gone = objects == random.randint(1, number + 1)
    return filled(pred, gone, ~gone) if gone.mean() < LARGEST else pred


def filled(pred: Array, gone: Array, source: Array) -> Array:
    """The pixels that are gone take the class of the nearest pixel of the source, if there is any."""
    if not source.any():
        return pred
    _, nearest = ndimage.distance_transform_edt(~source, return_indices=True)
    return np.where(gone, pred[tuple(nearest)], pred)


def pool(random: Random) -> Pool:
    """The IoU (mean over the classes of a tile) of versions of all tiles."""
    failures: list[Callable[[Array, Random], Array]] = [shifted, eroded, dropped]
    rows = []
    for pred, truth in tiles():
        versions = [nibbled(pred, random) for _ in range(MILD)]
        versions += [failures[n % 3](pred, random) for n in range(HARD)]
        found = [Confusion.of(each, truth, num_classes=19, ignore=[255]) for each in versions]
        rows.append(Tables.of(found, range(19), Scoring(presence="truth")).image_means(METRICS["iou"]))
    table = np.array(rows)
    return Pool(table[:, :MILD], table[:, MILD:])


def table(draw: Callable[[float, tuple[int, int], Random], Array], runs: int, draws: Draws) -> list[str]:
    """A row for each number of images and true change."""
    lines = [f"| images | true Δ | {' | '.join(KINDS)} |", "|" + "---|" * (2 + len(KINDS))]
    for images in SIZES:
        for n, change in enumerate(CHANGES):
            found = rates(draw(change, (images, runs), Random([images, n])), draws)
            cells = [f"{share:.2f}" for share in found]
            cells[3] = f"**{cells[3]}**"  # the default test
            lines.append(f"| {images} | {change:g} | {' | '.join(cells)} |".replace("| -", "| −"))
    return lines


def few(real: Pool, runs: int, draws: Draws) -> list[str]:
    """How often equal models fail where no drop is allowed, and a worse one fails, of few images."""
    kinds = [("normal", normal), ("real masks", real.differences)]
    lines = [
        f"| images | {' | '.join(f'{name}, Δ = 0 | Δ = −{WORSE:g}' for name, _ in kinds)} |",
        "|---|" + "---|---|" * 2,
    ]
    for images in FEW_SIZES:
        cells = []
        for _, draw in kinds:
            for n, change in enumerate((0.0, -WORSE)):
                found = rates(draw(change, (images, runs), Random([images, n, 1])), draws)
                cells.append(f"{found[2]:.3f}")  # any drop, if it is more than chance
        lines.append(f"| {images} | {' | '.join(cells)} |")
    return lines


def described(real: Pool) -> str:
    """What the differences on real masks are like."""
    equal, worse = (real.differences(change, (100, 5000), Random(2)) for change in (0, CHANGES[-1]))
    squares = np.sort(equal.ravel() ** 2)[::-1]
    few = squares[: squares.size // 20].sum() / squares.sum()
    return f"""
        Real masks: {len(real.mild)} overlapping tiles of `sample_data/` with at least {CLASSES} true classes, and
        what a real model predicted there. Both models of a pair change a few border pixels of each tile, and fail on
        some tiles: all is shifted, a class is eroded, an object is missed. The worse model fails on more of them. The
        number is `miou_image` with `--presence truth`. Equal models fail on {real.share:.0%} of the tiles each, and a
        failure costs {real.cost:.2f} on average. The standard deviation is {equal.std():.2f} at Δ = 0 and
        {worse.std():.2f} at Δ = −{-CHANGES[-1]:g}. The tails are heavy: of equal models,
        {(abs(equal) < DROP).mean():.0%} of the differences are below {DROP:g}, and 5% of them carry {few:.0%} of the
        sum of squares.
    """


def section(runs: int, resamples: int) -> list[str]:
    """The part of the page."""
    real, draws = pool(Random(1)), Draws(resamples=resamples)
    how = f"""
        Written by `scripts/simulate_gate.py`: {runs:,} pairs of models for each row, {resamples:,} resamples,
        m = {DROP:g}, α = {draws.alpha:.2g}. A share has a standard error of up to {0.5 / runs**0.5:.3f}. Rows with
        Δ = 0 are false alarms.
    """
    return [
        paragraph(how),
        f"The differences of single images are normal, with standard deviation {SPREAD:g}:",
        "",
        *table(normal, runs, draws),
        "",
        paragraph(described(real)),
        *table(real.differences, runs, draws),
        "",
        paragraph(FEW_TEXT),
        *few(real, runs, draws),
    ]


def paragraph(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 118) + "\n"


def write(lines: list[str]) -> None:
    """Replace what stands between the marks of this script."""
    text = PAGE.read_text(encoding="utf-8")
    marks = "<!-- simulate_gate -->\n", "<!-- /simulate_gate -->"
    before, after = text.split(marks[0])[0], text.split(marks[1])[1]
    PAGE.write_text(before + marks[0] + "\n".join(lines) + "\n" + marks[1] + after, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--write", action="store_true", help="write into docs/gate.md")
    options = parser.parse_args()
    lines = section(options.runs, options.resamples)
    print("\n".join(lines))
    if options.write:
        write(lines)


if __name__ == "__main__":
    main()
