"""`segeval weightmap` as its users run it."""

import json
import os

import imagecodecs
import numpy as np
import pytest
import tifffile
from support.files import content
from support.patches import FULL_DISK

from segeval import io
from segeval.io.files import MaskFile
from segeval.weightmap.formula import unet_weights

CELLS = np.array([[0, 0, 0, 0, 0, 0], [0, 1, 0, 2, 2, 0], [0, 1, 0, 2, 2, 0], [0, 0, 0, 0, 0, 0]], np.uint8)
INSTANCES = ["--labels", "instances"]
OTHER = np.array([[7, 0, 0], [0, 0, 9]], np.uint16)


def load(path):
    """A map as our own reader sees it."""
    return io.read(MaskFile.at(str(path), path.name)).pixels


def document(folder):
    return json.loads((folder / "weightmap.json").read_text(encoding="utf-8"))


@pytest.fixture
def masks(save):
    """Two instance masks, one of them in a folder of its own."""
    save("masks/a.png", CELLS)
    save("masks/deep/er/b.png", OTHER)


def test_a_map_for_each_mask(inside, masks, tmp_path):
    """Under the same relative path; class weights over the whole folder, by hand: 24 − 6 + 4 = 22 and 6 + 2 = 8."""
    code, out, err = inside("weightmap", "masks", "-o", "out")
    assert (code, err) == (0, b"")
    chosen = {0: 30 / (2 * 22), 1: 30 / (2 * 8)}
    for name, labels in (("a", CELLS), ("deep/er/b", OTHER)):
        found = load(tmp_path / f"out/{name}.npy")
        assert found.dtype == np.float32
        assert np.array_equal(found, unet_weights(labels, class_weights=chosen, labels="instances"))
    assert sorted(content(tmp_path / "out")) == ["a.npy", "deep/er/b.npy", "weightmap.json"]
    assert out.decode().splitlines() == [
        "ids are single cells (by their number of parts; say --labels if that is wrong)",
        "unet2015: w0 = 10, sigma = 5 pixels, no ridge where d1 + d2 > 23.99 (eps 0.0001)",
        "class weights (balanced): 0 = 0.6818 (73.33% of pixels), 1 = 1.875 (26.67% of pixels)",
        "4 cells; weights from 1.875 to 9.913",
        "2 maps in out (npy, float32)",
    ]


def test_document(inside, masks, tmp_path):
    """Options, frequencies, class weights, and what is in each map."""
    inside("weightmap", "masks", "-o", "out", "--sigma", "3", "--w0", "4", "--ignore", "7", "--eps", "0.01")
    found = document(tmp_path / "out")
    assert found["schema"] == "segeval-weightmap/1"
    assert (found["complete"], found["labels"], found["unit"], found["failed"]) == (True, "instances", "pixels", [])
    assert found["options"] == {
        **{"convention": "unet2015", "w0": 4.0, "sigma": 3.0, "eps": 0.01, "where": "background", "nearest": "two"},
        **{"labels": "auto", "connectivity": "face", "ignore": [7], "class_weights": "balanced"},
        **{"frequency": "folder", "touching": "keep", "spacing": None, "format": "npy", "dtype": "float32"},
    }
    assert found["reach"] == pytest.approx(3 * np.sqrt(2 * np.log(400)))
    assert found["frequencies"] == {"pixels": {"0": 22, "1": 7}, "images": {"0": 29, "1": 29}}
    assert found["class_weights"] == pytest.approx({"0": 29 / 44, "1": 29 / 14})
    first, second = found["files"]
    assert (first["id"], first["cells"], first["shape"]) == ("a", 2, [4, 6])
    assert (second["id"], second["cells"], second["pixels"]) == ("deep/er/b", 1, {"0": 4, "1": 1})
    assert second["min"] == 0
    weights = load(tmp_path / "out/a.npy")
    assert (first["max"], first["mean"]) == (weights.max(), pytest.approx(weights.mean(dtype=np.float64)))


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("form", ["npy", "tiff", "npz"])
@pytest.mark.parametrize("labels", [CELLS, np.stack([CELLS, CELLS * 0, CELLS[::-1]]), CELLS[1]])
def test_formats(inside, save, tmp_path, form, dtype, labels):
    """The same numbers in each; one page for each plane."""
    save("masks/a.npy", labels)
    options = ["--format", form, "--dtype", dtype, "--class-weights", "none", *INSTANCES]
    code, _, _ = inside("weightmap", "masks", "-o", "out", *options)
    found = load(tmp_path / f"out/a.{form}")
    assert (code, found.dtype) == (0, dtype)
    wanted = unet_weights(labels, class_weights="none", labels="instances").astype(dtype)
    assert np.array_equal(found.reshape(labels.shape), wanted)


