"""OpenMetrics text, for the merge requests of GitLab and for Prometheus."""

import re
from collections.abc import Mapping
from typing import Any

from segeval.metrics import METRICS
from segeval.metrics.sections import SECTIONS
from segeval.run.results import leaves
from segeval.text import safe_text

Sample = tuple[dict[str, str], float | None]


def openmetrics(run: Mapping[str, Any], verdict: Mapping[str, Any]) -> str:
    """All numbers of a run, from its document, and which rules pass; what is undefined is left out."""
    families: dict[str, list[Sample]] = {
        **{name: [({}, value)] for name, value in run["summary"].items()},
        **_scores("", "class", run["classes"]),
        **_scores("group_", "group", run.get("groups", [])),
        **_losses(run.get("losses", {})),
        **{name: each for kind in SECTIONS for name, each in _section(kind, run.get(kind, {})).items()},
        "gate_passed": [({"rule": rule["id"]}, int(rule["verdict"] == "pass")) for rule in verdict["rules"]],
    }
    return "".join(_family(name, samples) for name, samples in sorted(families.items())) + "# EOF\n"


def _scores(prefix: str, label: str, rows: list[dict[str, Any]]) -> dict[str, list[Sample]]:
    """Every metric of the rows."""
    names = [key for key in (rows[0] if rows else {}) if METRICS.named(key)]
    return {f"{prefix}{name}": [({label: row["name"]}, row[name]) for row in rows] for name in names}


def _losses(losses: Mapping[str, Any]) -> dict[str, list[Sample]]:
    """The value of each loss, and its values of classes."""
    classes = [
        ({"loss": loss, "class": name}, value)
        for loss, found in sorted(losses.items())
        for name, value in sorted(found["per_class"].items())
    ]
    return {
        "loss": [({"loss": loss}, found["value"]) for loss, found in sorted(losses.items())],
        "loss_of_class": classes,
    }


def _section(kind: str, section: Mapping[str, Any]) -> dict[str, list[Sample]]:
    """The numbers of a section by their last names; labelled with the parts that they stand in."""
    found: dict[str, list[Sample]] = {}
    for (*parts, name), value in leaves(section):
        found.setdefault(f"{kind}_{name}", []).append(({"of": "/".join(parts)} if parts else {}, value))
    return found


def _family(name: str, samples: list[Sample]) -> str:
    """The samples of one name that have a value, below their type; no two with the same labels."""
    family = f"segeval_{re.sub('[^a-zA-Z0-9_]', '_', name)}"
    lines: dict[str, float] = {}
    for labels, value in samples:
        if value is not None:
            lines[_unlike(labels, lines)] = value
    told = "".join(f"{family}{labels} {value!r}\n" for labels, value in lines.items())
    return f"# TYPE {family} gauge\n{told}" if told else ""


def _unlike(labels: Mapping[str, str], taken: Mapping[str, float]) -> str:
    """The labels as text; names that look alike once they are safe to show are numbered."""
    text, number = _text(labels), 1
    while text in taken:
        number += 1
        text = _text({**labels, "number": str(number)})
    return text


def _text(labels: Mapping[str, str]) -> str:
    pairs = [f'{key}="{_escaped(value)}"' for key, value in labels.items()]
    return "{" + ",".join(pairs) + "}" if pairs else ""


def _escaped(value: str) -> str:
    return safe_text(value).replace("\\", "\\\\").replace('"', '\\"')
