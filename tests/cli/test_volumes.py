"""Folders of medical volumes, as their users have them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

nibabel = pytest.importorskip("nibabel", reason="reading NIfTI needs nibabel")

CORD = Path(__file__).parents[2] / "sample_data" / "cord"
T = np.zeros((6, 5, 4), np.uint8)
T[1:4, 1:4, 1:3], T[4:, :, 3] = 1, 2
P = np.roll(T, 1, axis=0)
PLACE = np.diag([-0.5, 0.75, 3, 1])


@pytest.fixture
def save(tmp_path):
    def save(name, array, affine=PLACE):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        nibabel.save(nibabel.Nifti1Image(array, affine), path)
        return path

    return save


@pytest.fixture
def document(invoke):
    def document(*args):
        result = invoke("score", *args, "--format", "json")
        return result.exit_code, json.loads(result.stdout), result.stderr

    return document


def test_real_volumes(document):
    """Counts by NumPy of what nibabel 5.4.2 reads; the truth of t2s is uint8 and its prediction int64."""
    _, found, _ = document(CORD / "pred", CORD / "truth", "--binary", "--ci", "--group-by", "^(?P<group>.+)$")
    foreground = found["classes"][1]
    assert [foreground[name] for name in ("truth_pixels", "pred_pixels", "tp")] == [
        4275 + 2885,
        4285 + 2443,
        4198 + 2422,
    ]
    _, found, _ = document(CORD / "pred" / "t2s.nii.gz", CORD / "truth" / "t2s.nii.gz", "--binary")
    assert found["classes"][1]["dice"] == pytest.approx(0.9091591591591591, abs=1e-15)
    assert found["notes"] == []


def test_ids_have_no_suffix_and_sidecars_are_no_masks(document, save, tmp_path):
    """BIDS keeps a JSON file beside each volume."""
    for side, array in (("pred", P), ("truth", T)):
        save(f"{side}/sub-01_dseg.nii.gz", array)
        (tmp_path / side / "sub-01_dseg.json").write_text("{}")
    code, found, err = document("pred", "truth")
    assert (code, found["images"]["scored"], found["images"]["extra"]) == (0, 1, [])
    assert [row["truth_pixels"] for row in found["classes"]] == [120 - 18 - 10, 18, 10]
    assert "json" not in err


def test_a_volume_packed_and_not_packed_are_one_id(document, save):
    """Whichever were read, the other might be the newer one."""
    for name in ("pred/a.nii.gz", "pred/a.nii"):
        save(name, P)
    save("truth/a.nii.gz", T)
    code, found, _ = document("pred", "truth")
    assert (code, [each["code"] for each in found["images"]["failed"]]) == (3, ["SEG233"])


@pytest.mark.parametrize(
    ("affine", "said"),
    [
        (np.diag([0.5, 0.75, 3, 1]), "the axes of pred/a.nii.gz go to RAS but those of truth/a.nii.gz to LAS"),
        (np.diag([-0.5, 0.75, 2, 1]), "a pixel of pred/a.nii.gz is 2 x 0.75 x 0.5 mm but one of truth/a.nii.gz is 3 x"),
    ],
)
def test_another_place_is_an_error_unless_told(document, save, affine, said):
    save("pred/a.nii.gz", P, affine)
    save("truth/a.nii.gz", T)
    code, found, _ = document("pred", "truth")
    (failed,) = found["images"]["failed"]
    assert (code, failed["code"]) == (3, "SEG298")
    assert said in failed["message"]
    code, found, _ = document("pred", "truth", "--ignore-geometry")
    assert (code, found["images"]["scored"], found["options"]["ignore_geometry"]) == (0, 1, True)


def test_channels_of_a_network_are_the_last_axis_of_the_file(document, save):
    """(x, y, z, C) in the file is (C, z, y, x) here: the largest channel wins."""
    softmax = np.full((*T.shape, 3), 0.25, np.float32)
    np.put_along_axis(softmax, P[..., None].astype(int), 0.5, axis=-1)
    save("pred/a.nii.gz", softmax)
    save("truth/a.nii.gz", T)
    code, found, _ = document("pred", "truth", "--num-classes", 3)
    save("pred/a.nii.gz", P)
    assert (code, found["confusion"]) == (0, document("pred", "truth", "--num-classes", 3)[1]["confusion"])


def test_a_cut_file_costs_only_itself(document, tmp_path):
    shutil.copytree(CORD, tmp_path / "cord")
    path = tmp_path / "cord" / "pred" / "t2.nii.gz"
    path.write_bytes(path.read_bytes()[:-100])
    code, found, _ = document("cord/pred", "cord/truth", "--binary")
    (failed,) = found["images"]["failed"]
    assert (code, found["images"]["scored"], failed["id"], failed["code"]) == (3, 1, "t2", "SEG204")


def test_weight_maps_of_volumes(invoke, save, tmp_path):
    """In the order of the array's axes, and with the spacing of the file."""
    save("masks/a.nii.gz", T)
    result = invoke("weightmap", "masks", "-o", "out", "--spacing", "file", "--labels", "instances")
    assert result.exit_code == 0, result.stderr
    (entry,) = json.loads((tmp_path / "out" / "weightmap.json").read_text())["files"]
    assert entry["spacing"] == [3, 0.75, 0.5]
    assert np.load(tmp_path / "out" / "a.npy").shape == T.T.shape