@pytest.mark.parametrize(
    ("labels", "kind", "cells"),
    [
        ([[0, 255, 255, 0, 255]], "binary", 2),
        ([[0, 0, 0, 0, 0]], "binary", 0),
        ([[1, 1, 2, 0, 5]], "instances", 3),
        ([[1, 0, 1, 2, 0, 2, 0, 1, 0, 2]], "semantic", 6),
    ],
)
def test_what_ids_are(inside, save, tmp_path, labels, kind, cells):
    """One id: connected parts; ids in one part each: cells; ids in many parts: classes."""
    save("masks/a.png", np.array(labels, np.uint8))
    assert inside("weightmap", "masks", "-o", "out")[0] == 0
    found = document(tmp_path / "out")
    assert (found["labels"], found["files"][0]["cells"]) == (kind, cells)


def test_what_ids_are_may_be_unclear(inside, save):
    """Neither one part each nor two: a wrong guess would be a wrong map."""
    save("masks/a.png", np.array([[1, 0, 1, 0, 2]], np.uint8))
    code, out, err = inside("weightmap", "masks", "-o", "out")
    assert (code, out) == (3, b"")
    assert b"SEG264 2 ids fall into 1.5 parts each" in err


@pytest.mark.parametrize(("kind", "cells"), [("binary", 1), ("instances", 2), ("semantic", 3)])
def test_what_ids_are_can_be_said(inside, save, tmp_path, kind, cells):
    save("masks/a.png", np.array([[1, 0, 0], [1, 2, 1]], np.uint8))
    inside("weightmap", "masks", "-o", "out", "--labels", kind)
    assert document(tmp_path / "out")["files"][0]["cells"] == cells


def test_classes_have_weights_and_ridges_of_their_own(inside, save, tmp_path):
    """By hand: counts 4, 2 and 2 of 8; ridges with d1 + d2 = 2 and 4 between cells of one class only."""
    save("masks/a.png", np.array([[3, 0, 3, 0, 0, 8, 0, 8]], np.uint8))
    inside("weightmap", "masks", "-o", "out", "--labels", "semantic", "--class-weights", "rarest1", "--eps", "0")
    assert document(tmp_path / "out")["reach"] is None
    found = load(tmp_path / "out/a.npy")[0]
    assert document(tmp_path / "out")["class_weights"] == {"0": 0.5, "3": 1.0, "8": 1.0}
    near, far = np.exp(-4 / 50), [np.exp(-((d1 + d2) ** 2) / 50) for d1, d2 in ((4, 6), (1, 3), (2, 4), (4, 6))]
    wanted = [1, 0.5 + 10 * (near + far[0]), 1, 0.5 + 10 * (far[1] + far[2]), 0.5 + 10 * (far[2] + far[1])]
    assert found.tolist() == pytest.approx([*wanted, 1, 0.5 + 10 * (near + far[3]), 1], rel=1e-6)


def test_frequencies_of_each_image(inside, masks, tmp_path):
    inside("weightmap", "masks", "-o", "out", "--frequency", "image", "--class-weights", "complement")
    for name, labels in (("a", CELLS), ("deep/er/b", OTHER)):
        share = float((labels > 0).mean())
        wanted = unet_weights(labels, class_weights={0: share, 1: 1 - share}, labels="instances")
        assert np.allclose(load(tmp_path / f"out/{name}.npy"), wanted, rtol=1e-6)
    own = [entry["class_weights"] for entry in document(tmp_path / "out")["files"]]
    assert own == [pytest.approx({"0": 1 / 4, "1": 3 / 4}), pytest.approx({"0": 1 / 3, "1": 2 / 3})]


def test_given_class_weights(inside, masks, tmp_path):
    code, out, _ = inside("weightmap", "masks", "-o", "out", "--class-weights", "0=0.25,1=3")
    assert code == 0
    assert b"class weights (given): 0 = 0.25" in out
    assert np.array_equal(
        load(tmp_path / "out/a.npy"), unet_weights(CELLS, class_weights={0: 0.25, 1: 3}, labels="instances")
    )


