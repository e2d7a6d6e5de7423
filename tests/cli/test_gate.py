"""Tests of `segeval gate` and `segeval score -r` as users run them."""

import json
import shutil

import numpy as np
import pytest

CONFIG = """
version = 1
[data]
num_classes = 3
[stats]
confidence = 0.9
resamples = 500
seed = 4
[gate]
baseline = "base"
inconclusive = "fail"
[[gate.rule]]
id = "floor"
metric = "miou_dataset"
min = 0.1
[[gate.rule]]
id = "drops"
metric = "iou"
classes = "*"
except = ["2"]
max_drop = 0.02
test = "none"
"""


@pytest.fixture
def runs(invoke, masks, tmp_path):
    """Two runs of twelve images: `good`, and `bad`, which gets more pixels wrong."""
    random = np.random.default_rng(1)
    truths = {f"img{n:02}": random.integers(0, 2, (8, 9)).tolist() for n in range(12)}
    for name, wrong in (("good", 0.1), ("bad", 0.4)):
        masks(**{id_: (_spoilt(truth, wrong, random), truth) for id_, truth in truths.items()})
        found = invoke("score", "pred", "truth", "--num-classes", "3", "--losses", "dice", "-o", name)
        assert found.exit_code == 0, found.output
        shutil.move("pred", f"pred_{name}")
    return tmp_path


def _spoilt(truth, wrong, random):
    truth = np.array(truth)
    return np.where(random.random(truth.shape) < wrong, 1 - truth, truth).tolist()


@pytest.mark.parametrize(
    ("args", "code", "out", "err"),
    [
        (["good", "-r", "miou_dataset >= 0.5"], 0, "PASS  1 of 1 rule", ""),
        (["good/run.json", "-r", "miou_dataset >= 50%"], 0, "PASS  1 of 1 rule", ""),
        (["bad", "-r", "miou_dataset >= 0.7"], 1, "FAIL  1 of 1 rule · miou_dataset 0.4", ""),
        (["bad", "-r", "iou[*] drop <= 0.5", "--baseline", "good"], 0, "not applicable, in no mask: iou[2]", ""),
        (["bad", "-r", "iou[2] drop <= 0.5", "--baseline", "good"], 1, "FAIL: undefined in this run", ""),
        (["bad", "-r", "iou[*,!2] >= 0.999"], 1, "too low · and 1 more", ""),
        (["bad", "-r", "iou[0] drop <= 0.1", "--baseline", "good"], 1, "the drop is too large, and more than", ""),
        (["good", "-r", "iou[0] drop <= 0.1", "--baseline", "bad"], 0, "PASS", ""),
        (["good", "-r", "loss.dice drop <= 0.1", "--baseline", "bad"], 0, "PASS", ""),
        (["bad", "-r", "loss.dice drop <= 0.1", "--baseline", "good"], 1, "loss.dice", ""),
        (["good"], 2, "", "SEG111 there are no rules"),
        (["good", "-r", "miou >= 0.5"], 2, "", "miou_dataset, miou_image, miou_class"),
        (["good", "-r", "iou[cat] >= 0.5"], 2, "", "SEG111"),
        (["good", "-r", "miou_dataset >= nan"], 2, "", "SEG111"),
        (["good", "-r", "miou_dataset > 0", "--seed", "-1"], 2, "", "SEG101 --seed is -1"),
        (["good", "-r", "miou_dataset > 0", "--group-by", "("], 2, "", "SEG112"),
        (["good", "-r", "dice over groups p05 > 0", "--group-by", "x"], 2, "", "matches nothing in the id 'img00'"),
        (["none", "-r", "miou_dataset >= 0.5"], 3, "", "SEG271 none: No such file"),
        (["pred_good", "-r", "miou_dataset >= 0.5"], 3, "", "SEG271 pred_good/run.json: No such file"),
        (["good", "-r", "iou[0] drop <= 0.1"], 4, "", "SEG301"),
        (["good", "-r", "iou[0] drop <= 0.1", "--baseline", "none"], 4, "", "SEG302 baseline none: No such file"),
        (["none", "-r", "no rule", "--baseline", "none"], 2, "", "SEG111"),
        (["good", "-r", "miuo_dataset > 0", "--baseline", "none"], 2, "", "did you mean 'miou_dataset'?"),
    ],
)
def test_endings(invoke, runs, args, code, out, err):
    """Each exit code; of several faults 2 wins over 4, and 4 over 3."""
    found = invoke("gate", *args)
    assert (found.exit_code, out in found.stdout, err in found.stderr) == (code, True, True), found.output
    assert bool(found.stdout) == (code < 2)


