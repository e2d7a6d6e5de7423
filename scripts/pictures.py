"""Makes the pictures of docs/pictures from `sample_data/`, and those of docs/curves: `python scripts/pictures.py`.

The terminal is what `segeval score` draws on one of 100 columns, as rich exports it; the masks and errors are those of
`segeval overlay`; the page is that of `segeval report` in Debian's chromium, and is left as it is where there is none.
The curves are those of `segeval plot losses`.
"""

import fcntl
import io
import os
import pty
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
COLUMNS, ROWS = 100, 60
CURVES = ROOT / "docs" / "curves"
REGION = ("dice", "jaccard", "tversky", "focal_tversky", "mcc")
PIXELWISE = ("cross_entropy", "balanced_cross_entropy", "focal", "poly1_cross_entropy", "mean_squared_error", "huber")
ANSWERING = ("dice", "cross_entropy", "boundary", "hausdorff_dt", "ssim", "soft_cldice", "mcc")
BASICS = ("iou_dice", "means", "logarithm", "sigmoid")
DRAWN = (  # the losses that are drawn together, and the files of the docs, by what the program calls them
    (REGION, {"losses": "region", "tversky": "tversky"}),
    (PIXELWISE, {"losses": "pixelwise", "focal": "focal"}),
    (ANSWERING, {"losses-answers": "answers"}),
    (BASICS, {name: name for name in BASICS}),
)
PAIR = ["sample_data/pred", "sample_data/truth", "--classes", "sample_data/classes.csv"]
TERMINAL = ["score", *PAIR, "--losses", "none", "-r", "miou_dataset >= 0.75", "-r", "iou[traffic sign] >= 0.6"]
# rich's own template has a font from another host
SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def on_a_terminal(arguments: list[str]) -> str:
    """What the program writes to a terminal, with its colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    left_out = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "GITHUB_ACTIONS", "CI"}
    plain = {name: value for name, value in os.environ.items() if name not in left_out}
    command = [sys.executable, "-m", "segeval", *arguments, "--isolated"]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=plain | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONUTF8": "1"},
    )
    os.close(theirs)
    parts = []
    try:
        while part := os.read(ours, 65536):
            parts.append(part)
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    process.wait()
    return b"".join(parts).decode().replace("\r\n", "\n")


def terminal() -> str:
    """The picture of a command and what it writes."""
    words = " ".join(f'"{word}"' if " " in word else word for word in ["segeval", *TERMINAL])
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    console.print(Text(f"$ {words}", "bold"), "", Text.from_ansi(on_a_terminal(TERMINAL)), sep="\n")
    return console.export_svg(title="segeval", code_format=SVG, unique_id="segeval")


def overlays(place: Path) -> dict[str, Image.Image]:
    """Both masks and the errors of an image of the street scene, and of one of the cells, by their names."""
    found: dict[str, Image.Image] = {}
    cells = ["sample_data/cells/pred", "sample_data/cells/truth", "--binary"]
    for pair, image, name in ((PAIR, "lower_right", "street"), (cells, "bf566e75", "cells")):
        command = [sys.executable, "-m", "segeval", "overlay", *pair, "-o", str(place / name)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        for kind in ("truth", "pred", "errors"):
            found[f"{name}.{kind}.png"] = Image.open(place / name / f"{image}.{kind}.png")
    return found


def page(place: Path) -> None:
    """The top of the page, as a browser shows it."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("chromium is not installed: report.png is left as it is")
        return
    run, html, shot = place / "run", place / "report.html", place / "report.png"
    segeval = [sys.executable, "-m", "segeval"]
    for arguments in (
        ["score", *PAIR, "-o", str(run)],
        ["report", str(run), "--pred", PAIR[0], "--truth", PAIR[1], "-r", "miou_dataset >= 0.75", "-o", str(html)],
    ):
        subprocess.run([*segeval, *arguments], cwd=ROOT, check=True, capture_output=True)
    size = "--window-size=1100,1330"
    quiet = ["--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu", f"--user-data-dir={place / 'profile'}"]
    subprocess.run([chromium, *quiet, size, f"--screenshot={shot}", f"file://{html}"], check=True, capture_output=True)
    few = Image.open(shot).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(PICTURES / "report.png", optimize=True)


def curves(place: Path) -> None:
    """Figures of losses."""
    for number, (names, wanted) in enumerate(DRAWN):
        to = place / f"curves{number}"
        command = [sys.executable, "-m", "segeval", "plot", "losses", *names, "--format", "svg", "-o", str(to)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        for name, file in wanted.items():
            shutil.copy(to / f"{name}.svg", CURVES / f"{file}.svg")


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    CURVES.mkdir(exist_ok=True)
    (PICTURES / "terminal.svg").write_text(terminal(), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        for name, picture in overlays(Path(folder)).items():
            picture.save(PICTURES / name, optimize=True)
        page(Path(folder))
        curves(Path(folder))
