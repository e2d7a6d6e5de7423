"""`segeval conventions`: its formats, and that a folder at fault is told as `score` tells it."""

import csv
import io
import json

import numpy as np

T = np.array([[0, 0, 1, 1, 2, 255]], np.uint8)
P = np.array([[0, 1, 1, 1, 0, 2]], np.uint8)


def test_formats_say_the_same(save, invoke):
    """IoU of 0, 1 and 2: 1/3, 2/3, 0, of all pixels 3/7, by hand; class 3 is nowhere."""
    save("truth/a.png", T)
    save("pred/a.png", P)
    arguments = ["conventions", "pred", "truth", "--num-classes", "4", "--ignore", "255", "--metrics", "iou"]
    document = json.loads(invoke(*arguments, "--format", "json").stdout)["conventions"]
    by_flags = {row["flags"]: row["value"] for row in document}
    assert by_flags[""] == 1 / 3
    assert by_flags["--undefined absent=zero"] == 1 / 4
    assert abs(by_flags["-n miou_micro"] - 3 / 7) < 1e-15
    lines = list(csv.DictReader(io.StringIO(invoke(*arguments, "--format", "csv").stdout)))
    assert len(lines) == sum(len(row["reported_by"]) for row in document)
    assert {line["number"] for line in lines} == {row["number"] for row in document}
    for form in ("table", "md"):
        text = invoke(*arguments, "--format", form).stdout
        assert "0.3333" in text
        assert "MeanIoU" in text
        assert "dice" not in text.lower().split("reported by")[0]


def test_the_background_may_be_another_class(save, invoke):
    save("truth/a.png", T)
    save("pred/a.png", P)
    text = invoke("conventions", "pred", "truth", "--num-classes", "3", "--ignore", "255", "--background", "1").stdout
    assert "--mean-without 1" in text
    assert "--mean-without 0" not in text


def test_faults_are_told(save, invoke):
    save("truth/a.png", T)
    save("truth/b.png", T)
    save("pred/a.png", P)
    result = invoke("conventions", "pred", "truth", "--num-classes", "3", "--ignore", "255")
    assert result.exit_code == 3
    assert "SEG232" in result.stderr
    result = invoke("conventions", "pred", "truth", "--metrics", "hd")
    assert result.exit_code == 2
