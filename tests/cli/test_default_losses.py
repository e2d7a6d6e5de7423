"""The losses that `score` tells unasked: of every kind of input, and never in the way."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import segeval
from segeval.cli.main import cli
from segeval.losses import LOSSES

DOZEN = {name for name, loss in LOSSES.items() if loss.default}
R = np.random.RandomState(31)
TRUTH = [R.randint(0, 3, (6, 8)) for _ in range(3)]
NOISE = [np.where(R.rand(6, 8) < 0.7, each, R.randint(0, 3, (6, 8))) for each in TRUTH]
SCORES = [R.rand(3, 6, 8) + 1.5 * (np.arange(3)[:, None, None] == each) for each in TRUTH]
SOFTMAX = [(np.exp(each) / np.exp(each).sum(axis=0)).astype(np.float32) for each in SCORES]


@pytest.fixture
def score(tmp_path):
    """Run `score` on masks; gives the document and the text of the table."""

    def score(preds, truths, *options, exit_code=0):
        for side, masks in (("pred", preds), ("gt", truths)):
            (tmp_path / side).mkdir(exist_ok=True)
            for n, mask in enumerate(masks):
                np.save(tmp_path / side / f"{n}.npy", mask)
        args = ["score", str(tmp_path / "pred"), str(tmp_path / "gt"), *options]
        found = CliRunner().invoke(cli, [*args, "--format", "json"])
        assert found.exit_code == exit_code, found.output
        text = CliRunner().invoke(cli, args).output
        return (json.loads(found.stdout) if found.stdout else {}), text

    return score


def test_the_dozen_of_hard_masks(score):
    """Those of counts, as `losses.value` has them of one-hot arrays; the table says what logarithms see."""
    found, text = score(NOISE, TRUTH)
    assert len(DOZEN) == 12
    assert set(found["losses"]) == DOZEN
    for name, block in found["losses"].items():
        each = [segeval.losses.value(name, pred, truth) for pred, truth in zip(NOISE, TRUTH, strict=True)]
        assert block["value"] == pytest.approx(np.mean(each), rel=1e-12), name
    assert "3 hard masks: in losses with a logarithm (cross_entropy, balanced_cross_entropy and 3 more)" in text
    assert "a wrong pixel costs 16.12, the clip (SEG258)" in text
    assert found["notes"] == []


def test_options_say_which(score):
    """None at all, one by name, the dozen and one more, and all with reasons."""
    assert "losses" not in score(NOISE, TRUTH, "--losses", "none")[0]
    assert set(score(NOISE, TRUTH, "--losses", "huber")[0]["losses"]) == {"huber"}
    assert set(score(NOISE, TRUTH, "--losses", "default,huber")[0]["losses"]) == {*DOZEN, "huber"}
    found, text = score(NOISE, TRUTH, "--losses", "all")
    assert set(found["losses"]) > DOZEN
    assert "loss left out: unet_cross_entropy: unet_cross_entropy needs weights" in text
    assert "needs weights" in score(NOISE, TRUTH, "--losses", "unet_cross_entropy", exit_code=2)[1]


def test_an_option_brings_the_loss_that_takes_it(score):
    """Class weights, unasked for otherwise."""
    found, _ = score(NOISE, TRUTH, "--num-classes", "3", "--class-weights", "0=1,1=4,2=2")
    assert set(found["losses"]) == {*DOZEN, "weighted_cross_entropy"}


@pytest.mark.parametrize("named", [(), ("--num-classes", "3")])
def test_probabilities(score, named):
    """A softmax, whose classes its channels are if nobody names them: the numbers are the same."""
    found, text = score(SOFTMAX, TRUTH, *named)
    for name, block in found["losses"].items():
        each = [segeval.losses.value(name, pred, truth) for pred, truth in zip(SOFTMAX, TRUTH, strict=True)]
        assert block["value"] == pytest.approx(np.mean(each), rel=1e-9), name
        assert (block.get("clipped", 0), block["undefined"]) == (0, 0)
    assert "hard mask" not in text


def test_a_class_that_no_mask_holds(score):
    """Channels without a pixel are no classes of the tables, and still channels of the losses."""
    truths = [np.minimum(each, 1) for each in TRUTH]
    preds = [np.stack([each[0] + each[2], each[1], 0 * each[2]]) for each in SOFTMAX]
    found, _ = score(preds, truths)
    assert [row["id"] for row in found["classes"]] == [0, 1]
    assert set(found["losses"]["dice"]["per_class"]) == {"0", "1"}
    each = [segeval.losses.value("focal", pred, truth) for pred, truth in zip(preds, truths, strict=True)]
    assert found["losses"]["focal"]["value"] == pytest.approx(np.mean(each), rel=1e-9)


@pytest.mark.parametrize("named", [(), ("--binary",)])
def test_maps_of_the_foreground(score, named):
    """Both are of two classes."""
    truths = [np.minimum(each, 1) for each in TRUTH]
    preds = [np.clip(0.3 * R.rand(6, 8) + 0.6 * each, 0.01, 0.99) for each in truths]
    found, _ = score(preds, truths, *named)
    for name in ("dice", "cross_entropy", "mcc"):
        each = [segeval.losses.value(name, pred, truth) for pred, truth in zip(preds, truths, strict=True)]
        assert found["losses"][name]["value"] == pytest.approx(np.mean(each), rel=1e-9)


@pytest.mark.parametrize("named", [(), ("--num-classes", "2")])
@pytest.mark.parametrize("hard", [True, False])
def test_multilabel(score, named, hard):
    """Yes and no, or how sure."""
    truths = [(R.rand(2, 6, 8) < 0.4).astype(np.uint8) for _ in range(3)]
    if hard:
        preds = [np.where(R.rand(2, 6, 8) < 0.7, each, 1 - each).astype(np.uint8) for each in truths]
    else:
        preds = [np.clip(0.5 * each + 0.5 * R.rand(2, 6, 8), 0.01, 0.99) for each in truths]
    found, _ = score(preds, truths, "--multilabel", *named)
    for name in ("dice", "cross_entropy", "balanced_cross_entropy", "mean_squared_error", "mcc"):
        pairs = zip(preds, truths, strict=True)
        each = [segeval.losses.value(name, p.astype(float), t, multilabel=True, channels=True) for p, t in pairs]
        assert found["losses"][name]["value"] == pytest.approx(np.mean(each), rel=1e-9), name


def test_one_class(score):
    """A single class excludes nothing."""
    sevens = np.full((4, 5), 7, np.uint8)
    every = {name: block["value"] for name, block in score([sevens], [sevens])[0]["losses"].items()}
    assert every["dice"] == 0
    assert every["cross_entropy"] == pytest.approx(-np.log(1 - 1e-7), rel=1e-9)


def test_a_truth_beyond_the_channels(score):
    """Its pixels are wrong in metrics; losses, which cannot see them, are undefined there, with a note."""
    truths = [each + (n == 1) for n, each in enumerate(TRUTH)]
    found, text = score(SOFTMAX, truths)
    assert found["images"]["scored"] == 3
    assert {block["undefined"] for block in found["losses"].values()} == {1}
    assert [note["code"] for note in found["notes"] if "losses" in note["message"]] == ["SEG235"]
    assert "losses are undefined" in text


def test_hard_masks_beside_probabilities(score):
    """Each image has the losses of its kind."""
    found, text = score([NOISE[0], SOFTMAX[1], NOISE[2]], TRUTH)
    each = [
        segeval.losses.value("cross_entropy", p, t)
        for p, t in zip([NOISE[0], SOFTMAX[1], NOISE[2]], TRUTH, strict=True)
    ]
    assert found["losses"]["cross_entropy"]["value"] == pytest.approx(np.mean(each), rel=1e-9)
    assert found["losses"]["cross_entropy"]["clipped"] == 2
    assert "2 hard masks" in text


def test_yes_and_no_beside_how_sure(score):
    """Channels that do not exclude each other have losses in common, whether they are masks or probabilities."""
    truths = [(R.rand(2, 6, 8) < 0.4).astype(np.uint8) for _ in range(2)]
    preds = [np.where(R.rand(2, 6, 8) < 0.7, truths[0], 1 - truths[0]).astype(np.uint8), 0.1 + 0.8 * R.rand(2, 6, 8)]
    found, _ = score(preds, truths, "--multilabel")
    pairs = zip(preds, truths, strict=True)
    each = [segeval.losses.value("dice", p.astype(float), t, multilabel=True, channels=True) for p, t in pairs]
    assert found["losses"]["dice"]["value"] == pytest.approx(np.mean(each), rel=1e-9)


def test_weights_by_the_pixels_of_the_folder(score):
    """N / (K N_c) of all true masks together."""
    found, _ = score(NOISE, TRUTH, "--num-classes", "3", "--class-weights", "balanced")
    pixels = np.bincount(np.concatenate([each.ravel() for each in TRUTH]), minlength=3)
    weights = (pixels.sum() / (3 * pixels)).tolist()
    assert found["losses"]["weighted_cross_entropy"]["params"]["class_weights"] == pytest.approx(weights, rel=1e-12)


def test_maps_beside_channels(score):
    """They have no losses in common: none is told, and the metrics stay."""
    truths = [np.minimum(each, 1) for each in TRUTH]
    preds = [np.clip(each + 0.2 * R.rand(6, 8), 0, 0.9) for each in truths[:2]]
    found, _ = score([*preds, SOFTMAX[2]], [*truths[:2], TRUTH[2]])
    assert {block["undefined"] for block in found["losses"].values()} == {3}


def test_stored_and_read_is_the_same_run(tmp_path, score):
    """Also merged from its parts, with nothing kept for hard masks but counts."""
    score(NOISE, TRUTH)
    whole = CliRunner().invoke(
        cli, ["score", str(tmp_path / "pred"), str(tmp_path / "gt"), "-o", str(tmp_path / "all")]
    )
    assert whole.exit_code == 0, whole.output
    for n in (1, 2):
        args = [
            "score",
            str(tmp_path / "pred"),
            str(tmp_path / "gt"),
            "--shard",
            f"{n}/2",
            "-o",
            str(tmp_path / str(n)),
        ]
        assert CliRunner().invoke(cli, args).exit_code == 0
    args = ["merge", str(tmp_path / "1"), str(tmp_path / "2"), "-o", str(tmp_path / "both")]
    assert CliRunner().invoke(cli, args).exit_code == 0
    for name in ("run.json", "images.csv", "records.csv"):
        assert (tmp_path / "both" / name).read_bytes() == (tmp_path / "all" / name).read_bytes()
    gate = ["gate", str(tmp_path / "all"), "-r", "loss.dice <= 0.99", "-r", "loss.focal[1] drop <= 0", "--baseline"]
    assert CliRunner().invoke(cli, [*gate, str(tmp_path / "both")]).exit_code == 0
    assert segeval.Run.read(tmp_path / "all").to_json() != ""