def test_an_incomplete_run_ends_with_3(invoke, runs):
    """The verdict is told all the same."""
    (runs / "pred_good" / "img03.png").write_bytes(b"")
    assert invoke("score", "pred_good", "truth", "--num-classes", "3", "-o", "part").exit_code == 3
    found = invoke("gate", "part", "-r", "miou_dataset >= 0.9999")
    assert (found.exit_code, "INCOMPLETE: FAIL" in found.stdout) == (3, True)
    found = invoke("gate", "part", "-r", "miou_dataset drop <= 0.1", "--baseline", "good")
    assert (found.exit_code, "1 only in good (img03)" in found.stderr) == (4, True)
    found = invoke("gate", "part", "-r", "miou_dataset drop <= 0.1", "--baseline", "good", "--intersect")
    assert (found.exit_code, "not compared: 1 image only in the baseline: img03" in found.stdout) == (3, True)


def test_json_is_the_verdict(invoke, runs):
    """One document, sorted, without NaN; table, JSON and exit code agree; the same bytes each time."""
    args = ["gate", "bad", "-r", "iou[0] drop <= 0.1", "-r", "iou[2] >= 0", "--baseline", "good", "--seed", "3"]
    found = invoke(*args, "--json")
    document = json.loads(found.stdout, parse_constant=lambda name: pytest.fail(name))
    assert (document["schema"], document["verdict"], document["exit_code"]) == (
        "segeval-gate/1",
        "fail",
        found.exit_code,
    )
    assert document["rules"][1]["checks"][0]["value"] is None
    assert [rule["verdict"] for rule in document["rules"]] == ["fail", "fail"]
    assert document["statistics"]["seed"] == 3
    assert invoke(*args, "--json").stdout == found.stdout
    assert "FAIL  2 of 2 rules" in invoke(*args).stdout


def test_rules_of_the_configuration(invoke, runs):
    """Rules, statistics and the baseline's place come from segeval.toml; -r takes the place of its rules."""
    shutil.copytree("good", "base")
    (runs / "segeval.toml").write_text(CONFIG)
    found = invoke("gate", "bad", "--json")
    document = json.loads(found.stdout)
    assert [(rule["id"], rule["verdict"], len(rule["checks"])) for rule in document["rules"]] == [
        ("floor", "pass", 1),
        ("drops", "fail", 2),
    ]
    assert document["statistics"] | {"group_by": 0} == {"confidence": 0.9, "resamples": 500, "seed": 4, "group_by": 0}
    assert (document["inconclusive"], found.exit_code) == ("fail", 1)
    assert invoke("gate", "bad", "-r", "miou_dataset > 0").exit_code == 0
    assert invoke("gate", "bad", "-r", "miou_dataset drop <= 0.01").exit_code == 1
    assert invoke("gate", "bad", "--isolated").exit_code == 2
    assert invoke("score", "pred_bad", "truth").exit_code == 0  # rules of the file belong to the gate


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[gate]\nrule = 3", "segeval.toml: `rule` is not a list of tables"),
        ("[[gate.rule]]\nmetric = 'iou'", "segeval.toml: rule 'rule 1' asks for nothing"),
        ("[[gate.rule]]\nmetric = 'miou_dataset'\nmin = nan", "min is nan"),
        ("[gate]\nbasline = 'x'", "segeval.toml:2:1: unknown key 'basline'"),
        ("[stats]\nseed = 'x'", "segeval.toml:2:1: 'seed' is 'x'"),
        ("gate = 3", "'gate' is not a table"),
    ],
)
def test_a_configuration_that_is_wrong(invoke, runs, text, said):
    """Exit 2 and the file's name."""
    (runs / "segeval.toml").write_text(text)
    found = invoke("gate", "good")
    assert (found.exit_code, said in found.stderr) == (2, True), found.output


def test_score_judges_at_once(invoke, runs):
    """The same verdict, and the run is written all the same; on stderr where stdout is for programs."""
    args = ["score", "pred_bad", "truth", "--num-classes", "3", "--baseline", "good", "-r", "miou_dataset drop <= 0.1"]
    found = invoke(*args, "-o", "again")
    assert (found.exit_code, found.stdout.splitlines()[-1][:4]) == (1, "FAIL")
    found = invoke(*args, "--format", "json")
    assert (found.exit_code, json.loads(found.stdout)["schema"], "FAIL" in found.stderr) == (1, "segeval-run/1", True)
    assert invoke(*args[:-1], "nonsense").exit_code == 2
    assert invoke(*args[:-1], "miou_datset > 0").exit_code == 2
    assert invoke(*args[:-1], "miou_dataset > 0").exit_code == 0