def test_check_knows_volumes(invoke, save):
    save("pred/a.nii.gz", P, np.diag([0.5, 0.75, 3, 1]))
    save("truth/a.nii.gz", T)
    result = invoke("check", "pred", "truth")
    assert "SEG298" in result.stdout + result.stderr


def test_without_nibabel_the_run_ends_at_once(run, save):
    """It would be so with every file: a usage error, and no list of failures."""
    save("pred/a.nii.gz", P)
    save("truth/a.nii.gz", T)
    code, _, err = run("score", "pred", "truth", patch="sys.modules['nibabel'] = None")
    assert (code, b"SEG116" in err, b"pip install 'segeval-masks[nifti]'" in err) == (2, True, True)


def test_a_cube_whose_axes_are_swapped(document, save, tmp_path):
    """An array as nibabel has it, saved as NPY beside a NIfTI: the shape does not tell."""
    cube = np.zeros((6, 6, 6), np.uint8)
    cube[0, 1:3, 2:5], cube[4, 5, :3] = 1, 2
    save("truth/a.nii.gz", cube)
    (tmp_path / "pred").mkdir()
    np.save(tmp_path / "pred" / "a.npy", cube)
    _, found, _ = document("pred", "truth")
    assert "SEG255" in [note["code"] for note in found["notes"]]
    np.save(tmp_path / "pred" / "a.npy", cube.T)
    assert document("pred", "truth")[1]["notes"] == []


def test_names_of_nnunet(invoke, save):
    """Images have a channel in their name, and masks have none: the way to pair both is named."""
    for side, end in (("pred", "_0000"), ("labelsTr", "")):
        for n in range(2):
            save(f"{side}/case_00{n}{end}.nii.gz", T)
    result = invoke("score", "pred", "labelsTr")
    assert result.exit_code == 3
    patterns = ("--pred-pattern", "{id}_0000.nii.gz", "--gt-pattern", "{id}.nii.gz")
    assert f"{patterns[0]} '{patterns[1]}' {patterns[2]} '{patterns[3]}'" in result.stderr
    assert invoke("score", "pred", "labelsTr", *patterns).exit_code == 0


def test_classes_and_regions_of_nnunet(document, save, tmp_path):
    """dataset.json beside the volumes is no mask, and is a class file. By hand: P is T a step further along x."""
    labels = {"background": 0, "whole": [1, 2], "core": 2}
    (tmp_path / "pred").mkdir()
    path = tmp_path / "pred" / "dataset.json"
    path.write_text(json.dumps({"labels": labels, "regions_class_order": [1, 2], "file_ending": ".nii.gz"}))
    save("pred/a.nii.gz", P)
    save("truth/a.nii.gz", T)
    code, found, _ = document("pred", "truth", "--classes", path)
    whole = next(group for group in found["groups"] if group["name"] == "whole")
    both = ((T > 0) & (P > 0)).sum() / ((T > 0) | (P > 0)).sum()
    assert (code, whole["iou"]) == (0, pytest.approx(both))
