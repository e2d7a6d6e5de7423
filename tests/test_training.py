"""The training demonstration runs, learns something, and does the same twice."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import segeval

torch = pytest.importorskip("torch", reason="torch is not installed")
pytestmark = pytest.mark.torch


def test_a_quick_run_trains_scores_and_compares(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(root / "scripts" / "train_demo.py"), "--quick", "--steps", "36", "-j", "1"]
    command += ["--losses", "lovasz_softmax", "unet_cross_entropy", "-o", str(tmp_path)]
    path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path})
    rows = [line for line in done.stdout.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == 2 * ["cross_entropy", "lovasz_softmax", "unet_cross_entropy"]
    run = segeval.Run.read(tmp_path / "nuclei" / "lovasz_softmax")
    assert len(run.records) == 40
    assert run.numbers()["iou[nucleus]"] > 0.3  # all foreground is 0.22


def test_a_seed_decides_everything() -> None:
    import train_demo

    masks = np.random.RandomState(3).randint(0, 3, (train_demo.TRAIN + train_demo.TEST, 16, 16))
    images = (masks + np.random.RandomState(4).rand(*masks.shape)).astype(np.float32)
    maps = np.ones((train_demo.TRAIN, 16, 16), np.float32)
    task = train_demo.Task("small", "miou_dataset", ("a", "b", "c"), images, masks, maps)
    found = [train_demo.train(task, "dice", 5, 4) for _ in range(2)]
    assert (found[0].labels == found[1].labels).all()
    assert found[0].curve == found[1].curve
    first, again, other = (next(train_demo.batches(task, seed, 1))[1] for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
