"""The numbers of some small runs, as they stand in `tests/golden/fence`: whatever is rebuilt, they stay.

Tables are held to the letter; JSON documents (of the run, the gate, the comparison) may gain the keys of ADDED. Where
numbers go through exp, log or powers, whose last bits are not the same on every machine, they may move by 1e-12.
"""

import difflib
import json
import math
import re
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

from segeval.cli.main import cli

FENCE = Path(__file__).parent / "golden" / "fence"
TABLES = ("images.csv", "records.csv", "confusion.csv", "confusion_images.csv")

ADDED: frozenset[str] = frozenset(
    {
        "cautions",
        "cell",
        "class_weights",
        "clipped",
        "evidence",
        "label_smoothing",
        "params",
        "smooth_below",
        "smooth_mean",
        "weight",
    }
)  # keys that JSON documents have gained since, at any level
FREE = {"segeval", "fingerprint", "inputs", "files", "message", "hint"}  # versions, digests and wording

SIZES = {"a_1": (7, 9), "a_2": (4, 13), "b_1": (10, 6), "c/b_2": (1, 17)}
CLASSES = 'id,name,group\n0,"road, wet",ground\n3,café,ground\n4,kerb,edge\n6,ghost,nobody\n'
PIXELS = (
    "cross_entropy,weighted_cross_entropy,balanced_cross_entropy,focal,topk_cross_entropy,poly1_cross_entropy,dice,"
    "squared_dice,log_dice,log_cosh_dice,generalized_dice,generalized_wasserstein_dice,jaccard,tversky,focal_tversky,"
    "sensitivity_specificity,mcc,lovasz_softmax,mean_squared_error,mean_absolute_error,huber,smooth_l1,pseudo_huber,"
    "log_cosh,dice_cross_entropy,combo,exp_log,unified_focal,mse_cross_entropy,kl_divergence,jeffreys_divergence,"
    "jensen_shannon,skew_kl,skew_jensen_shannon,entropy"
)
PLACES = (
    "boundary,hausdorff_dt,hausdorff_er,weighted_hausdorff,ssim,correlation_ssim,soft_cldice,"
    "distance_penalized_cross_entropy,shape_aware,log_hausdorff_dt,dice_cldice,blob,t_loss"
)
SETTINGS = ("tversky.fn_weight=0.6", "focal.gamma=1.7", "focal_tversky.gamma=0.9", "combo.alpha=0.3", "huber.delta=0.4")


