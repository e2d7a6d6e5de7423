"""Tests of verdicts: rules, a run and a baseline in; pass, fail or inconclusive out."""

import math
from dataclasses import replace

import pytest
from support.models import model, truth_of
from support.scores import Scores

from segeval import Evaluator, score
from segeval.errors import BadRule, NoBaseline
from segeval.gate import Rule, judge
from segeval.metrics import METRICS
from segeval.run.bootstrap import Draws
from segeval.run.numbers import find
from segeval.run.results import Results

FAST = Draws(resamples=2000, seed=5)


def verdicts(rules, run, baseline=None, draws=FAST, **options):
    """The verdict of each rule, in order."""
    made = [Rule.parse(rule) if isinstance(rule, str) else Rule.from_table(rule, n) for n, rule in enumerate(rules)]
    found = judge(made, run, baseline, draws, **options)
    assert found.document()["verdict"] == found.verdict
    assert found.document()["exit_code"] == found.exit_code
    return found


def table(**keys):
    return {"metric": "miou_dataset", "max_drop": 0.01, **keys}


def test_floors_and_ceilings_compare_the_printed_number():
    """At, below and above the very number of run.json."""
    run = model()
    value = run.document["summary"]["miou_dataset"]
    for op, passes in ((">=", "pass"), ("<=", "pass"), (">", "fail"), ("<", "fail")):
        found = verdicts([f"miou_dataset {op} {value!r}"], run)
        assert (found.verdict, found.rulings[0].checks[0].value) == (passes, value)
    assert verdicts([f"miou_dataset >= {math.nextafter(value, 1)!r}"], run).exit_code == 1


def test_an_equal_model_passes_and_a_worse_one_fails():
    """Thirty images; the same model, one that loses a lot, one that loses a little."""
    before = model(0.2, seed=1)
    assert verdicts([table()], model(0.2, seed=1), before).verdict == "pass"
    assert verdicts([table()], model(0.4, seed=2), before).verdict == "fail"
    assert verdicts([table()], model(0.1, seed=3), before).verdict == "pass"


def test_a_drop_that_may_be_chance_is_inconclusive():
    """Equal models that differ by luck: beyond the tolerance, not beyond chance."""
    before, now = model(0.3, seed=1, images=range(6)), model(0.3, seed=6, images=range(6))
    worse, better = sorted((before, now), key=lambda each: each.document["summary"]["miou_dataset"])
    found = verdicts([table(max_drop=0)], worse, better)
    check = found.rulings[0].checks[0]
    assert (found.verdict, check.verdict, check.reason) == (
        "inconclusive",
        "inconclusive",
        "the drop is too large, but may be chance",
    )
    assert check.lower < check.change < 0 < check.upper
    assert verdicts([table(max_drop=0, test="none")], worse, better).verdict == "fail"


@pytest.mark.parametrize(
    ("policy", "code", "verdict"), [("pass", 0, "pass"), ("warn", 0, "inconclusive"), ("fail", 1, "fail")]
)
def test_what_follows_from_an_inconclusive_rule(policy, code, verdict):
    """--inconclusive decides the exit code; the rule itself stays inconclusive."""
    now, before = model(0.2, images=[4]), model(0.1, images=[4])
    found = verdicts([table()], now, before, inconclusive=policy)
    assert (found.rulings[0].verdict, found.exit_code, found.verdict) == ("inconclusive", code, verdict)
    assert "one image or group" in found.rulings[0].checks[0].reason


def test_noninferiority_needs_proof():
    """Equal models of few images are not shown to be equal; of many they are."""
    rule = table(test="noninferiority", max_drop=0.02)
    few = verdicts([rule], model(0.2, seed=1, images=range(5)), model(0.2, seed=2, images=range(5)))
    assert few.rulings[0].verdict == "inconclusive"
    assert verdicts([rule], model(0.2, seed=1, images=range(5)), model(0.2, seed=1, images=range(5))).verdict == "pass"
    many = verdicts([rule], model(0.2, seed=1, images=range(400)), model(0.2, seed=2, images=range(400)))
    assert many.verdict == "pass"
    assert many.rulings[0].checks[0].detectable < 0.02
    worse = verdicts([rule], model(0.4, seed=1), model(0.2, seed=2))
    assert worse.verdict == "fail"


def test_an_undefined_number_fails():
    """Class `rare` is in no image: floors and drops fail with that reason, whatever the test."""
    run, before = model(), model()
    for rule in ("iou[rare] >= 0", "iou[rare] drop <= 0.9", "iou[rare] over images p05 <= 1"):
        found = verdicts([rule], run, before)
        assert (found.exit_code, found.rulings[0].checks[0].reason[:9]) == (1, "undefined"), rule
    for test in ("none", "regression", "noninferiority"):
        rule = {"metric": "iou", "classes": "rare", "max_drop": 0.9, "test": test}
        assert verdicts([rule], run, before).exit_code == 1


