"""Tests of the verdict document against its JSON Schema."""

import copy
import json

import jsonschema
import pytest
from support.models import model
from support.verdicts import TABLES, undecided, verdict

from segeval.gate import Rule, judge


@pytest.fixture
def schema(root):
    """The published schema, itself checked."""
    loaded = json.loads((root / "segeval/schemas/gate.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(loaded)
    return loaded


DOCUMENTS = {
    "compared": lambda: verdict()[0],
    "levels": lambda: verdict(TABLES)[0],
    "undecided": undecided,
    "alone": lambda: judge([Rule.parse("iou[*] >= 0.5")], model()).document(),
    "incomplete": lambda: verdict(["miou_dataset >= 0.1"], failed=["a", "\udcff"])[0],
}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_documents_fit(schema, kind):
    """As they read back from JSON."""
    document = json.loads(json.dumps(DOCUMENTS[kind](), allow_nan=False))
    jsonschema.validate(document, schema)


def test_every_key_is_described(schema):
    """Nothing stands in the document that the schema does not know."""
    document = verdict()[0]
    (rule, *_), defs = document["rules"], schema["$defs"]
    pairs = [(document, schema), (document["images"], schema["properties"]["images"]), (rule, defs["ruling"])]
    pairs += [(document["statistics"], schema["properties"]["statistics"]), (rule["checks"][0], defs["check"])]
    for found, described in [*pairs, (document["run"], defs["source"])]:
        assert set(found) == set(described["properties"]) - {"infinite"} == set(described["required"])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.pop("verdict"),
        lambda d: d.update(verdict="passed"),
        lambda d: d.update(exit_code=4),
        lambda d: d.update(schema="segeval-gate/2"),
        lambda d: d.update(rules=[]),
        lambda d: d["rules"][0].update(level="off"),
        lambda d: d["rules"][0].update(checks=[]),
        lambda d: d["rules"][0]["checks"][0].pop("lower"),
        lambda d: d["rules"][0]["checks"][0].update(value="0.5"),
        lambda d: d["rules"][0]["checks"][0].update(p=1.5),
        lambda d: d["run"].update(fingerprint=""),
        lambda d: d["images"].update(scored=-1),
        lambda d: d["statistics"].update(confidence=1),
        lambda d: d["summary"].pop("miou_dataset"),
    ],
)
def test_other_documents_do_not(schema, spoil):
    """The schema is tight where people script."""
    document = copy.deepcopy(verdict()[0])
    spoil(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)