def blobs(random, shape, ids):
    """Labels in patches of 2 × 3 pixels, and single pixels."""
    rows, columns = shape
    patches = random.choice(ids, (rows // 2 + 1, columns // 3 + 1))
    labels = np.kron(patches, np.ones((2, 3), int))[:rows, :columns]
    return np.where(random.rand(*shape) < 0.1, random.choice(ids, shape), labels)


def save(path, array):
    """Save as the format of the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".png":
        path.write_bytes(imagecodecs.png_encode(array))
    else:
        tifffile.imwrite(path, array, photometric="minisblack", metadata=None)


def losses_of(names):
    """The options for some losses, with parameters off their defaults."""
    settings = [f"-p {each}" for each in SETTINGS if each.split(".")[0] in names.split(",")]
    return " ".join(["--losses", names, *settings])


def labels(folder, ids=(0, 1, 2, 4), strays=(), void=255, right=0.7, seed=1, sides=("pred", "gt")):
    """Label masks; a pixel in twelve is void, and class 3 is in none. Gives the true masks."""
    found = {}
    for n, (name, shape) in enumerate(SIZES.items()):
        truth = blobs(np.random.RandomState(n), shape, ids)
        random = np.random.RandomState([seed, n])
        pred = np.where(random.rand(*shape) < right - 0.1 * n, truth, blobs(random, shape, [*ids, *strays])).astype(
            np.uint8
        )
        truth = np.where(np.random.RandomState([7, n]).rand(*shape) < 1 / 12, void, truth).astype(np.uint8)
        for side, array in zip(sides, (pred, truth), strict=True):
            save(folder / side / f"{name}{('.png', '.tif', '.npy')[n % 3]}", array)
        found[name] = truth
    return found


def probabilities(random, truth, classes):
    """A softmax over classes that leans to the truth."""
    logits = random.normal(size=(classes, *truth.shape)) + 1.5 * (np.arange(classes)[:, None, None] == truth)
    shares = np.exp(logits)
    return (shares / shares.sum(axis=0)).astype(np.float32)


def soft(folder, classes=4):
    """Label masks without class 3, and predictions with a channel for each class."""
    for n, (name, truth) in enumerate(labels(folder, ids=(0, 1, 2)).items()):
        for path in (folder / "pred").rglob(f"{Path(name).name}.*"):
            path.unlink()
        save(folder / "pred" / f"{name}.npy", probabilities(np.random.RandomState([9, n]), truth, classes))


def counts(folder):
    """Ids of 8 bits; class 3 is in no mask."""
    labels(folder)
    return "--num-classes 5 --ignore 255 --presence truth --beta 0.7 --losses none"


def groups(folder):
    """A class file with groups, ids that are no classes, and a class that nobody holds."""
    labels(folder, ids=(0, 3, 4), strays=[5], void=9)
    (folder / "classes.csv").write_text(CLASSES, encoding="utf-8")
    return "--classes classes.csv --ignore 9 --mean harmonic --beta 3 --losses none"


def multilabel(folder):
    """Three classes that do not exclude each other; the last is in no truth."""
    for n, (name, shape) in enumerate(SIZES.items()):
        random = np.random.RandomState([3, n])
        truth = (random.rand(3, *shape) < np.array([0.5, 0.2, 0.0])[:, None, None]).astype(np.uint8)
        pred = np.clip(0.6 * truth + random.rand(3, *shape) * np.array([0.5, 0.6, 0.45])[:, None, None], 0, 1)
        truth[1][random.rand(*shape) < 1 / 9] = 255
        save(folder / "pred" / f"{name}.npy", pred)
        save(folder / "gt" / f"{name}.tif", truth)
    return "--multilabel --num-classes 3 --ignore 255 --threshold 0.35 --losses none"


def losses_of_images(folder):
    """Losses of a softmax, each image by itself, those with places among them."""
    soft(folder)
    scheme = "--class-weights 0=0.5,1=2,2=1.25,3=4"
    return f"--num-classes 4 --ignore 255 {losses_of(PIXELS + ',' + PLACES)} {scheme} --presence truth"


def losses_of_a_batch(folder):
    """Losses of all images at once, without class 0, all classes counted together."""
    soft(folder)
    options = "--loss-over batch --loss-average micro --loss-background exclude"
    return f"--num-classes 4 --ignore 255 {losses_of('dice,squared_dice,jaccard,tversky,cross_entropy')} {options}"


def losses_of_a_batch_by_class(folder):
    """The same over classes, class 0 among them."""
    soft(folder)
    names = "dice,log_dice,generalized_dice,focal_tversky,focal,weighted_cross_entropy,mcc,combo,entropy,huber"
    return f"--num-classes 4 --ignore 255 {losses_of(names)} --class-weights balanced --loss-over batch"


def intervals(folder):
    """Intervals by images that are drawn together."""
    labels(folder, seed=2)
    return (
        "--num-classes 5 --ignore 255 --ci --group-by ([abc])_ --confidence 0.9 --resamples 150 --seed 3 --losses none"
    )


def soft_truth(folder):
    """Truth and prediction hold fractions of each class."""
    for n, (name, shape) in enumerate(SIZES.items()):
        random = np.random.RandomState([5, n])
        truth = probabilities(random, blobs(random, shape, (0, 1)), 3).astype(np.float64)
        save(folder / "gt" / f"{name}.npy", truth / truth.sum(axis=0))
        save(folder / "pred" / f"{name}.npy", probabilities(random, truth.argmax(axis=0), 3))
    return "--soft-truth --num-classes 3 --losses dice,jaccard,cross_entropy,kl_divergence,mean_squared_error,huber"


def missing(folder):
    """A truth without prediction counts as all wrong; one prediction has no truth."""
    labels(folder)
    (folder / "pred" / "a_2.tif").rename(folder / "pred" / "z_9.tif")
    return "--num-classes 5 --ignore 255 --missing worst --losses dice,tversky -p tversky.fp_weight=0.4"


def weights(folder):
    """Weight maps, and weights of the classes of the whole folder."""
    soft(folder)
    for n, (name, shape) in enumerate(SIZES.items()):
        weight = 0.5 + 4 * np.random.RandomState([6, n]).rand(*shape)
        save(folder / "weights" / f"{name}.npy", weight.astype(np.float32))
    names = "unet_cross_entropy,weighted_cross_entropy"
    return f"--num-classes 4 --ignore 255 --weights weights --class-weights complement --losses {names}"


def binary(folder):
    """Grey probabilities against a truth of 0 and anything else."""
    for n, (name, shape) in enumerate(SIZES.items()):
        random = np.random.RandomState([8, n])
        truth = random.choice([0, 0, 1, 7], shape).astype(np.uint8)
        save(folder / "gt" / f"{name}.png", truth)
        save(folder / "pred" / f"{name}_p.png", (random.rand(*shape) * (90 + 165 * (truth > 0))).astype(np.uint8))
    return (
        "--binary --probability --threshold 0.3 --pred-pattern {id}_p.png --metrics iou,mcc,f_beta,kappa --beta 0.5"
        " --losses none"
    )


EXACT = [counts, groups, multilabel, intervals, binary]
CLOSE = [losses_of_images, losses_of_a_batch, losses_of_a_batch_by_class, soft_truth, missing, weights]

RULES = """
version = 1

[gate]
inconclusive = "fail"

[[gate.rule]]
id = "floor"
metric = "miou_dataset"
min = 0.2
max = "45%"

[[gate.rule]]
id = "no class regresses"
metric = "iou"
classes = "*"
except = ["3"]
max_drop = 0.07
test = "regression"

[[gate.rule]]
id = "not worse"
metric = "mdice_image"
max_drop_rel = "9%"
test = "noninferiority"

[[gate.rule]]
id = "compared"
metric = "loss.tversky"
max_drop = 0.03
test = "none"
level = "warn"

[[gate.rule]]
id = "tail"
metric = "dice"
over = "images"
stat = "p25"
max_drop = 0.01

[[gate.rule]]
id = "groups"
metric = "recall"
classes = ["1", "2"]
over = "groups"
stat = "worst-mean:50"
min = 0.5
where = "subject != 'c'"
"""


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    """Run the program in the test's folder; gives its stdout."""
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "CI"):
        monkeypatch.delenv(name, raising=False)

    def invoke(*args, exit_code=0):
        result = CliRunner().invoke(cli, list(args), prog_name="segeval")
        assert result.exit_code == exit_code, result.output
        return result.stdout

    return invoke


@pytest.fixture
def fence(request):
    """Compare some files with those of a folder of the fence; `--update-golden` accepts them instead."""

    def fence(case, texts, close=False):
        folder = FENCE / case
        if request.config.getoption("--update-golden"):
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in texts.items():
                (folder / name).write_text(_kept(name, text, {}), encoding="utf-8")
        moved = []
        for name, text in texts.items():
            golden = (folder / name).read_text(encoding="utf-8")
            found = _kept(name, text, json.loads(golden) if name.endswith(".json") else {})
            found = _settled(found, golden) if close else found
            lines = (golden.splitlines(), found.splitlines(), f"{case}/{name}", "now")
            moved += [] if found == golden else difflib.unified_diff(*lines, lineterm="", n=1)
        assert not moved, "the fence fell:\n" + "\n".join(moved)

    return fence


def _kept(name, text, golden):
    """The text; a JSON document without what is free and without the keys that it has gained."""
    if not name.endswith(".json"):
        return text
    return json.dumps(_less(json.loads(text), golden), sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def _less(found, golden):
    """A document less what is free, and less what it has gained where the golden one has nothing."""
    if isinstance(found, dict):
        then = golden if isinstance(golden, dict) else {}
        kept = {key: value for key, value in found.items() if key in then or key not in ADDED | FREE}
        return {key: _less(value, then.get(key)) for key, value in kept.items()}
    if isinstance(found, list):
        then = golden if isinstance(golden, list) and len(golden) == len(found) else [None] * len(found)
        return [_less(value, other) for value, other in zip(found, then, strict=True)]
    return found


def _settled(found, golden):
    """The text with those numbers of the golden one that differ by no more than 1e-12."""
    numbers = re.compile(r"(-?\d+\.\d+(?:e[-+]\d+)?|-?\d+e[-+]\d+)")
    now, then = numbers.split(found), numbers.split(golden)
    if now[::2] != then[::2]:
        return found
    for place in range(1, len(now), 2):
        if math.isclose(float(now[place]), float(then[place]), rel_tol=1e-12, abs_tol=1e-12):
            now[place] = then[place]
    return "".join(now)


def test_what_settles():
    """A number that moved in its last bits, and none that moved further or stands beside another text."""
    assert _settled("a 0.30000000000000004, 2e-05", "a 0.3, 2e-05") == "a 0.3, 2e-05"
    assert _settled("a 0.30000000001", "a 0.3") == "a 0.30000000001"
    assert _settled("b 0.30000000000000004", "a 0.3") == "b 0.30000000000000004"
    assert _settled("a 3", "a 4") == "a 3"


def test_what_may_be_gained(monkeypatch):
    """A key of the list, where it was not before."""
    monkeypatch.setitem(globals(), "ADDED", frozenset({"unit"}))
    assert _less({"a": [{"unit": 1, "b": 2}], "unit": 3, "hint": "x"}, {"a": [{"b": 1}], "unit": 4}) == {
        "a": [{"b": 2}],
        "unit": 3,
    }
    assert _less({"other": 1}, {}) == {"other": 1}


@pytest.mark.parametrize("case", EXACT + CLOSE, ids=lambda case: case.__name__)
def test_runs(case, tmp_path, invoke, fence):
    """What `score -o DIR` writes."""
    options = case(tmp_path).split()
    invoke("score", "pred", "gt", *options, "-o", "out", "-j", "1")
    files = {name: (tmp_path / "out" / name).read_text(encoding="utf-8") for name in (*TABLES, "run.json")}
    fence(case.__name__, files, close=case in CLOSE)


@pytest.fixture
def models(tmp_path, invoke):
    """Three runs of the same images: the baseline, one that is worse, one that is much alike."""
    for name, right in (("before", 0.9), ("now", 0.7), ("again", 0.88)):
        labels(tmp_path, right=right, seed=len(name), sides=(f"pred_{name}", "gt"))
        options = f"--num-classes 5 --ignore 255 {losses_of('tversky,dice')} -o {name} -j 1"
        invoke("score", f"pred_{name}", "gt", *options.split())
    return "--group-by", "(?P<subject>[abc])_", "--confidence", "0.8", "--resamples", "200", "--seed", "5"


def test_gate(models, tmp_path, invoke, fence):
    """Rules of every kind, from the command line and from a file."""
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    given = ["miou_dataset >= 0.3", "iou[*] drop <= 2%", "dice over images p25 >= 0.1", "loss.tversky[1] <= 0.9"]
    sides = ("gate", "now", "--baseline", "before", "--json", *models)
    found = {
        "file.json": invoke(*sides, "--config", "rules.toml", exit_code=1),
        "flags.json": invoke(*sides, *(part for rule in given for part in ("-r", rule))),
        "floors.json": invoke("gate", "again", "--json", "-r", "pixel_accuracy > 0.5", "-r", "mrecall_class > 0.1"),
    }
    fence("gate", found, close=True)


def test_compare(models, invoke, fence):
    """Differences with intervals, movers and ranks."""
    numbers = ("iou[*]", "mdice_image", "loss.dice", "dice over images p25", "recall[1] over groups mean")
    asked = ["--images", "3", *(part for number in numbers for part in ("-n", number))]
    found = {
        "numbers.json": invoke("compare", "before", "now", "again", "--format", "json", *asked, *models),
        "default.json": invoke("compare", "now", "again", "--format", "json"),
    }
    fence("compare", found, close=True)