def test_classes_of_a_rule_share_its_chance():
    """Holm: a class whose p-value alone would fail does not fail among classes that are all right."""
    before, now = model(0.2, seed=1, images=range(12)), model(0.23, seed=9, images=range(12))
    rules = [
        {"id": a, "metric": "iou", "classes": "*", "except": "rare", "max_drop": 0.0, "adjust": a}
        for a in ("holm", "none")
    ]
    holm, alone = verdicts(rules, now, before).rulings
    p_values = sorted(check.p for check in holm.checks)
    assert [check.p for check in alone.checks] == [check.p for check in holm.checks]
    assert [check.p_adjusted for check in alone.checks] == [check.p for check in alone.checks]
    assert min(check.p_adjusted for check in holm.checks) == pytest.approx(min(1, 3 * p_values[0]))
    for check in holm.checks:
        assert (check.verdict == "fail") == (check.change < 0 and check.p_adjusted <= 0.05)


def test_more_classes_take_more_resamples():
    """10 K / α of them, or no class could fail."""
    rule = {"metric": "iou", "classes": "*", "except": "rare", "max_drop": 0.1}
    found = verdicts([rule], model(), model(), Draws(resamples=100, confidence=0.99))
    assert found.draws.resamples == 3000
    assert found.document()["statistics"]["resamples"] == 3000


def test_relative_drops():
    """A share of the baseline's value, by hand."""
    before, now = model(0.2, seed=1), model(0.25, seed=1)
    then, value = (each.document["summary"]["miou_dataset"] for each in (before, now))
    share = (then - value) / then
    for allowed, verdict in ((share * 1.001, "pass"), (share * 0.999, "fail")):
        rule = {"metric": "miou_dataset", "max_drop_rel": allowed, "test": "none"}
        found = verdicts([rule], now, before)
        assert found.verdict == verdict
        assert found.rulings[0].checks[0].allowed == pytest.approx(allowed * then)


def test_a_drop_below_its_limit_or_at_most_it():
    """`<` and `<=` differ at the very drop."""
    before, now = model(0.2, seed=1), model(0.25, seed=1)
    drop = before.document["summary"]["miou_dataset"] - now.document["summary"]["miou_dataset"]
    for op in ("<=", "<"):
        found = verdicts([f"miou_dataset drop {op} {drop!r}"], now, before)
        assert (found.verdict == "pass") == (op == "<=")


def test_a_number_that_is_best_in_the_middle():
    """A relative volume difference drops when it moves away from 0, on either side."""
    before, now = model(0.05, seed=1), model(0.5, seed=2)
    rule = {"metric": "relative_volume_difference", "classes": "road", "max_drop": 0.0, "test": "none"}
    check = verdicts([rule], now, before).rulings[0].checks[0]
    assert check.change == pytest.approx(abs(check.baseline) - abs(check.value))


def test_slices():
    """`where` judges the images of one site, by named groups of --group-by and by id."""
    run, draws = model(0.3), replace(FAST, group_by="^(?P<site>[A-Z])_(?P<number>[0-9]+)")
    kept = [n for n, id_ in enumerate(run.rows.ids) if id_.startswith("B") and id_ != "B_004"]
    rule = {"metric": "miou_dataset", "min": 0.5, "where": "site == 'B' and id != \"B_004\""}
    found = verdicts([rule], run, draws=draws)
    counts = Scores(run.rows.only(kept))
    assert found.rulings[0].checks[0].value == pytest.approx(counts.summary["miou_dataset"].value, abs=1e-12)
    assert found.rulings[0].checks[0].value != run.document["summary"]["miou_dataset"]
    with pytest.raises(BadRule, match="asks for 'city'"):
        verdicts([rule | {"where": "city == 'B'"}], run, draws=draws)
    nobody = verdicts([rule | {"where": "site == 'Z'"}], run, draws=draws)
    assert (nobody.exit_code, nobody.rulings[0].checks[0].reason) == (1, "undefined")


def test_slices_are_drawn_by_themselves():
    """Rules of other slices do not change a rule's interval."""
    now, before = model(0.3, seed=2), model(0.2, seed=1)
    sliced = table(id="a", where="id != 'A_000'")
    alone = verdicts([sliced], now, before).rulings[0]
    among = verdicts([table(id="b"), sliced, table(id="c", where="id == 'A_000'")], now, before).rulings[1]
    assert among == alone
    assert verdicts([table(id="a")], now, before).rulings[0].checks[0].lower != alone.checks[0].lower


