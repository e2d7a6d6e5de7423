"""Whether the built wheel holds the package and nothing else, and works on its own: `python scripts/check_wheel.py`."""

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

import segeval

ROOT = Path(__file__).parent.parent
INFO = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
SAMPLE = ROOT / "sample_data"


def build(folder: Path) -> Path:
    """The wheel of the checkout."""
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def check_content(wheel: Path) -> None:
    """Every file of the package that git knows, and of the wheel's own files those that belong there."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    info = "-".join(wheel.name.split("-")[:2]) + ".dist-info"
    wanted = set(_run("git", "ls-files", "segeval", cwd=ROOT).splitlines()) | {f"{info}/{name}" for name in INFO}
    if names != wanted:
        sys.exit(f"the wheel lacks {sorted(wanted - names)}, and holds {sorted(names - wanted)} too")


def check_use(wheel: Path, folder: Path) -> None:
    """Installed into an environment of its own, it says its version and scores from a folder outside the checkout."""
    venv.create(folder / "venv", with_pip=True)
    bin_ = folder / "venv" / "bin"
    _run(bin_ / "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=folder)
    version = _run(bin_ / "segeval", "--version", cwd=folder)
    masks = (SAMPLE / "pred", SAMPLE / "truth", "--classes", SAMPLE / "classes.csv")
    scored = _run(bin_ / "segeval", "score", *masks, "-o", "out", cwd=folder)
    home = _run(bin_ / "python", "-c", "import segeval.testing as room; print(room.__file__)", cwd=folder)
    for found, expected in (
        (version, f"segeval {segeval.__version__}\n"),
        (scored, "mIoU 0.7769"),
        (home, str(bin_.parent)),
    ):
        if expected not in found:
            sys.exit(f"the installed wheel says {found!r}, not {expected!r}")


def _run(*command: str | Path, cwd: Path) -> str:
    return subprocess.run([*map(str, command)], cwd=cwd, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        built = build(place)
        check_content(built)
        check_use(built, place)
        print(f"{built.name} holds what it should, and works")
