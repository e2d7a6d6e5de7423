"""How much memory `segeval score -o` and `segeval gate` take for more and more images; a part of docs/benchmarks.md.

    python scripts/bench_memory.py [--pairs 500 5000 50000] [--write]

Every number is the largest resident set of a whole process. The masks are tiny, so that what grows is what each image
leaves behind.
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import benchmarks

SIDE = 64
SCORE = ["score", "pred", "truth", "--num-classes", "16", "-o", "out"]
GATE = ["gate", "out", "-r", "miou_dataset >= 0.001", "-r", "iou[*] over images p05 >= 0.0001"]


def make(place: Path, pairs: int) -> None:
    """Two folders of that many pairs: links to one truth of 16 squares, and to its copy three pixels aside."""
    import imagecodecs
    import numpy as np

    truth = np.kron(np.arange(16, dtype=np.uint8).reshape(4, 4), np.ones((SIDE // 4, SIDE // 4), np.uint8))
    for side, mask in (("pred", np.roll(truth, 3, axis=1)), ("truth", truth)):
        for n in range(pairs):
            path = place / side / f"{n // 1000:03}" / f"{n:06}_mask.png"
            if n % 1000 == 0:  # a file has only so many links
                path.parent.mkdir(parents=True)
                path.write_bytes(imagecodecs.png_encode(mask))
            else:
                os.link(path.with_name(f"{n - n % 1000:06}_mask.png"), path)


def peak(command: Sequence[str], place: Path) -> int:
    """The largest resident set of a command, in bytes."""
    process = subprocess.Popen([sys.executable, "-m", "segeval", *command], cwd=place, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"segeval {' '.join(command)} ended with {process.returncode}")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def peaks(pairs: int) -> tuple[int, int]:
    """The peak of scoring that many pairs, and of judging the run."""
    with tempfile.TemporaryDirectory() as folder:
        made = multiprocessing.get_context("spawn").Process(target=make, args=(Path(folder), pairs))
        made.start()  # in a process of its own: a child's peak begins with its parent's
        made.join()
        return peak(SCORE, Path(folder)), peak(GATE, Path(folder))


def table(sizes: Sequence[int]) -> list[str]:
    """A row for each number of pairs, with what each of them has cost since the row before."""
    lines = [
        "| pairs | `score -o`, MB | each pair more, kB | `gate`, MB | each pair more, kB |",
        "|--:|--:|--:|--:|--:|",
    ]
    before: tuple[int, int, int] | None = None
    for pairs in sizes:
        scored, judged = peaks(pairs)
        more = ["", ""]
        if before is not None:
            more = [
                f"{(now - then) / (pairs - before[0]) / 1000:.2f}"
                for now, then in zip((scored, judged), before[1:], strict=True)
            ]
        lines.append(f"| {pairs:,} | {scored / 1e6:.0f} | {more[0]} | {judged / 1e6:.0f} | {more[1]} |")
        print(lines[-1], flush=True)
        before = pairs, scored, judged
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, nargs="+", default=[500, 5000, 50_000])
    parser.add_argument("--write", action="store_true", help="write into docs/benchmarks.md")
    options = parser.parse_args()
    title = f"## Memory over the number of images ({SIDE} × {SIDE} masks, 16 classes)"
    said = (
        "Written by `scripts/bench_memory.py`. Default output; every image keeps its counts until the run is written."
    )
    lines = [title, "", said, "", *table(options.pairs)]
    if options.write:
        benchmarks.write("bench_memory", lines)


if __name__ == "__main__":
    main()
