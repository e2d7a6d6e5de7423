"""Tests of what rules ask: the short form, tables, and everything that is refused."""

import pytest

from segeval.errors import BadRule
from segeval.gate.rules import Asked, Limit, Rule, distinct

CLASSES = [{"id": 7, "name": "road"}, {"id": 11, "name": "traffic light"}, {"id": 3, "name": "traffic sign"}]


@pytest.mark.parametrize(
    ("text", "metric", "classes", "over", "stat", "limit"),
    [
        ("miou_dataset >= 0.78", "miou_dataset", (), "pooled", None, Limit(">=", 0.78)),
        ("miou_dataset>=78%", "miou_dataset", (), "pooled", None, Limit(">=", 0.78)),
        ("iou[person] drop <= 0.01", "iou", ("person",), "pooled", None, Limit("<=", 0.01, drop=True)),
        ("iou[traffic light] drop < 1%", "iou", ("traffic light",), "pooled", None, Limit("<", 0.01, drop=True)),
        ("dice[*] over images p05 >= .5", "dice", ("*",), "images", "p05", Limit(">=", 0.5)),
        ("dice over groups worst-mean:10 > 5e-1", "dice", (), "groups", "worst-mean:10", Limit(">", 0.5)),
        (
            "loss.dice [7] over images p95 drop <= 2%",
            "loss.dice",
            ("7",),
            "images",
            "p95",
            Limit("<=", 0.02, drop=True),
        ),
        ("iou[*] >= 0", "iou", ("*",), "pooled", None, Limit(">=", 0)),
        ("f_beta@2[road] < 1", "f_beta@2", ("road",), "pooled", None, Limit("<", 1)),
        (
            "relative_volume_difference[a]] >= -.25",
            "relative_volume_difference",
            ("a]",),
            "pooled",
            None,
            Limit(">=", -0.25),
        ),
    ],
)
def test_the_short_form(text, metric, classes, over, stat, limit):
    """NAME[CLASS] over images STAT drop OP NUMBER."""
    rule = Rule.parse(text)
    asked = rule.asked
    assert (asked.metric, asked.classes, asked.over, rule.limits) == (metric, classes, over, (limit,))
    assert (asked.stat and asked.stat.name) == stat
    assert Asked.parse(asked.text) == asked
    assert rule.id == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "classes", "excluded", "kept"),
    [
        ("iou[*,!road]", ("*",), ("road",), [1, 2]),
        ("iou[ * , ! traffic * ]", ("*",), ("traffic *",), [0]),
        ("iou[traffic *,!3]", ("traffic *",), ("3",), [1]),
        ("iou[*,!road,!traffic sign]", ("*",), ("road", "traffic sign"), [1]),
        ("iou[road, !x]", ("road",), ("x",), None),
    ],
)
def test_exceptions(text, classes, excluded, kept):
    """`!NAME` behind a comma leaves classes out; the text of the number says so."""
    asked = Asked.parse(text)
    assert (asked.classes, asked.excluded, Asked.parse(asked.text)) == (classes, excluded, asked)
    if kept is None:
        with pytest.raises(BadRule, match="no class 'x'"):
            asked.positions(CLASSES)
    else:
        assert asked.positions(CLASSES) == kept


@pytest.mark.parametrize(
    "text",
    [
        *("", "miou_dataset", "miou_dataset >= ", "miou_dataset >= nan", "miou_dataset >= inf", "miou_dataset = 0.5"),
        *("miou_dataset == 0.5", "iou[road drop <= 0.1", "iou drop >= 0.1", "iou drop <= -0.1", "iou >= 0.5 extra"),
        *("dice over images >= 0.5", "dice over pixels p05 >= 0.5", "dice over images p5x >= 0.5", "iou >= 0x5"),
        *("iou over pooled mean >= 0.5", "iou >= 1e999", "iou >= 0.5%%", "iou drop <= -1%", "é >= ½"),
    ],
)
def test_rules_that_cannot_be_read(text):
    """SEG111, never a rule that passes."""
    with pytest.raises(BadRule) as caught:
        Rule.parse(text)
    assert caught.value.hint


