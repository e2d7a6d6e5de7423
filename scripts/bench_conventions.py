"""What `segeval conventions` costs beside `segeval score` of the same files; writes its part of docs/benchmarks.md.

    python scripts/bench_conventions.py [--pairs 100] [--rounds 5] [--write]

Whole processes, start included, measured in turn on the masks of `bench_score.py`; the ratio is the median of those of
the rounds.
"""

import argparse
import multiprocessing
import statistics
import sys
import tempfile
from pathlib import Path

import benchmarks
from bench_score import generate, measured


def ratios(folder: Path, rounds: int, options: list[str]) -> tuple[float, float, float]:
    """Seconds of `score` with options and of `conventions`, the best of the rounds, and the median of their ratios."""
    masks = [str(folder / "pred"), str(folder / "gt"), "--num-classes", "34", "--ignore", "0", "--isolated"]
    conventions = [sys.executable, "-m", "segeval", "conventions", *masks]
    score = [sys.executable, "-m", "segeval", "score", *masks, *options]
    times = [(measured(score)[0], measured(conventions)[0]) for _ in range(rounds)]
    return min(t[0] for t in times), min(t[1] for t in times), statistics.median(t[1] / t[0] for t in times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write into docs/benchmarks.md")
    asked = parser.parse_args()
    lines = ["| beside | score, s | conventions, s | ratio |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        generated = multiprocessing.get_context("spawn").Process(target=generate, args=(folder, asked.pairs))
        generated.start()
        generated.join()
        for options in ([], ["--metrics", "iou,dice", "--losses", "none"]):
            score, conventions, ratio = ratios(folder, asked.rounds, options)
            lines.append(f"| `{' '.join(['score', *options])}` | {score:.2f} | {conventions:.2f} | {ratio:.2f} |")
            print(lines[-1], flush=True)
    page = [
        "## `segeval conventions` beside `segeval score`",
        "",
        f"Written by `scripts/bench_conventions.py`: {asked.pairs} pairs of 2048 × 1024 PNG masks, whole processes",
        "in turn. Both make one pass over the files; the target is at most 1.2 times `score`.",
        "",
        *lines,
    ]
    if asked.write:
        benchmarks.write("bench_conventions", page)


if __name__ == "__main__":
    main()
