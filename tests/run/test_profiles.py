"""Profiles give the numbers of their programs, and other options win over them."""

import json

import numpy as np
import pytest
from check_peers import label_set
from click.testing import CliRunner
from support.reference import DATA, VECTORS, mask

import segeval
from segeval.cli.main import cli
from segeval.errors import BadOption
from segeval.metrics.sections import SECTIONS
from segeval.run.numbers import find
from segeval.run.options import Options
from segeval.run.profiles import PROFILES
from segeval.run.tables import Outline

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
        assert run.summary[number] == pytest.approx(PEERS[peer][0][seed], abs=2e-6)
        assert run.document()["options"]["profile"] == profile


def test_ade20k(root):
    """Three images of 15 classes scored against themselves: 15 / 150, by its own readme."""
    folder = DATA / "semantic_ade20k_sample"
    run = segeval.score(folder / "predictions", folder / "annotations", profile="ade20k")
    assert run.summary["miou_dataset"] == pytest.approx(0.1, abs=1e-12)
    assert run.summary["pixel_accuracy"] == 1


def test_davis():
    """The vector of davis2017-evaluation ac7c43f: J and F over objects of their means over frames."""
    vector = VECTORS["davis-two-objects"]
    cases = [vector["inputs"]["cases"][n] for n in vector["params"]["frames_scored"]]
    frames = [[mask(case[side]) for case in cases] for side in ("pred", "truth")]
    summary = segeval.score(*frames, num_classes=3, profile="davis").summary
    for name, expected in (("miou_class", "J_mean"), ("mboundary_f_class@0.8%", "F_mean")):
        assert summary[name] == pytest.approx(vector["expected"][expected], abs=1e-9)


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("coco-panoptic", (0.6646301051201716, 0.8203852616117429, 0.6438627509212954)),  # panopticapi 7bb4655
        ("bdd100k-panoptic", (0.6646278879162743, 0.8203852616117423, 0.6438602380902118)),  # BDD100K 9ac17c6
    ],
)
def test_panoptic(profile, expected):
    folder = DATA / "panoptic_bdd100k"
    found = segeval.score(folder / "pred", folder / "gt", profile=profile).document()["instances"]["mean"]
    assert [found[name] for name in ("pq", "pq_things", "pq_stuff")] == pytest.approx(expected, abs=1e-12)


def test_panoptica():
    """Its tutorial (panoptica b0ac3e4)."""
    with np.load(DATA / "spine_panoptica" / "masks.npz") as masks:
        run = segeval.score([masks["pred"]], [masks["truth"]], profile="panoptica")
    found = run.document()["instances"]["thresholds"]["0.5"]
    assert (found["pq"], found["mean_matched_iou"]) == pytest.approx((0.6586696657808406, 0.7940127477906024))


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_reports_numbers_that_there_are(name):
    """Under its own options, and in the last lines of a report."""
    options = Options.of(profile=name, **({} if "classes" in PROFILES[name].options else {"num_classes": 2}))
    groups = tuple(options.classes.scored.groups) if options.classes.scored else ()
    outline = Outline(options.scoring, ((1, "a"),), groups, tuple(options.specs))
    known = {f"{kind}.{told.name}" for kind in options.specs for told in SECTIONS.told(kind, None)}
    for number in PROFILES[name].reports:
        assert number in known or number in PROFILES[name].wants or find(outline, number, None).drawn


def test_numbers_of_sections_are_told_too(tmp_path):
    folder = DATA / "panoptic_bdd100k"
    result = CliRunner().invoke(
        cli, ["score", str(folder / "pred"), str(folder / "gt"), "--isolated", "--profile", "bdd100k-panoptic"]
    )
    assert "profile bdd100k-panoptic: instances.mean_pq 0.6646, instances.mean_sq 0.6835" in result.stdout


@pytest.mark.parametrize(("profile", "enhancing", "absent"), [("brats", 4, 1), ("brats2023", 3, None)])
def test_brats(profile, enhancing, absent):
    """Whole tumour, core and enhancing tumour of two subjects; the second has no enhancing tumour on either side."""
    truth = np.array([[[0, 1, 2, enhancing]], [[0, 1, 2, 2]]])
    pred = np.array([[[1, 1, 2, 2]], [[0, 0, 1, 2]]])
    whole, core = (2 * 3 / 7, 2 * 2 / 5), (2 * 1 / 4, 0)  # by hand: 2 |both| / (|pred| + |truth|)
    values = [[*whole], [*core], [0, absent]]
    run = segeval.score([*pred], [*truth], profile=profile)
    expected = np.mean([np.mean([v for v in row if v is not None]) for row in values])
    assert run.summary["mdice_class"] == pytest.approx(expected)
    distance, penalty = ("hd95_max", 373.13) if profile == "brats" else ("hd95_pooled", 373)
    both = [penalty] if absent is None else [penalty, 0]  # the second subject has it in no mask
    assert run.classes[2][distance] == np.mean(both)


def test_flags_of_a_profile_are_shown_as_they_are_typed():
    page = CliRunner().invoke(cli, ["explain", "profile.brats"]).stdout
    assert "--classes brats --regions --undefined absent=best" in page