def test_a_table():
    """Every key, off its default."""
    rule = Rule.from_table(
        {
            "id": "x",
            "metric": "dice",
            "classes": ["traffic *", "road"],
            "except": ["3"],
            "over": "groups",
            "stat": "p10",
            "min": 0.25,
            "max": "90%",
            "max_drop_rel": "5%",
            "test": "noninferiority",
            "adjust": "none",
            "level": "warn",
            "where": "site == 'A' and id != \"b\"",
            "unit": "mm",
        },
        4,
    )
    assert [str(limit) for limit in rule.limits] == [">= 0.25", "<= 0.9", "drop <= 5 % of the baseline"]
    assert rule.asked.positions(CLASSES) == [1, 0]
    assert (rule.test, rule.adjust, rule.level, rule.unit) == ("noninferiority", "none", "warn", "mm")
    assert rule.where.conditions == (("site", True, "A"), ("id", False, "b"))
    assert rule.asked.text == "dice[traffic *,road,!3] over groups p10"
    assert Rule.from_table({"metric": "iou", "min": 1}, 4).id == "rule 4"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, "names no metric"),
        ({"metric": "iou"}, "asks for nothing"),
        ({"metric": "iou", "min": float("nan")}, "min is nan"),
        ({"metric": "iou", "max": float("inf")}, "max is inf"),
        ({"metric": "iou", "max": True}, "max is True"),
        ({"metric": "iou", "min": "much"}, "min is 'much'"),
        ({"metric": "iou", "min": [1]}, r"min is \[1\]"),
        ({"metric": "iou", "min": 0.5, "max": 0.4}, "the least is 0.5 and the most 0.4"),
        ({"metric": "iou", "max_drop": 0.1, "max_drop_rel": "5%"}, "max_drop and max_drop_rel"),
        ({"metric": "iou", "max_drop": -0.1}, "a drop of less than 0"),
        ({"metric": "iou", "min": 0.1, "stat": "p05"}, "`over` and `stat` go together"),
        ({"metric": "iou", "min": 0.1, "over": "images"}, "`over` and `stat` go together"),
        ({"metric": "iou", "min": 0.1, "over": "image", "stat": "p05"}, "over is 'image'"),
        ({"metric": "iou", "min": 0.1, "except": "road"}, "excepts classes from none"),
        ({"metric": "iou", "min": 0.1, "classes": 3}, "classes is 3"),
        ({"metric": "iou", "min": 0.1, "test": "t-test"}, "test is 't-test'"),
        ({"metric": "iou", "min": 0.1, "adjust": "bonferroni"}, "adjust is 'bonferroni'"),
        ({"metric": "iou", "min": 0.1, "level": "info"}, "level is 'info'"),
        ({"metric": "iou", "min": 0.1, "level": 1}, "level is 1"),
        ({"metric": "iou", "min": 0.1, "id": ""}, "id is ''"),
        ({"metric": "iou", "min": 0.1, "maximum": 1}, "unknown key 'maximum'"),
        ({"metric": "iou", "min": 0.1, "where": "site = 'A'"}, "cannot be read from column 1"),
        ({"metric": "iou", "min": 0.1, "where": "site == 'A' or id == 'b'"}, "joined by `and`"),
        ({"metric": "iou", "min": 0.1, "where": "__import__('os') == 'A'"}, "cannot be read"),
    ],
)
def test_tables_that_are_refused(table, said):
    """SEG111 names the rule and the key."""
    with pytest.raises(BadRule, match=said):
        Rule.from_table(table, 1)


def test_classes_are_names_then_ids_then_patterns():
    """The nearest name is suggested; exceptions are of the same kinds and must exist too."""
    two = [{"id": 0, "name": "1"}, {"id": 1, "name": "b"}]
    assert Rule.parse("iou[1] >= 0.5").asked.positions(two) == [0]
    assert Rule.parse("iou[11] >= 0.5").asked.positions(CLASSES) == [1]
    assert Rule.parse("iou[traffic *] >= 0.5").asked.positions(CLASSES) == [1, 2]
    assert Rule.parse("miou_dataset >= 0.5").asked.positions(CLASSES) == [None]
    with pytest.raises(BadRule, match="no class 'raod'"):
        Rule.parse("iou[raod] >= 0.5").asked.positions(CLASSES)
    with pytest.raises(BadRule, match="no class 'train'"):
        Rule.from_table({"metric": "iou", "min": 0, "classes": "*", "except": "train"}, 1).asked.positions(CLASSES)
    with pytest.raises(BadRule, match="about no class"):
        Rule.from_table({"metric": "iou", "min": 0, "classes": "*", "except": "*"}, 1).asked.positions(CLASSES)


def test_two_rules_of_one_id():
    """Their verdicts could not be told apart."""
    with pytest.raises(BadRule, match="two rules"):
        distinct([Rule.parse("iou[a] > 0.5"), Rule.parse("iou[a]  >  0.5")])


@pytest.mark.parametrize(
    ("op", "below", "at", "above"),
    [(">=", False, True, True), (">", False, False, True), ("<=", True, True, False), ("<", True, False, False)],
)
def test_limits(op, below, at, above):
    """Each comparison by hand; nan is within no limit."""
    limit = Limit(op, 0.5)
    assert (limit.holds(0.4), limit.holds(0.5), limit.holds(0.6)) == (below, at, above)
    assert not limit.holds(float("nan"))


@pytest.mark.parametrize("text", ["a{}x", "iou[x]{}over", "iou over{}", "iou[{}]x", "iou drop{}"])
def test_long_blanks_take_no_time(text):
    """A rule that cannot be read is refused at once, however long."""
    with pytest.raises(BadRule):
        Rule.parse(text.format(" " * 300_000))
