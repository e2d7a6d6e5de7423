"""Options as `run.json` has them, and back."""

import json

import pytest

from segeval.errors import UnknownName
from segeval.run.options import Options

CLASSES = (
    "id,name,group,color,ignore\n4,kerb,edge,#804080,\n0,road,ground,#102030,\n9,void,,#ffffff,1\n2,tree,,#000000,\n"
)
DISTANCES = "generalized_wasserstein_dice.distances=0,1,2,1;1,0,1,2;2,1,0,1;1,2,1,0"
MAP = "12,4\n7,0\n"

GIVEN = [
    {},
    {"num_classes": 5, "ignore": [255, 3], "presence": "truth", "mean": "harmonic", "beta": 0.7},
    {"num_classes": 3, "ignore": ["nan", 0.5, "nodata", -9999], "mean_without": [2, 0], "undefined": ["absent=one"]},
    {"num_classes": 3, "undefined": ["zero", "absent=one"]},
    {"classes": "classes.csv", "ignore": [2], "colors": "classes.csv", "missing": "worst"},
    {"multilabel": True, "num_classes": 3, "ignore": [2, 255], "threshold": 0.35, "losses": "all"},
    {"multilabel": True, "classes": ["a", "b"], "logits": True},
    {"binary": True, "probability": True, "truth_threshold": 0.25, "pred_pattern": "{id}_p.png", "gt_pattern": "{id}"},
    {"num_classes": 2, "one_hot": True, "map": ["pred:shift:-1", "gt:map.csv"]},
    {"num_classes": 3, "soft_truth": True, "losses": "dice,huber,focal", "params": ["huber.delta=0.4"]},
    {
        "num_classes": 4,
        "losses": "dice,weighted_cross_entropy,generalized_wasserstein_dice",
        "params": ["weighted_cross_entropy.class_weights=1,2,3,0.5", DISTANCES],
        "loss_over": "batch",
        "loss_average": "micro",
        "loss_background": "exclude",
    },
    {"num_classes": 4, "losses": "weighted_cross_entropy", "class_weights": "0=1,1=0,2=2.5,3=0.5", "presence": "truth"},
    {"num_classes": 4, "losses": "dice,unet_cross_entropy", "weights": "maps"},
    {"num_classes": 4, "losses": "weighted_cross_entropy", "class_weights": "median-frequency", "presence": "truth"},
    {"metrics": "iou,kappa,f_beta", "params": ["f_beta.beta=3"], "group_by": "^(?P<group>[^_]+)_", "seed": 7},
    {"num_classes": 2, "pool_by": "^([^_]+)", "ignore_geometry": True, "pred_array": "p", "gt_array": "t"},
    {"ci": True, "confidence": 0.9, "resamples": 150, "seed": 3, "group_by": "x"},
]  # fmt: skip


@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_a_record_is_the_options(given, tmp_path, monkeypatch):
    """Through JSON text; what is asked of every image is the same too."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "classes.csv").write_text(CLASSES)
    (tmp_path / "map.csv").write_text(MAP)
    options = Options.of(**given).with_losses()
    record = json.loads(json.dumps(options.recorded()))
    again = Options.from_record(record)
    assert json.loads(json.dumps(again.recorded())) == record
    assert [*(each.printed for each in again.scoring.entries)] == [*(each.printed for each in options.scoring.entries)]
    assert again.scoring.undefined == options.scoring.undefined
    assert again.reading.maps == options.reading.maps
    assert again.about_reading == options.about_reading
    assert list(again.specs) == list(options.specs)
    assert again.classes.ignore == options.classes.ignore
    if options.losses:
        assert again.losses.asked == options.losses.asked
        assert again.losses.caller == options.losses.caller
        assert again.losses.plan.leaves.keys() == options.losses.plan.leaves.keys()


def test_parameters_of_losses_are_options():
    """Two runs that differ in one do not add up; those at their defaults are not told."""
    plain, given = (Options.of(num_classes=2, losses="tversky", params=p) for p in ([], ["tversky.fn_weight=0.6"]))
    assert "params" not in plain.recorded()["losses"]
    assert given.recorded()["losses"]["params"] == {"tversky": {"fn_weight": 0.6}}


def test_a_record_of_unknown_names_is_refused():
    record = Options.of(num_classes=2, losses="dice").recorded()
    with pytest.raises(UnknownName):
        Options.from_record(record | {"losses": record["losses"] | {"names": ["dicey"]}})