def test_other_options_win():
    pred, truth = label_set(1)
    run = segeval.score([*pred], [*truth], num_classes=5, profile="nnunet", mean_without=[1])
    assert run.document()["options"]["mean_without"] == [1]
    with pytest.raises(BadOption) as caught:
        segeval.score([*pred], [*truth], num_classes=5, profile="nnunett")
    assert "did you mean 'nnunet'" in caught.value.hint


def test_on_the_command_line(tmp_path, monkeypatch):
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
    assert "profile detectron2 has" not in invoke("--profile", "detectron2", "--presence", "truth").stderr
    assert "has --ignore 255; 3 was given" in invoke("--profile", "detectron2", "--ignore", "3").stderr


def test_a_number_of_classes_stands_in_place_of_the_classes_of_a_profile():
    pred, truth = label_set(1)
    run = segeval.score([*pred], [*truth], num_classes=5, profile="cityscapes-trainids")
    assert [row["name"] for row in run.classes] == ["0", "1", "2", "3", "4"]
    named = segeval.score([*pred], [*truth], classes="a,b,c,d,e", profile="cityscapes-trainids")
    assert [row["name"] for row in named.classes] == [*"abcde"]
    with pytest.raises(BadOption, match="exclude each other"):
        segeval.score([*pred], [*truth], num_classes=5, classes="a,b,c,d,e", profile="cityscapes")


@pytest.fixture
def masks(tmp_path, monkeypatch):
    """Two masks, and what `segeval` says of them under a configuration."""
    monkeypatch.chdir(tmp_path)
    for side, labels in (("pred", [[0, 1, 1, 2]]), ("gt", [[0, 1, 2, 2]])):
        (tmp_path / side).mkdir()
        np.save(tmp_path / side / "a.npy", np.array(labels, np.uint8))

    def said(configuration, *options, command="score"):
        (tmp_path / "segeval.toml").write_text(f"[data]\n{configuration}\n")
        return CliRunner().invoke(cli, [command, "pred", "gt", *options])

    return said


JSON = ("--format", "json")


def test_a_configuration_may_name_the_profile(masks):
    found = json.loads(masks("profile = 'monai'", "--num-classes", "4", *JSON).stdout)["options"]
    assert (found["profile"], found["presence"]) == ("monai", "truth")
    typed = masks("profile = 'monai'", "--num-classes", "4", "--profile", "nnunet", *JSON)
    found = json.loads(typed.stdout)["options"]  # the command line wins over the configuration
    assert (found["profile"], found["presence"], found["mean_without"]) == ("nnunet", "union", [0])
    for options in (["--isolated"], ["--config", "segeval.toml", "--isolated"]):
        found = json.loads(masks("profile = 'monai'", "--num-classes", "4", *options, *JSON).stdout)["options"]
        assert "profile" not in found
    result = masks("profile = 'monay'", "--num-classes", "4")
    assert (result.exit_code, "did you mean 'monai'" in result.stderr) == (2, True)
    result = masks("profile = 3")
    assert result.exit_code == 2
    assert "segeval.toml:2:1" in result.stderr
    for options in ([], ["--profile", "monai"]):  # other options of a configuration win over its profile
        result = masks("profile = 'monai'\npresence = 'always'", "--num-classes", "4", *options, *JSON)
        assert json.loads(result.stdout)["options"]["presence"] == "always"
        assert "profile monai has --presence truth; always was given, and counts" in result.stderr


def test_the_classes_of_a_profile_are_those_of_every_command(masks):
    result = masks("profile = 'voc'\nclasses = ['a', 'b']", command="check")
    assert result.exit_code == 3  # 2 is none of them
    assert masks("profile = 'cityscapes-trainids'", command="check").exit_code == 0


@pytest.mark.parametrize("option", [["--num-classes", "4"], ["--classes", "a,b,c,d"]])
def test_typed_classes_win_over_those_of_profile_and_configuration(masks, option):
    flag, value = option
    result = masks("", "--profile", "cityscapes-trainids", *option, *JSON)
    assert len(json.loads(result.stdout)["classes"]) == 4
    given = value if flag == "--classes" else "--num-classes 4"
    assert f"profile cityscapes-trainids has --classes cityscapes; {given} was given, and counts" in result.stderr
    for configuration in ("num_classes = 3", "classes = ['x', 'y', 'z']", "profile = 'cityscapes-trainids'"):
        result = masks(configuration, *option, *JSON)
        assert len(json.loads(result.stdout)["classes"]) == 4
    result = masks("num_classes = 3\nprofile = 'cityscapes-trainids'", *JSON)
    assert len(json.loads(result.stdout)["classes"]) == 3
    assert "--num-classes 3 was given" in result.stderr
    result = masks("", "--profile", "brats", "--num-classes", "4", *JSON)  # its regions are of its own classes
    assert len(json.loads(result.stdout)["classes"]) == 4
    assert "profile brats has --regions; --num-classes 4 was given, and counts" in result.stderr


def test_a_profile_that_there_is_not_is_told_by_its_place(masks):
    assert "`profile` of the configuration is 'vok'" in masks("profile = 'vok'").stderr
    assert "--profile is 'vok'" in masks("profile = 'voc'", "--profile", "vok").stderr
