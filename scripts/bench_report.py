"""What the HTML page costs beside the scoring of its images; writes its part of docs/benchmarks.md.

    python scripts/bench_report.py [--pairs 500] [--rounds 3] [--write]

Every row is a whole process, measured in turn with the others on the same files. Processor time is compared, since a
page is made by one thread while masks are scored by all of them; the best of the rounds counts.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import benchmarks
import numpy as np
from bench_score import generate
from PIL import Image

CARDS = 48
DISTINCT = 6  # pairs that are generated; more are hard links to them


def photographs(folder: Path, pairs: int) -> None:
    """A JPEG of each mask, of its size."""
    (folder / "photos").mkdir()
    noise = np.random.RandomState(0).randint(0, 60, (1024, 2048, 3), np.uint8)
    for n in range(pairs):
        path = folder / "photos" / f"{n:05}.jpg"
        if n < DISTINCT:
            mask = np.asarray(Image.open(folder / "gt" / f"{n:05}.png"))
            Image.fromarray(mask[..., None] * 5 + noise).save(path, quality=90)
        else:
            os.link(folder / "photos" / f"{n % DISTINCT:05}.jpg", path)


def measured(command: list[str]) -> float:
    """Seconds of processor time of one whole process."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[:4]} ended with {process.returncode}: {said[-2000:]}")
    return usage.ru_utime + usage.ru_stime


def commands(folder: Path) -> dict[str, list[str]]:
    """What is compared."""
    segeval, out = [sys.executable, "-m", "segeval"], str(folder / "out")
    pred, truth, photos, page = (str(folder / name) for name in ("pred", "gt", "photos", "page.html"))
    score = [*segeval, "score", pred, truth, "--num-classes", "34", "--ignore", "0", "--isolated", "-o", out, "--force"]
    of_run = [*segeval, "report", out, "--isolated", "-o", page]
    return {
        "segeval score -o": score,
        "… and --report": [*score, "--report", page],
        "… and --images": [*score, "--report", page, "--images", photos],
        "segeval report, tables alone": of_run,
        "… and --pred, --truth": [*of_run, "--pred", pred, "--truth", truth],
    }


def table(pairs: int, rounds: int) -> list[str]:
    """The rows of the table."""
    lines = ["| program | processor seconds | times score | page, MB |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        generate(folder, pairs, DISTINCT)
        photographs(folder, pairs)
        runs: dict[str, list[tuple[float, float]]] = {}
        for _ in range(rounds):
            for name, command in commands(folder).items():
                (folder / "page.html").unlink(missing_ok=True)
                seconds = measured(command)
                size = (folder / "page.html").stat().st_size / 1e6 if (folder / "page.html").exists() else 0
                runs.setdefault(name, []).append((seconds, size))
        alone = min(runs["segeval score -o"])[0]
        for name, times in runs.items():
            seconds, size = min(times)
            written = f"{size:.1f}" if size else ""
            lines.append(f"| {name} | {seconds:.2f} | {seconds / alone:.2f} | {written} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write into docs/benchmarks.md")
    options = parser.parse_args()
    page = [
        f"Written by `scripts/bench_report.py` on {os.cpu_count()} cores ({platform.machine()}),",
        f"Python {platform.python_version()}, NumPy {np.__version__}. Whole processes, start included.",
        "",
        f"## The page of {options.pairs} pairs of 2048 × 1024, with {CARDS} of them in its gallery",
        "",
        *table(options.pairs, options.rounds),
        "",
        "The target is at most 1.3 times the processor time of `segeval score`, without photographs.",
        "",
    ]
    print("\n".join(page))
    if options.write:
        benchmarks.write("bench_report", page)


if __name__ == "__main__":
    main()