def test_images_of_a_group_are_drawn_together():
    """Three groups of ten images: another interval, and a note that groups are few."""
    now, before = model(0.25, seed=2), model(0.2, seed=1)
    alone = verdicts([table()], now, before).rulings[0]
    together = verdicts([table()], now, before, replace(FAST, group_by="^([A-Z])")).rulings[0]
    assert alone.checks[0].change == together.checks[0].change
    assert alone.checks[0].lower != together.checks[0].lower
    assert (alone.notes, together.notes) == (
        (),
        ("few images or groups (3): below 10 an exact test of all subsets, which sees large drops only",),
    )


def test_the_groups_of_the_run_count():
    """Without an option they are those that it was scored with."""
    stored = verdicts([table()], model(0.25, 2, group_by="^([A-Z])"), model(0.2, 1))
    given = verdicts([table()], model(0.25, 2), model(0.2, 1), replace(FAST, group_by="^([A-Z])"))
    assert stored.rulings == given.rulings


def test_over_groups_pools_their_images():
    """The lowest IoU of class road among the three sites."""
    run = model(0.3, group_by="^([A-Z])")
    found = verdicts(["iou[road] over groups min >= 0.5"], run).rulings[0].checks[0]
    pooled = [
        METRICS["iou"].func(Scores(run.rows.only([n for n, id_ in enumerate(run.rows.ids) if id_[0] == site])).pooled)[
            0
        ]
        for site in "ABC"
    ]
    assert found.value == pytest.approx(min(pooled))


def test_levels():
    """warn never stops, off is not looked at."""
    run = model()
    rules = [table(id="w", min=1, max_drop=0.9, level="warn"), table(id="o", metric="nonsense", level="off")]
    found = verdicts(rules, run, run)
    assert (found.exit_code, found.verdict, [each.id for each in found.rulings]) == (0, "pass", ["w"])
    assert [each.id for each in found.warned] == ["w"]
    with pytest.raises(BadRule, match="no rules"):
        verdicts(rules[1:], run, run)


def test_rules_that_no_run_can_fulfil():
    """Percent without its sign, drops of what has no better side: exit 2, before any baseline is missed."""
    run = model()
    for rule, hint in (("iou[road] >= 78", "78%"), ("iou[road] drop <= 2", "2%"), ("mcc[road] > 1.5", "1.5%")):
        with pytest.raises(BadRule) as caught:
            verdicts([rule], run)
        assert hint in caught.value.hint
    for rule in ("iou[road] >= -0.5", "mcc[road] < -1.5"):
        with pytest.raises(BadRule, match="is the least that there can be"):
            verdicts([rule], run)
    with pytest.raises(BadRule, match="where 100% is the most"):
        verdicts([{"metric": "miou_dataset", "max_drop_rel": 5}], run)
    with pytest.raises(BadRule, match="no better and worse"):
        verdicts(["truth_pixels[road] drop <= 5"], run)
    assert verdicts(["relative_volume_difference[road] <= 5", "truth_pixels[road] <= 500"], run).exit_code == 0
    with pytest.raises(BadRule, match="several miou"):
        verdicts(["miou drop <= 0.1"], run)
    with pytest.raises(NoBaseline, match="asks for a drop"):
        verdicts(["miou_dataset drop <= 0.1"], run)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("miou_dataset >= 0", True),
        ("miou_dataset <= 1", True),
        ("iou[*] <= 100%", True),
        ("mcc[road] >= -1", True),
        ("mcc[road] >= 0", False),
        ("miou_dataset > 0", False),
        ("miou_dataset < 1", False),
        ("truth_pixels[road] >= 0", True),
        ("truth_pixels[road] <= 5000", False),
        ("relative_volume_difference[road] <= 5", False),
        ("dice over images p05 >= 0", True),
        ("miou_dataset drop <= 0.5", False),
        ({"metric": "miou_dataset", "min": 0, "max": 1}, True),
        ({"metric": "miou_dataset", "min": 0, "max": 0.9}, False),
    ],
)
def test_a_rule_that_no_run_can_fail_is_told(rule, told):
    """By the range of its number; it is judged all the same."""
    found = verdicts([rule], model(), model()).rulings[0]
    assert found.verdict == "pass"
    assert any("no run can fail it" in note for note in found.notes) == told


def test_a_missing_image_ends_with_3():
    """The verdict is told, and 1 is kept for runs that were evaluated in full."""
    run = model()
    document = {**run.document, "complete": False}
    found = verdicts(["miou_dataset >= 1"], replace(run, document=document))
    assert (found.verdict, found.exit_code) == ("fail", 3)