def test_options_reach_the_formula(inside, save, tmp_path):
    labels = np.array([[1, 0, 0, 2, 2], [0, 0, 0, 0, 0]], np.uint8)
    save("masks/a.png", labels)
    options = ["--where", "all", "--w0", "7", "--sigma", "2", "--spacing", "2,0.5", "--eps", "0"]
    _, out, _ = inside("weightmap", "masks", "-o", "out", "--class-weights", "none", *options)
    wanted = unet_weights(
        labels, w0=7, sigma=2, where="all", spacing=(2, 0.5), eps=0, class_weights="none", labels="instances"
    )
    assert np.array_equal(load(tmp_path / "out/a.npy"), wanted)
    assert b"sigma = 2 units of the spacing" in out
    assert document(tmp_path / "out")["files"][0]["spacing"] == [2.0, 0.5]
    inside(
        "weightmap", "masks", "-o", "one", "--class-weights", "none", "--nearest", "one", "--w0", "3", "--sigma", "2"
    )
    assert load(tmp_path / "one/a.npy")[1, 0] == pytest.approx(3 * np.exp(-1 / 8), rel=1e-6)


def imagej(path, labels):
    tifffile.imwrite(
        path, labels, imagej=True, resolution=(4.0, 2.0), metadata={"spacing": 3.0, "unit": "um", "axes": "ZYX"}
    )


def ome(path, labels):
    metadata = {"axes": "ZYX", "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.5, "PhysicalSizeZ": 3.0}
    tifffile.imwrite(path, labels, ome=True, metadata=metadata, photometric="minisblack")


@pytest.mark.parametrize("write", [imagej, ome])
def test_spacing_from_the_file(inside, tmp_path, write):
    """z, y, x: 3, 1/2 and 1/4, as ImageJ and OME note them."""
    (tmp_path / "masks").mkdir()
    labels = np.stack([CELLS, CELLS * 0, CELLS]).astype(np.uint16)
    write(tmp_path / "masks/a.ome.tif", labels)
    code, _, err = inside("weightmap", "masks", "-o", "out", "--spacing", "file", "--class-weights", "none", *INSTANCES)
    assert (code, err) == (0, b"")
    assert np.array_equal(
        load(tmp_path / "out/a.ome.npy"),
        unet_weights(labels, spacing=(3, 0.5, 0.25), class_weights="none", labels="instances"),
    )


def test_a_file_without_spacing(inside, masks, save):
    """A resolution for printing is no spacing."""
    tifffile.imwrite(save("masks/c.tif", CELLS), CELLS, resolution=(300, 300), photometric="minisblack", metadata=None)
    code, _, err = inside("weightmap", "masks", "-o", "out", "--spacing", "file")
    assert code == 3
    assert b"SEG263 masks/a.png does not say how long a pixel is (and 2 more like it: c, deep/er/b)" in err


def test_falk2019_and_its_masks(inside, save, tmp_path):
    """The worked map; the masks with gaps keep ids, type and format."""
    labels = np.array([[0] * 6, [0, 7, 7, 300, 300, 0], [0, 7, 7, 300, 300, 0], [0] * 6], np.uint16)
    save("masks/deep/a.png", labels)
    save("masks/b.npy", labels.astype(np.int32))
    code, _, _ = inside("weightmap", "masks", "-o", "out", "--convention", "falk2019", "--masks-out", "parted")
    assert code == 0
    assert load(tmp_path / "out/deep/a.npy")[1].tolist() == pytest.approx(
        [41.0324, 1, 1, 50.3104, 1, 41.0324], abs=1e-4
    )
    wanted = [[0] * 6, [0, 7, 7, 0, 300, 0], [0, 7, 0, 0, 300, 0], [0] * 6]
    assert load(tmp_path / "parted/deep/a.png").tolist() == load(tmp_path / "parted/b.npy").tolist() == wanted
    assert document(tmp_path / "out")["options"]["touching"] == "gap"


def test_gaps_count_as_background(inside, save, tmp_path):
    """With unet2015 the parted masks are the masks: frequencies, cells and distances follow them."""
    save("masks/a.png", np.array([[1, 1, 2, 2]], np.uint8))
    for kind in ("auto", "instances"):
        inside("weightmap", "masks", "-o", kind, "--touching", "gap", "--labels", kind)
        assert document(tmp_path / kind)["frequencies"]["pixels"] == {"0": 1, "1": 3}
        assert load(tmp_path / f"{kind}/a.npy")[0, 2] == pytest.approx(2 + 9.231163, abs=1e-6)


def test_preview(inside, masks, tmp_path):
    """A picture of the size of the mask: light blue on borders of cells, brighter on ridges than elsewhere."""
    inside("weightmap", "masks", "-o", "out", "--preview", "--class-weights", "none")
    picture = imagecodecs.png_decode((tmp_path / "out/preview/a.png").read_bytes())
    assert picture.shape == (4, 6, 3)
    assert ((picture == (80, 215, 255)).all(axis=2) == (CELLS > 0)).all()
    light = picture.astype(int).sum(axis=2)
    assert light[1, 2] > light[0, 2] > light[0, 0]
    assert (tmp_path / "out/preview/deep/er/b.png").exists()


# Endings.


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--sigma", "-1"], "--sigma is -1.0"),
        (["--w0", "-1"], "--w0 is -1.0"),
        (["--eps", "-0.1"], "--eps is -0.1"),
        (["--sigma", "nan"], "--sigma is nan"),
        (["--dtype", "uint8"], "8 bits would blur and cut"),
        (["--class-weights", "balance"], "did you mean 'balanced'"),
        (["--class-weights", "0=1"], "no weight for the ids 1"),
        (["--spacing", "1;2"], "--spacing is '1;2'"),
        (["--spacing", "1,-2"], "the spacing is 1.0, -2.0"),
        (["--max-memory", "0"], "--max-memory is 0"),
        (["--convention", "falk2019", "--class-weights", "balanced"], "falk2019 has its own class weights"),
        (["--convention", "falk2019", "--touching", "keep"], "falk2019 has its own gaps"),
        (["--convention", "falk2019", "--where", "all"], "falk2019 has its own formula"),
        (["--masks-out", "parted"], "give --touching gap too"),
        (["--masks-out", "out", "--touching", "gap"], "out is the folder of the maps"),
        (["--masks-out", "masks/parted", "--touching", "gap"], "inside the input folder"),
        (["--w0", "1e6", "--dtype", "float16"], "float16 ends at 65504"),
        (["-j", "0"], "--jobs is 0"),
        (["-o", "masks"], "inside the input folder"),
        (["-o", "masks/deep/out"], "inside the input folder"),
        (["-o", ""], "is empty"),
        (["-o", "masks/a.png/x"], "inside the input folder"),
        (["-o", "file"], "cannot write into file"),
    ],
)
def test_options_that_make_no_sense(inside, masks, tmp_path, options, said):
    """2, and no map."""
    (tmp_path / "file").touch()
    before = content(tmp_path / "masks")
    code, _, err = inside("weightmap", "masks", "-o", "out", *options)
    assert code == 2
    assert said in err.decode()
    assert content(tmp_path / "masks") == before
    assert [name for name in content(tmp_path) if name.endswith(".npy")] == []