def test_update_baseline(invoke, runs, monkeypatch):
    """The baseline becomes the run, and the verdict is still the one against the old baseline."""
    monkeypatch.delenv("CI", raising=False)
    args = ["gate", "bad", "-r", "miou_dataset drop <= 0.1", "--baseline", "ci/base", "--update-baseline"]
    first = invoke(*args)
    assert (first.exit_code, "the baseline is now ci/base/run.json" in first.stderr) == (4, True)
    assert invoke(*args).exit_code == 0
    good = ["gate", "good", *args[2:]]
    assert invoke(*good).exit_code == 0
    found = invoke(*args)
    assert (found.exit_code, "the baseline is now ci/base/run.json" in found.stderr) == (1, True)
    assert invoke(*args).exit_code == 0
    for name in ("run.json", "images.csv", "records.csv"):
        assert (runs / "ci" / "base" / name).read_bytes() == (runs / "bad" / name).read_bytes()


def test_a_baseline_file(invoke, runs, monkeypatch):
    """A baseline may be a file of any name, with its tables beside it."""
    monkeypatch.delenv("CI", raising=False)
    args = ["-r", "miou_dataset drop <= 0.1", "--baseline", "ci/my-baseline.json"]
    assert invoke("gate", "good", *args, "--update-baseline").exit_code == 4
    assert invoke("gate", "good", *args).exit_code == 0
    assert invoke("gate", "bad", *args).exit_code == 1


def test_a_ratchet_only_raises(invoke, runs, monkeypatch):
    """A worse run is never the new baseline, even where it passes."""
    monkeypatch.delenv("CI", raising=False)
    shutil.copytree("good", "base")
    args = ["--baseline", "base", "-r", "miou_dataset drop <= 0.9", "--update-baseline", "--ratchet"]
    found = invoke("gate", "bad", *args)
    assert (found.exit_code, "the baseline stays: worse is miou_dataset" in found.stderr) == (0, True)
    assert (runs / "base" / "run.json").read_bytes() == (runs / "good" / "run.json").read_bytes()
    shutil.rmtree("base")
    shutil.copytree("bad", "base")
    assert invoke("gate", "good", *args).exit_code == 0
    assert (runs / "base" / "run.json").read_bytes() == (runs / "good" / "run.json").read_bytes()


def test_ci_does_not_move_its_own_baseline(invoke, runs, monkeypatch):
    """Refused before anything is written, unless it is asked for."""
    monkeypatch.setenv("CI", "true")
    args = ["gate", "good", "-r", "miou_dataset > 0", "--baseline", "base", "--update-baseline"]
    found = invoke(*args)
    assert (found.exit_code, "SEG113" in found.stderr, (runs / "base").exists()) == (2, True, False)
    assert invoke(*args, "--allow-ci").exit_code == 4
    assert (runs / "base" / "run.json").exists()
    monkeypatch.setenv("CI", "false")
    assert invoke(*args).exit_code == 0


def test_nowhere_to_update(invoke, runs, monkeypatch):
    """Without --baseline there is no place for it."""
    monkeypatch.delenv("CI", raising=False)
    found = invoke("gate", "good", "-r", "miou_dataset > 0", "--update-baseline")
    assert (found.exit_code, "give --baseline RUN" in found.stderr) == (2, True)


def test_an_incomplete_run_is_no_baseline(invoke, runs, monkeypatch):
    """Nor does a ratchet move where nothing can be compared."""
    monkeypatch.delenv("CI", raising=False)
    shutil.copytree("good", "base")
    before = (runs / "base" / "run.json").read_bytes()
    (runs / "pred_good" / "img03.png").write_bytes(b"")
    assert invoke("score", "pred_good", "truth", "--num-classes", "3", "-o", "part").exit_code == 3
    args = ["--baseline", "base", "-r", "miou_dataset drop <= 0.9", "--update-baseline"]
    found = invoke("gate", "part", *args, "--intersect")
    assert (found.exit_code, "the baseline stays: images are missing" in found.stderr) == (3, True)
    found = invoke("gate", "part", *args)
    assert (found.exit_code, "the baseline stays: images are missing" in found.stderr) == (4, True)
    shutil.rmtree("truth")
    shutil.copytree("pred_bad", "truth")
    assert invoke("score", "pred_bad", "truth", "--num-classes", "3", "-o", "new").exit_code == 0
    found = invoke("gate", "new", *args, "--ratchet")
    assert (found.exit_code, "a ratchet does not move" in found.stderr) == (4, True)
    assert (runs / "base" / "run.json").read_bytes() == before
    found = invoke("gate", "new", *args)
    assert (found.exit_code, "the baseline is now base/run.json" in found.stderr) == (4, True)
    assert (runs / "base" / "run.json").read_bytes() == (runs / "new" / "run.json").read_bytes()


