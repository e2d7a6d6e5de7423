"""Logs a run of `sample_data/` with the trackers that are installed, as docs/report.md says, and reads it back.

`python scripts/check_trackers.py`, where dvc, mlflow, tensorboard or wandb is installed; nothing leaves the machine.
"""

import importlib.metadata
import importlib.util
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import segeval

ROOT = Path(__file__).parent.parent
PAIR = [str(ROOT / "sample_data" / side) for side in ("pred", "truth")]
CLASSES = str(ROOT / "sample_data" / "classes.csv")
TEMPLATE = ROOT / "docs" / "dvc-confusion.json"
QUIET = {"DVC_NO_ANALYTICS": "true", "WANDB_MODE": "offline", "WANDB_SILENT": "true", "MLFLOW_TRACKING_URI": ""}


def _python(module: str, *arguments: str, cwd: Path) -> str:
    """What a program of this environment prints."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=cwd, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_dvc(run: segeval.Run, place: Path) -> str:
    """A stage whose metrics and confusion matrix DVC shows, as docs/report.md has it."""
    _python("dvc", "init", "--no-scm", "-q", cwd=place)
    shutil.copy(TEMPLATE, place)
    score = f"segeval score {PAIR[0]} {PAIR[1]} --classes {CLASSES} -o out --force"
    stage = {
        "cmd": f"{sys.executable} -m {score}",
        "metrics": [{"out/metrics.json": {"cache": False}}],
        "plots": [
            {"out/confusion_long.csv": {"cache": False, "x": "predicted", "y": "actual", "template": TEMPLATE.name}}
        ],
    }
    (place / "dvc.yaml").write_text(json.dumps({"stages": {"score": stage}}))  # JSON is YAML too
    _python("dvc", "repro", "-q", cwd=place)
    shown = json.loads(_python("dvc", "metrics", "show", "--json", cwd=place))
    _same(shown[""]["data"]["out/metrics.json"]["data"], run.flat())
    vega = json.loads(_python("dvc", "plots", "show", "out/confusion_long.csv", "--show-vega", cwd=place))
    cells = {(row["actual"], row["predicted"]): int(row["pixels"]) for row in vega["data"]["values"]}
    matrix = run.matrix()
    names = {row["id"]: row["name"] for row in run.classes}
    wanted = {
        (names[true], names.get(pred, pred)): pixels
        for true, counts in zip(matrix["truth_ids"], matrix["counts"], strict=True)
        for pred, pixels in zip(matrix["pred_ids"], counts, strict=True)
        if pixels
    }
    assert cells == wanted
    return f"{len(shown['']['data']['out/metrics.json']['data'])} metrics, {len(cells)} cells{_drawn(vega, place)}"


def _drawn(vega: dict[str, Any], place: Path) -> str:
    """Draw the plot where vl-convert-python is installed."""
    if importlib.util.find_spec("vl_convert") is None:
        return ""
    import vl_convert

    picture = vl_convert.vegalite_to_png(json.dumps(vega))
    (place / "confusion.png").write_bytes(picture)
    return f", drawn in {len(picture):,} bytes"


def check_mlflow(run: segeval.Run, place: Path) -> str:
    """`mlflow.log_metrics(run.flat())`."""
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{place / 'mlflow.db'}")
    mlflow.create_experiment("segeval", artifact_location=str(place / "artifacts"))
    mlflow.set_experiment("segeval")
    with mlflow.start_run() as started:
        mlflow.log_metrics(run.flat())
    found = mlflow.get_run(started.info.run_id).data.metrics
    _same(found, run.flat())
    return f"{len(found)} metrics"


def check_tensorboard(run: segeval.Run, place: Path) -> str:
    """`writer.add_scalar(name, value, step)` for each number."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.summary import Writer

    writer = Writer(str(place / "board"))
    for name, value in run.flat().items():
        writer.add_scalar(name, value, 7)
    writer.close()
    board = EventAccumulator(str(place / "board"), size_guidance={"tensors": 0})
    board.Reload()
    found = {name: board.Tensors(name)[0] for name in board.Tags()["tensors"]}
    assert {each.step for each in found.values()} == {7}
    _same({name: each.tensor_proto.float_val[0] for name, each in found.items()}, run.flat(), 1e-6)
    return f"{len(found)} scalars"


def check_wandb(run: segeval.Run, place: Path) -> str:
    """`wandb.log(run.flat())`, offline."""
    import wandb

    started = wandb.init(project="segeval", dir=str(place), mode="offline")
    wandb.log(run.flat())
    found = {name: started.summary[name] for name in run.flat()}
    started.finish()
    _same(found, run.flat())
    return f"{len(found)} numbers"


def _same(found: dict[str, Any], wanted: dict[str, float], within: float = 1e-12) -> None:
    """Refuse other names, and other numbers than rounding would make."""
    assert found.keys() == wanted.keys(), sorted(found.keys() ^ wanted.keys())[:5]
    odd = [
        name for name, value in wanted.items() if not math.isclose(found[name], value, rel_tol=within, abs_tol=1e-30)
    ]
    assert not odd, [(name, found[name], wanted[name]) for name in odd[:3]]


CHECKS: dict[str, Callable[[segeval.Run, Path], str]] = {
    "dvc": check_dvc,
    "mlflow": check_mlflow,
    "tensorboard": check_tensorboard,
    "wandb": check_wandb,
}


def main() -> None:
    os.environ.update(QUIET)
    run = segeval.score(*PAIR, classes=CLASSES)
    for name, check in CHECKS.items():
        if importlib.util.find_spec(name) is None:
            print(f"{name}: skipped, it is not installed")
            continue
        with tempfile.TemporaryDirectory() as place:
            print(f"{name} {importlib.metadata.version(name)}: {check(run, Path(place))}", flush=True)


if __name__ == "__main__":
    main()
