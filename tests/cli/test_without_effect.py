"""Every option on inputs where it cannot matter: refused where it was typed, but for reasons that are given."""

import numpy as np
import pytest

from segeval.cli.main import cli

T = np.zeros((9, 14), np.uint8)
T[1:4, 2:6], T[5:8, 8:13] = 1, 2
CLASSES = "id,name,color\n0,a,#000000\n1,b,#800000\n2,c,#008040\n"

# Of each option a line that can change nothing on three plain label maps.
READING = {
    "ignore": "--ignore 255",
    "pred_array": "--pred-array seg",
    "gt_array": "--gt-array seg",
    "logits": "--logits",
    "threshold": "--threshold 0.5",
    "colors": "--colors classes.csv",
    "ignore_geometry": "--ignore-geometry",
    "map": "--map pred:shift:0",
    "spacing": "--spacing 2,0.5",
}
MEASURES = {
    "beta": "--beta 3 --metrics iou",
    "params": "-p f_beta.beta=3 --metrics iou",
    "mean_without": "--mean-without 3",
    "border_connectivity": "--border-connectivity full",
    "background": "--background none",
    "connectivity": "--connectivity full",
    "matching": "--matching optimal",
    "iou_thresholds": "--iou-thresholds 0.6",
    "match_across_classes": "--match-across-classes",
    "keep_void": "--keep-void",
    "pred_json": "--pred-json a.json",
    "gt_json": "--gt-json a.json",
    "pool_by": "--pool-by (.+)",
    "weights": "--weights maps --losses dice",
    "class_weights": "--class-weights balanced --losses dice",
    "loss_average": "--loss-average micro --losses cross_entropy",
    "loss_background": "--loss-background include --losses cross_entropy",
    "loss_over": "--loss-over batch --losses none",  # every loss has a rule over a batch
}
RULES = {
    "baseline": "--baseline out",
    "inconclusive": "--inconclusive fail",
    "intersect": "--intersect",
    "name": "--name other",
    "junit": "--junit a.xml",
    "markdown": "--markdown a.md",
    "openmetrics": "--openmetrics a.txt",
    "seed": "--seed 3",
    "resamples": "--resamples 200",
    "confidence": "--confidence 0.9",
    "confusion": "--confusion truth --format json",
    "percent": "--percent --format json",
    "resume": "--resume",
    "force": "--force",
}
STUDY = {"sort": "--sort name --format json", "top": "--top 3 --format csv"}
# What is never said, and why.
READS = "it says what every file is taken for: another reading is an error or a doubt"
POLICY = "it says what is to be done in a case that may come"
CHOICE = "every run has one of its values"
MORE = "it adds to what is shown or written"
WHICH = "it says which images are looked at"
QUIET = {
    **dict.fromkeys(
        ["probability", "one_hot", "soft_truth", "truth_threshold", "binary", "multilabel", "regions"], READS
    ),
    **dict.fromkeys(["missing", "undefined", "max_pixels", "follow_symlinks", "strict", "jobs"], POLICY),
    **dict.fromkeys(["presence", "mean", "form", "metrics", "losses", "num_classes", "classes", "steps"], CHOICE),
    **dict.fromkeys(["ci", "rules", "folder", "maps", "group_by"], MORE),
    **dict.fromkeys(["report", "tolerance", "percentile", "penalty", "instances", "numbers", "worst", "sort"], MORE),
    **dict.fromkeys(["pred_pattern", "gt_pattern", "ids", "text", "images", "images_pattern"], WHICH),
}
LINES = {
    "score": READING | MEASURES | RULES,
    "check": READING,
    "losses": READING | MEASURES | STUDY | {each: RULES[each] for each in ("resume", "force")},
}


def lines():
    return [(command, line) for command, found in LINES.items() for line in found.values()]


@pytest.fixture(autouse=True)
def masks(save, tmp_path):
    for n in range(3):
        save(f"truth/{n}.png", np.roll(T, n))
        save(f"pred/{n}.png", np.roll(T, n + 1))
    (tmp_path / "classes.csv").write_text(CLASSES)