def test_the_last_line_counts_what_decides(invoke, runs):
    """Warnings and rules that may be undecided do not make a pass a fail."""
    (runs / "segeval.toml").write_text(
        "[[gate.rule]]\nid='a'\nmetric='miou_dataset'\nmin=0.9999\nlevel='warn'\n"
        "[[gate.rule]]\nid='b'\nmetric='miou_dataset'\nmin=0.1\n"
    )
    found = invoke("gate", "bad")
    assert (found.exit_code, found.stdout.splitlines()[-1]) == (0, "PASS  2 of 2 rules · 1 warning")
    assert "warn: too low" in found.stdout


def test_score_does_not_judge_a_run_by_itself(invoke, runs):
    """-o at the place of the baseline would replace it before it is compared: refused before any work."""
    before = (runs / "good" / "run.json").read_bytes()
    args = ["score", "pred_bad", "truth", "--num-classes", "3", "--force", "-r", "miou_dataset drop <= 0.01"]
    for baseline in ("good", "good/run.json", "./bad/../good"):
        found = invoke(*args, "-o", "good", "--baseline", baseline)
        assert (found.exit_code, "-o good is the baseline" in found.stderr) == (2, True)
    assert (runs / "good" / "run.json").read_bytes() == before


@pytest.mark.parametrize("option", [("--loss-average", "micro"), ("--loss-background", "exclude")])
def test_losses_averaged_otherwise(invoke, runs, option):
    """They are other numbers, though their parameters are the same; metrics do not mind."""
    args = ["score", "pred_good", "truth", "--num-classes", "3", "--losses", "dice", "-o", "other"]
    assert invoke(*args, *option).exit_code == 0
    found = invoke("gate", "other", "-r", "loss.dice drop <= 0.9", "--baseline", "good")
    assert (found.exit_code, "SEG304" in found.stderr) == (4, True)
    assert invoke("gate", "other", "-r", "miou_dataset drop <= 0.9", "--baseline", "good").exit_code == 0


@pytest.mark.parametrize("kind", ["geometric", "harmonic"])
def test_means_of_what_may_be_below_0(invoke, masks, kind):
    """There is no geometric mean of a correlation of classes: the rule is refused, and not evaluated in part."""
    masks(a=([[0, 0], [1, 1]], [[1, 1], [0, 0]]), b=([[0, 0], [1, 1]], [[0, 0], [1, 1]]))
    args = ["score", "pred", "truth", "--num-classes", "2", "--mean", kind, "-r"]
    found = invoke(*args, "mcc over images mean > 0")
    assert (found.exit_code, f"no {kind} mean over classes" in found.stderr) == (2, True)
    assert invoke(*args, "mcc[0] over images mean >= 0").exit_code == 0
    assert invoke(*args, "iou over images mean >= 0").exit_code == 0


def test_an_optional_group_that_takes_no_part(invoke, runs):
    """Such images are groups of their own, whoever was told the pattern."""
    pattern = "^(img0[0-3])?"
    args = ["--num-classes", "3", "--group-by", pattern]
    assert invoke("score", "pred_bad", "truth", *args, "-o", "grouped").exit_code == 0
    rule = ["-r", "miou_dataset drop <= 0.01", "--baseline", "good", "--json"]
    found = [json.loads(invoke("gate", *each, *rule).stdout)["rules"] for each in (["grouped"], ["bad", *args[2:]])]
    assert found[0][0]["groups"] == 12
    assert found[0] == found[1]


def test_a_baseline_to_come_lies_beside_the_configuration(invoke, runs, monkeypatch):
    """It is written where it will be looked for, from whatever folder."""
    monkeypatch.delenv("CI", raising=False)
    (runs / "segeval.toml").write_text(
        '[gate]\nbaseline = "new"\n[[gate.rule]]\nmetric = "miou_dataset"\nmax_drop = 0.1\n'
    )
    (runs / "below").mkdir()
    monkeypatch.chdir(runs / "below")
    assert invoke("gate", "../good", "--update-baseline").exit_code == 4
    assert (runs / "new" / "run.json").is_file()
    monkeypatch.chdir(runs)
    assert invoke("gate", "good").exit_code == 0