def test_spacing_for_other_axes(inside, masks):
    code, _, err = inside("weightmap", "masks", "-o", "out", "--spacing", "1,2,3")
    assert code == 2
    assert b"3 numbers for 2 axes" in err


@pytest.mark.parametrize(
    ("name", "array", "said"),
    [
        ("bad.npy", [[0.5, 1]], "SEG261 masks/bad.npy holds fractions"),
        ("bad.npy", [[0, np.nan]], "masks/bad.npy holds NaN"),
        ("bad.npy", [[0, 1 << 31]], "masks/bad.npy holds the id 2147483648"),
        ("bad.npy", [[-4, 1]], "SEG262 masks/bad.npy: the labels hold the id -4"),
        ("bad.png", np.arange(60, dtype=np.uint8).reshape(4, 5, 3), "masks/bad.png has 3 channels"),
    ],
)
def test_masks_that_are_none(inside, masks, save, tmp_path, name, array, said):
    """3, with the file's name; the other maps are there, and the document says what is missing."""
    save(f"masks/{name}", np.array(array))
    code, out, err = inside("weightmap", "masks", "-o", "out")
    assert code == 3
    assert said in err.decode()
    assert b"--colors" not in err
    assert b"INCOMPLETE: 1 mask failed; 2 maps in out" in out
    found = document(tmp_path / "out")
    assert found["complete"] is False
    assert [failed["id"] for failed in found["failed"]] == ["bad"]
    assert (tmp_path / "out/a.npy").exists()


def test_whole_numbers_in_floating_point_are_labels(inside, save, tmp_path):
    save("masks/a.npy", CELLS.astype(np.float64))
    code, _, err = inside("weightmap", "masks", "-o", "out", "--class-weights", "none")
    assert code == 0
    assert b"Note: " in err
    assert np.array_equal(load(tmp_path / "out/a.npy"), unet_weights(CELLS, class_weights="none", labels="instances"))