@pytest.mark.parametrize(("command", "line"), lines())
def test_what_changes_nothing_is_refused(invoke, command, line):
    """With the name of the option."""
    options = line.split()
    if command == "losses":
        options += ["--losses", "cross_entropy"] if "--losses" not in line else []
        options += ["--steps", "1", "--images", "1"]
    result = invoke(command, "pred", "truth", *options)
    assert result.exit_code == 2
    said = next(text for text in result.stderr.splitlines() if text.startswith("Error"))
    assert line.split()[0].replace("--loss-", "") in said, said


@pytest.mark.parametrize("command", LINES)
def test_each_option_is_in_one_of_the_lists(command):
    """A new one stands among those that are refused, or has a reason to be quiet."""
    options = {param.name for param in cli.get_command(None, command).params if param.expose_value}
    options -= {"pred", "gt"}
    assert not LINES[command].keys() - options
    assert options - LINES[command].keys() <= QUIET.keys()


WEIGHTMAP = {
    "ignore": "--ignore 255",
    "frequency": "--frequency image --class-weights none",
    "connectivity": "--connectivity full --labels instances",
    "touching": "--touching keep --convention falk2019",
    "class_weights": "--class-weights none --convention falk2019",
    "where": "--where all --convention falk2019",
    "nearest": "--nearest one --convention falk2019",
    "masks_out": "--masks-out gaps",
}
QUIET_WEIGHTMAP = {
    **dict.fromkeys(["convention", "w0", "sigma", "eps", "labels", "spacing", "form", "dtype", "masks"], CHOICE),
    **dict.fromkeys(["max_memory", "resume", "force"], POLICY),  # a second run needs them, the first does no harm
    **dict.fromkeys(["preview", "folder"], MORE),
}


@pytest.mark.parametrize("line", [*WEIGHTMAP.values(), "--frequency image --convention falk2019"])
def test_what_changes_no_weight_map_is_refused(invoke, line):
    result = invoke("weightmap", "truth", *line.split())
    assert (result.exit_code, "Error: SEG1" in result.stderr) == (2, True), result.stderr


def test_each_option_of_weight_maps_is_in_one_of_the_lists():
    options = {param.name for param in cli.get_command(None, "weightmap").params if param.expose_value}
    assert options - WEIGHTMAP.keys() <= QUIET_WEIGHTMAP.keys() | QUIET.keys()


def test_an_ignored_id_of_some_masks_is_used(save, invoke):
    save("truth/0.png", np.where(T == 0, 255, T).astype(np.uint8))
    assert invoke("weightmap", "truth", "--ignore", "255").exit_code == 0
    assert invoke("weightmap", "truth", "--ignore", "255", "--resume").exit_code == 0
    assert invoke("weightmap", "truth", "--ignore", "255", "--ignore", "7", "--force").exit_code == 2


def test_images_without_a_prediction_need_no_option(invoke, tmp_path):
    """An ignored id that no mask holds changes nothing, whether all images have a prediction or not."""
    (tmp_path / "pred" / "2.png").unlink()
    result = invoke("score", "pred", "truth", "--num-classes", "3", "--missing", "worst", "--ignore", "255")
    assert result.exit_code == 2
    assert "--ignore 255 had no effect on any image" in result.stderr


def test_what_a_configuration_says_is_only_noted(invoke, tmp_path):
    """It may be there for other data, or other metrics."""
    text = '[data]\nclass_weights = "balanced"\nloss_over = "batch"\nbeta = 3\nweights = "maps"\nignore = [77]\n'
    (tmp_path / "segeval.toml").write_text(text)
    result = invoke("score", "pred", "truth", "--metrics", "iou", "--losses", "none")
    assert result.exit_code == 0, result.stderr
    for option in ("--class-weights", "--loss-over", "--beta", "--weights"):
        assert f"Note: SEG117 {option} " in result.stderr
    assert "Note: SEG297 --ignore 77 had no effect on 3 of 3 images" in result.stderr
    assert invoke("score", "pred", "truth", "--metrics", "iou", "--beta", "3").exit_code == 2