def test_an_empty_baseline_is_not_this_folder(invoke, runs, monkeypatch):
    """A variable that is not set must not compare a run with itself."""
    monkeypatch.chdir(runs / "good")
    found = invoke("gate", ".", "-r", "miou_dataset drop <= 0.1", "--baseline", "")
    assert (found.exit_code, "SEG301" in found.stderr) == (4, True)


def test_a_ratchet_passes_by_what_has_no_better_side(invoke, runs, monkeypatch):
    """Of a count nobody can say that it is worse."""
    monkeypatch.delenv("CI", raising=False)
    shutil.copytree("bad", "base")
    rules = ["-r", "miou_dataset drop <= 0.9", "-r", "pred_pixels[0] <= 1000"]
    found = invoke("gate", "good", *rules, "--baseline", "base", "--update-baseline", "--ratchet")
    assert (found.exit_code, "the baseline is now" in found.stderr) == (0, True)


def test_a_run_is_not_its_own_baseline(invoke, runs):
    """It would pass every drop; refused by folder, by file, and through a link."""
    (runs / "link").symlink_to("good")
    for baseline in ("good", "good/run.json", "link"):
        found = invoke("gate", "good", "-r", "miou_dataset drop <= 0.01", "--baseline", baseline)
        assert (found.exit_code, "good is its own baseline" in found.stderr) == (2, True)


def test_images_without_prediction_are_told(invoke, runs):
    """A run that left them out does not look like a whole one."""
    (runs / "pred_good" / "img05.png").unlink()
    for policy, said in (("skip", "left out"), ("worst", "scored as all wrong")):
        args = ["score", "pred_good", "truth", "--num-classes", "3", "--missing", policy, "-o", policy]
        assert invoke(*args).exit_code == 0
        found = invoke("gate", policy, "-r", "miou_dataset > 0.1")
        assert f"1 image without prediction ({said}): img05" in found.stdout
        document = json.loads(invoke("gate", policy, "-r", "miou_dataset > 0.1", "--json").stdout)
        assert (document["images"]["without_prediction"], document["images"]["missing"]) == (["img05"], policy)


def test_classes_of_which_some_have_a_group(invoke, runs):
    """Their rows differ in that, and the run is a whole one."""
    (runs / "classes.csv").write_text("id,name,group\n0,a,x\n1,b,\n2,c,x\n")
    assert invoke("score", "pred_good", "truth", "--classes", "classes.csv", "-o", "some").exit_code == 0
    assert invoke("gate", "some", "-r", "group_miou_dataset >= 0.1").exit_code == 0


def test_score_is_not_judged_by_what_it_is_about_to_write(invoke, runs):
    """A folder that is not there yet would be, by the time it is read as the baseline."""
    args = ["score", "pred_bad", "truth", "--num-classes", "3", "-r", "miou_dataset drop <= 0.01", "-o", "new"]
    for baseline in ("new", "new/", "new/run.json", "./bad/../new"):
        found = invoke(*args, "--baseline", baseline)
        assert (found.exit_code, "-o new is the baseline" in found.stderr) == (2, True)
    assert not (runs / "new").exists()
    assert invoke(*args, "--baseline", "news").exit_code == 4


@pytest.mark.parametrize("metrics", ["dice", "specificity", "f_beta", "mcc,relative_volume_difference"])
def test_a_run_of_any_metrics_is_a_run(invoke, runs, metrics):
    """As run and as baseline, told numbers or numbers of its tables: the verdict is that of a run of all metrics."""
    for name in ("good", "bad"):
        args = ["score", f"pred_{name}", "truth", "--num-classes", "3", "--metrics", metrics, "-o", f"some_{name}"]
        assert invoke(*args).exit_code == 0
    rules = ["miou_dataset drop <= 0.1", "iou[0] drop <= 0.1", "dice over images mean >= 0.5", "f_beta@2[1] >= 0.1"]
    rules = [word for rule in rules for word in ("-r", rule)]
    wanted = invoke("gate", "bad", *rules, "--baseline", "good", "--json")
    for run, baseline in (("some_bad", "good"), ("bad", "some_good"), ("some_bad", "some_good")):
        found = invoke("gate", run, *rules, "--baseline", baseline, "--json")
        assert (found.exit_code, found.stderr) == (wanted.exit_code, "") == (1, "")
        assert json.loads(found.stdout)["rules"] == json.loads(wanted.stdout)["rules"]
        compared = [invoke("compare", *each, "--format", "json") for each in ((baseline, run), ("good", "bad"))]
        numbers = [{each["number"]: each for each in json.loads(c.stdout)["numbers"]} for c in compared]
        assert numbers[0]["iou[0]"] == numbers[1]["iou[0]"]
