"""Profiles give the numbers of their programs, and other options win over them."""

import json

import numpy as np
import pytest
from check_peers import label_set
from support.reference import DATA

import segeval
from segeval.errors import BadOption
from segeval.run.profiles import PROFILES

PEERS = json.loads((DATA / "peer_conventions.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("profile", "number", "peer"),
    [
        ("mmseg", "miou_dataset", "mmsegmentation 1.2.2: IoUMetric mIoU"),
        ("detectron2", "miou_dataset", "detectron2 027099d: SemSegEvaluator mIoU"),
        ("detectron2", "fw_iou", "detectron2 027099d: SemSegEvaluator fwIoU"),
        ("nnunet", "mdice_class", "nnU-Net 2 0e49508: foreground_mean Dice"),
        ("monai", "mdice_image", "MONAI 1.6.1: DiceMetric(include_background=True)"),
        ("torchmetrics", "miou_pairs", "torchmetrics 1.9.0: segmentation.MeanIoU(C)"),
        ("torchmetrics", "mprecision_dataset", "torchmetrics 1.9.0: MulticlassPrecision(C, average='macro')"),
        ("sklearn", "mrecall_dataset", "scikit-learn 1.9.1: recall_score(truth, pred, average='macro')"),
        ("smp", "mprecision_dataset", "segmentation-models-pytorch 0.6.0: precision(…, reduction='macro')"),
        ("keras", "miou_dataset", "Keras 3.15.1: MeanIoU(C)"),
    ],
)
def test_the_number_of_the_program(profile, number, peer):
    for seed in (0, 1, 2):
        pred, truth = label_set(seed)
        run = segeval.score([*pred], [*truth], num_classes=5, profile=profile)
        assert number in PROFILES[profile].reports
        assert run.summary[number] == pytest.approx(PEERS[peer][seed], abs=2e-6)
        assert run.document()["options"]["profile"] == profile


def test_ade20k(root):
    """Three images of 15 classes scored against themselves: 15 / 150, by its own readme."""
    folder = DATA / "semantic_ade20k_sample"
    run = segeval.score(folder / "predictions", folder / "annotations", profile="ade20k")
    assert run.summary["miou_dataset"] == pytest.approx(0.1, abs=1e-12)
    assert run.summary["pixel_accuracy"] == 1


def test_other_options_win():
    pred, truth = label_set(1)
    run = segeval.score([*pred], [*truth], num_classes=5, profile="nnunet", mean_without=[1])
    assert run.document()["options"]["mean_without"] == [1]
    with pytest.raises(BadOption) as caught:
        segeval.score([*pred], [*truth], num_classes=5, profile="nnunett")
    assert "did you mean 'nnunet'" in caught.value.hint


def test_on_the_command_line(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from segeval.cli.main import cli

    monkeypatch.chdir(tmp_path)
    for side, labels in (("pred", [[0, 1, 1, 2]]), ("gt", [[0, 1, 2, 2]])):
        (tmp_path / side).mkdir()
        np.save(tmp_path / side / "a.npy", np.array(labels, np.uint8))
    (tmp_path / "segeval.toml").write_text("[data]\npresence = 'truth'\n")

    def invoke(*options):
        return CliRunner().invoke(cli, ["score", "pred", "gt", "--num-classes", "4", "--format", "json", *options])

    found = json.loads(invoke("--profile", "nnunet").stdout)["options"]
    assert (found["profile"], found["mean_without"], found["presence"]) == ("nnunet", [0], "truth")
    result = invoke("--mean-without", "2", "--profile", "nnunet")
    assert json.loads(result.stdout)["options"]["mean_without"] == [2]
    assert "profile nnunet has --mean-without 0; 2 was given, and counts" in result.stderr
    result = CliRunner().invoke(cli, ["score", "pred", "gt", "--num-classes", "4", "--isolated", "--profile", "monai"])
    assert "profile monai: mdice_image" in result.stdout
    assert invoke("--profile", "mony").exit_code == 2
    assert "profile nnunet" not in invoke("--profile", "nnunet").stderr
