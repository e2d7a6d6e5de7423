"""Verdicts to show: made by the gate, with names that attack whatever shows them."""

import functools

from segeval.gate import Rule, judge
from segeval.run.bootstrap import Draws
from segeval.run.results import Results
from support.models import model

ATTACKS = [
    *("\n::error::x", "<script>alert(1)</script>", "a|b", "`code`", "@user", "]]>", "\x1b[31mred", "a\x00b"),
    *("a\u202eb", '"q"', "back\\slash", "<!-- x -->", "-->", "##[set-output name=x]y", "[x](http://evil.example)"),
    *("\ufffe", "\udcff", "\ud800", "a%0A::error::b", ",title=x", "\r::warning::y", "www.evil.example", "#1"),
]


made = functools.cache(model)


def renamed(results, name):
    """The same run with its first class called otherwise."""
    first, *others = results.document["classes"]
    document = {**results.document, "classes": [{**first, "name": name}, *others]}
    return Results(results.name, document, results.load)


def verdict(rules=("miou_dataset >= 0.5", "iou[*] drop <= 0.01"), inconclusive="warn", name="road", failed=(), **run):
    """The verdict document on a made-up run, and the run's own."""
    now = renamed(made(**{"wrong": 0.3, "seed": 2} | run), name)
    images = {**now.document["images"], "failed": [{"id": id_, "code": "SEG201", "message": "m"} for id_ in failed]}
    now = Results(now.name, {**now.document, "images": images, "complete": not failed}, now.load)
    parsed = [Rule.parse(rule) if isinstance(rule, str) else Rule.from_table(rule, 1) for rule in rules]
    found = judge(parsed, now, renamed(made(), name), Draws(resamples=300), inconclusive=inconclusive)
    return found.document(), dict(now.document)


TABLES = [
    {"id": "stops", "metric": "miou_dataset", "min": 0.99},
    {"id": "warns", "metric": "miou_dataset", "min": 0.98, "level": "warn"},
    {"id": "passes", "metric": "miou_dataset", "min": 0.1},
]


def undecided(**settings):
    """A verdict on a drop that may be chance."""
    rule = {"id": "maybe", "metric": "miou_dataset", "max_drop": 0, "test": "noninferiority"}
    document, _ = verdict([{**rule, **settings.pop("rule", {})}], wrong=0.2, seed=3, **settings)
    return document