def test_damaged_and_ambiguous_files(inside, masks, save, tmp_path):
    (tmp_path / "masks/empty.png").touch()
    (tmp_path / "masks/photo.jpg").write_bytes(b"\xff\xd8\xff")
    save("masks/a.npy", CELLS)
    code, _, err = inside("weightmap", "masks", "-o", "out", "--labels", "instances", "--class-weights", "none")
    assert code == 3
    assert sorted(content(tmp_path / "out")) == ["deep/er/b.npy", "weightmap.json"]
    assert {failed["id"] for failed in document(tmp_path / "out")["failed"]} == {"a", "empty", "photo"}
    assert b"masks/a.npy, masks/a.png claim the same id" in err


@pytest.mark.parametrize(
    ("place", "said"), [("absent", "does not exist"), ("masks/a.png", "is not a folder"), ("void", "holds no masks")]
)
def test_no_masks(inside, masks, tmp_path, place, said):
    (tmp_path / "void").mkdir()
    code, _, err = inside("weightmap", place, "-o", "out")
    assert code == 3
    assert said in err.decode()


def test_hostile_names(inside, save, tmp_path):
    names = ["\x1b]0;p\x07", "\n::error::x", "a\u202eb", "=cmd()", "-x", "café"]
    for name in names:
        save(f"masks/{name}.png", CELLS)
    os.truncate(tmp_path / "masks/\n::error::x.png", 0)
    code, out, err = inside("weightmap", "masks", "-o", "out", "-j", 1)
    assert code == 3
    assert not [line for line in (out + err).splitlines() if line.strip().startswith(b"::")]
    assert not set(out + err) & {0x1B, 0x07}
    assert (tmp_path / "out/-x.npy").exists()


def test_a_full_disk(run, masks, tmp_path):
    """70, and no half file."""
    code, _, err = run("weightmap", "masks", "-o", "out", "-j", 1, patch=FULL_DISK)
    assert code == 70
    assert b"SEG902 cannot write out/weightmap.jsonl" in err
    assert content(tmp_path / "out") == {}


def test_sums_that_a_reader_can_check(inside, masks, tmp_path):
    """The map holds what weightmap.json says."""
    import hashlib

    inside("weightmap", "masks", "-o", "out", "--preview")
    for entry in document(tmp_path / "out")["files"]:
        for name, sum_ in entry["files"].items():
            assert hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest() == sum_


def test_real_nuclei(inside, root, tmp_path):
    """The numbers of nuclei and of their pixels are the dataset's own: 111, 111, 88 masks in its folders."""
    assert inside("weightmap", root / "sample_data/nuclei", "-o", "out", "--labels", "instances")[0] == 0
    found = document(tmp_path / "out")
    assert [entry["cells"] for entry in found["files"]] == [88, 111, 111]
    assert found["frequencies"]["pixels"]["1"] == 22375 + 17964 + 20385
    for entry in found["files"]:
        labels = load(root / "sample_data/nuclei" / f"{entry['id']}.png")
        weights = load(tmp_path / f"out/{entry['id']}.npy")
        lonely = np.isclose(weights, found["class_weights"]["0"], atol=0.01)
        assert (weights[labels > 0] == np.float32(found["class_weights"]["1"])).all()
        assert 0.3 < lonely[labels == 0].mean() < 0.9


def test_without_a_folder_the_maps_lie_beside_the_masks(invoke, masks, tmp_path, monkeypatch):
    """In MASKS-weights, however MASKS is written; the last line says where."""
    found = invoke("weightmap", "masks/")
    assert (found.exit_code, "2 maps in masks-weights" in found.stdout.splitlines()[-1]) == (0, True)
    first = content(tmp_path / "masks-weights")
    assert "weightmap.json" in first
    assert invoke("weightmap", "masks", "-o", "given").exit_code == 0
    assert content(tmp_path / "given") == first
    monkeypatch.chdir(tmp_path / "masks")
    found = invoke("weightmap", ".", "--force")
    assert f"2 maps in {tmp_path / 'masks-weights'}" in found.stdout.splitlines()[-1]
    found = invoke("weightmap", "/")
    assert (found.exit_code, "say where the maps go" in found.stderr) == (2, True)
    found = invoke("weightmap", "nowhere")
    assert (found.exit_code, (tmp_path / "masks" / "nowhere-weights").exists()) == (3, False)