def test_a_unit_of_what_has_none_is_refused():
    """An overlap is no distance; nobody can mean that."""
    for limit in ({"min": 0}, {"max_drop": 0.9}):
        with pytest.raises(BadRule, match="unit is 'mm', and miou_dataset has no unit"):
            verdicts([{"metric": "miou_dataset", "unit": "mm", **limit}], model(unit="mm"), model(unit="mm"))


@pytest.mark.parametrize(
    ("kind", "recorded", "reason"),
    [
        ("spacing", "mm", ""),
        ("spacing", "um", "the unit is to be 'mm' and the run has um"),
        ("spacing", None, "the unit is to be 'mm' and the run has no spacing"),
        ("pixel", "mm", "the unit is to be 'mm' and the run has pixel"),
    ],
)
def test_a_unit_is_compared_with_that_of_the_run(monkeypatch, kind, recorded, reason):
    """A distance in mm cannot be judged where files have no spacing, or that of another scale."""
    monkeypatch.setattr("segeval.gate.rules.find", lambda *asked: replace(find(*asked), unit=kind))
    for limit in ({"min": 0}, {"max_drop": 0.9}):
        run = model(**({"unit": recorded} if recorded else {}))
        found = verdicts([{"metric": "miou_dataset", "unit": "mm", **limit}], run, run)
        assert (found.exit_code, found.rulings[0].checks[0].reason) == (bool(reason), reason)


def test_the_worst_verdict_of_the_classes_is_the_rules():
    """One failing class fails the rule; all classes are told."""
    found = verdicts(["iou[*] >= 0.1"], model())
    assert [check.verdict for check in found.rulings[0].checks] == ["pass", "pass", "pass", "not applicable"]
    assert found.rulings[0].verdict == "pass"
    value = found.rulings[0].checks[1].value
    found = verdicts([f"iou[*] >= {value!r}"], model())
    assert "fail" in [check.verdict for check in found.rulings[0].checks]
    assert found.rulings[0].verdict == "fail"


@pytest.mark.parametrize("rule", ["iou[*] drop <= 0", "iou[r*] >= 0", "dice over images p05 >= 0", "dice[*,!sky] >= 0"])
def test_a_class_in_no_mask_is_not_applicable(rule):
    """Under a pattern it fails nothing, is told, and takes no share of the chance of the other classes."""
    ruling = verdicts([rule], model(), model()).rulings[0]
    assert ruling.verdict == "pass"
    idle = [check.number for check in ruling.checks if check.verdict == "not applicable"]
    assert idle == [check.number for check in ruling.checks if "rare" in check.number]
    assert [note for note in ruling.notes if "applicable" in note] == [f"not applicable, in no mask: {n}" for n in idle]


def test_what_is_not_applicable_leaves_the_statistics_alone():
    """Holm and the number of resamples are those of the three classes that are there."""
    rules = [{"id": e or "all", "metric": "iou", "classes": "*", "except": e, "max_drop": 0.01} for e in ([], ["rare"])]
    rules[1]["id"] = "three"
    now, before = model(0.3, seed=2), model()
    found = verdicts([rules[0] | {"id": "all"}, rules[1]], now, before, Draws(resamples=100))
    assert found.rulings[0].checks[:-1] == found.rulings[1].checks
    assert found.rulings[0].checks[-1].verdict == "not applicable"
    assert found.draws.resamples == 600  # 10 · 3 / 0.05


def test_a_class_by_its_name_or_id_is_always_applicable():
    """Whoever names it wants to know of it, also beside a pattern."""
    for classes in (["rare"], ["3"], ["*", "rare"], ["*", "3"]):
        found = verdicts([{"metric": "iou", "classes": classes, "min": 0}], model())
        assert (found.exit_code, found.rulings[0].checks[-1].reason) == (1, "undefined")


def test_a_rule_left_with_no_class_fails():
    """It cannot be evaluated: by exceptions it is refused, by masks it fails."""
    found = verdicts(["iou[*,!road,!sky,!car] >= 0"], model())
    check = found.rulings[0].checks[0]
    assert (found.exit_code, check.verdict, check.reason) == (
        1,
        "fail",
        "no class of the rule is in any mask and has such a number",
    )
    with pytest.raises(BadRule, match="is about no class"):
        verdicts(["iou[road,!road] >= 0"], model())


