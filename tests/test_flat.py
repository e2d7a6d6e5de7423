"""`Run.flat`: numbers by plain names."""

import numpy as np

import segeval


def test_names():
    """By hand: one of two pixels of class 0 is missed; class 2 is nowhere, and so is not told."""
    evaluator = segeval.Evaluator(classes=["road", "a/b", "c"], losses="dice")
    evaluator.update(np.array([[0, 1, 1]]), np.array([[0, 0, 1]]), batch=False)
    found = evaluator.compute().flat()
    assert found["iou/road"] == found["iou/1"] == 0.5
    assert found["miou_dataset"] == 0.5
    assert found["f_beta_2/road"] == 5 / 9  # 5 tp / (5 tp + 4 fn + fp)
    assert abs(found["loss/dice/road"] - 1 / 3) < 1e-6
    assert "iou/c" not in found
    assert all(isinstance(value, float) for value in found.values())
    assert not [name for name in found if set("@[]") & set(name)]