@pytest.mark.parametrize(
    ("line", "fits"),
    [
        ("--metrics surface --background 77", False),
        ("--metrics surface --background 2", True),
        ("--instances components --background 3", False),
        ("--instances components --background 1", True),
        ("--instances components --background NONE", True),
        ("--instances labels --background 3", False),
        ("--instances labels --background 2", True),
        ("--metrics surface --num-classes 4 --background 4", False),
        ("--metrics surface --num-classes 4 --background 3", True),  # a class that no mask holds
        ("--metrics surface --num-classes 3 --ignore 255 --background 255", True),
        ("--metrics surface --num-classes 3 --background 0", True),
    ],
)
def test_a_background_that_is_no_class_is_refused(invoke, save, line, fits):
    """Nothing would be background, so that all is an object; without classes they are the ids found."""
    if "255" in line:
        save("truth/0.png", np.where(T == 2, 255, T).astype(np.uint8))
    result = invoke("score", "pred", "truth", "--losses", "none", *line.split())
    assert result.exit_code == (0 if fits else 2), result.stderr
    id_ = line.split()[-1]
    said = f"SEG117 --background {id_}: there is no such class, so that nothing is background"
    assert (said in result.stderr) != fits


def test_a_background_of_a_configuration_is_only_noted(invoke, tmp_path):
    (tmp_path / "segeval.toml").write_text('[data]\nmetrics = "surface"\nbackground = "77"\n')
    result = invoke("score", "pred", "truth", "--losses", "none")
    assert (result.exit_code, "Note: SEG297 --background 77: there is no such class" in result.stderr) == (0, True)


def test_an_ignored_id_of_a_class_table_is_of_the_data_set(invoke, tmp_path):
    """It may be in other images; read back, the run says the same."""
    (tmp_path / "classes.csv").write_text("id,name,ignore\n0,a,\n1,b,\n2,c,\n9,void,true\n")
    result = invoke("score", "pred", "truth", "--classes", "classes.csv", "-o", "out")
    assert (result.exit_code, "SEG297" in result.stderr) == (0, False)
    assert invoke("score", "pred", "truth", "--classes", "classes.csv", "--ignore", "9").exit_code == 2
    assert invoke("merge", "out", "-o", "again").exit_code == 0
    assert (tmp_path / "again/run.json").read_text() == (tmp_path / "out/run.json").read_text()


def test_a_shard_refuses_nothing(invoke):
    """What it does not need, its others may."""
    results = [invoke("score", "pred", "truth", "--ignore", "255", "--shard", part) for part in ("1/2", "2/2")]
    assert [result.exit_code for result in results] == [0, 0]
    assert any("SEG297 --ignore 255" in result.stderr for result in results)


def test_each_side_and_each_word_is_told_by_itself(save, invoke, tmp_path):
    """Of two --map and two --ignore, the one that changes nothing."""
    for n in range(3):
        save(f"truth/{n}.npy", np.where(np.roll(T, n) == 2, np.nan, np.roll(T, n)))
        save(f"pred/{n}.npy", (np.arange(3)[:, None, None] == np.roll(T, n)) * 1.0)
    lines = {"--map pred": "--map gt:shift:1 --map pred:shift:2 --ignore nan", "--ignore nodata": "--ignore nan"}
    for n in range(3):
        for side in ("pred", "truth"):
            (tmp_path / side / f"{n}.png").unlink()
    for said, line in lines.items():
        more = ["--ignore", "nodata"] if said == "--ignore nodata" else []
        result = invoke("score", "pred", "truth", *line.split(), *more)
        assert (result.exit_code, f"Error: SEG117 {said} had no effect" in result.stderr) == (2, True), result.stderr
    assert invoke("score", "pred", "truth", "--ignore", "nan").exit_code == 0


def test_one_hot_beside_labels_and_probabilities(save, invoke):
    """Neither side has channels of 0 and 1."""
    for n in range(3):
        save(f"more/truth/{n}.png", T)
        save(f"more/pred/{n}.npy", (np.arange(3)[:, None, None] == T) * 1.0)
    result = invoke("score", "more/pred", "more/truth", "--one-hot")
    assert (result.exit_code, "Error: SEG117 --one-hot" in result.stderr) == (2, True)