def test_a_class_that_only_one_side_has_is_applicable():
    """Found where there is none, by the baseline alone: the run has no value, and that is told."""
    run, before = model(), model()
    rows = [{**row, "fp": 1, "iou": 0.0} if row["name"] == "rare" else row for row in before.classes]
    other = replace(before, document={**before.document, "classes": rows})
    found = verdicts(["iou[*] drop <= 0.1"], run, other).rulings[0].checks[-1]
    assert (found.number, found.verdict, found.reason) == ("iou[rare]", "fail", "undefined in this run")


def test_a_number_that_has_a_value_is_applicable():
    """A class in no mask has no pixels, and a rule may ask for some."""
    found = verdicts(["truth_pixels[*] >= 1"], model())
    assert [check.verdict for check in found.rulings[0].checks] == ["pass", "pass", "pass", "fail"]


@pytest.mark.parametrize(
    ("rule", "background"),
    [("hd95_max[*] <= 9", 0), ("nsd@3[*] drop <= 0.1", 0), ("hd95_max[*] over images p95 <= 9", 2), ("pq[*] >= 0", 2)],
)
def test_the_background_of_distances_and_objects_is_not_applicable(rule, background):
    """It has no border and no objects: a rule about all classes leaves it out, and one that names it fails."""
    options = {"num_classes": 3, "metrics": "hd95_max,nsd,pq", "tolerance": 3, "instances": "components"}
    evaluator = Evaluator(**options, background=background)
    for n in range(2):
        evaluator.update(truth_of(n), truth_of(n))
    run = Results.of(evaluator.compute())
    ruling = verdicts([rule], run, run).rulings[0]
    checks = {check.verdict: check.number for check in ruling.checks}
    assert set(checks) == {"pass", "not applicable"}
    assert f"[{background}]" in checks["not applicable"]
    assert f"not applicable, of the background: {checks['not applicable']}" in ruling.notes
    assert verdicts([rule.replace("*", str(background))], run, run).exit_code == 1


@pytest.mark.parametrize(
    ("rule", "most", "hint"),
    [
        ("iou[road] >= 80", "100%", "did you mean 80%?"),
        ("miou_dataset drop <= 2", "100%", "did you mean 2%?"),
        ("loss.cross_entropy <= 90", "16.1181", "give a limit that a run can meet or miss"),
    ],
)
def test_a_limit_above_all_there_can_be(rule, most, hint):
    """A share was meant in percents; of other ranges nobody can tell (16.1181 is −ln of 1e-7, the clip)."""
    run = Results.of(score([truth_of(0)], [truth_of(0)], classes=["road", "sky", "car", "rare"]))
    with pytest.raises(BadRule, match=f"where {most} is the most") as fault:
        verdicts([rule], run, run)
    assert fault.value.hint == hint


def test_a_class_that_is_only_elsewhere():
    """Of a slice, its own masks count: one image holds each class, and the rule about the others passes."""
    run = model(images=range(4))
    pooled = run.rows.counts
    there = [f"iou[{run.classes[k]['name']}]" for k in range(4) if (pooled.tp + pooled.fp + pooled.fn)[0, k]]
    rule = {"metric": "iou", "classes": "*", "min": 0, "where": f"id == '{run.rows.ids[0]}'"}
    checks = verdicts([rule], run).rulings[0].checks
    assert [check.number for check in checks if check.verdict == "pass"] == there


def test_quantiles_are_told_to_be_rough():
    """A note for tested rules on medians and other quantiles."""
    found = verdicts(["dice over images median drop <= 0.5", "dice over images mean drop <= 0.4"], model(), model())
    assert [len(ruling.notes) for ruling in found.rulings] == [1, 0]
    assert "median" in found.rulings[0].notes[0]


def test_a_number_that_became_undefined_is_worse():
    """So that a ratchet does not move on it."""
    found = verdicts(["iou[road] >= 0"], model(), model())
    check = found.rulings[0].checks[0]
    ruling = replace(found.rulings[0], checks=(replace(check, value=math.nan, change=math.nan),))
    assert replace(found, rulings=(ruling,)).worse == ["iou[road]"]
    assert found.worse == []


def test_counts_of_a_slice():
    """They are of the images of the slice."""
    rule = {"metric": "truth_pixels", "classes": "road", "min": 1, "where": "id == 'A_003'"}
    check = verdicts([rule], model()).rulings[0].checks[0]
    assert (check.verdict, check.value) == ("pass", (truth_of(3) == 0).sum())


def test_what_is_large_is_shown_shortly():
    """A run, its results and a verdict on them, in a traceback or a notebook."""
    found = verdicts(["miou_dataset >= 0"], model(), model())
    assert repr(found.run) == "<Results: this run>"
    assert len(repr(found)) < 2000
