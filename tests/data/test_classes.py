"""Class tables: what a CSV, JSON or TOML text says, and what it must not say."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segeval.data.classes import ClassInfo, ClassTable, checked, parse
from segeval.errors import BadClassTable, BadOption


def csv(text):
    return parse(text, ".csv", "c.csv")


def toml(text):
    return parse(text, ".toml", "c.toml")


def js(document):
    return parse(document if isinstance(document, str) else json.dumps(document), ".json", "c.json")


ROAD = ClassInfo(0, "road", (128, 64, 128), "flat")
CAR = ClassInfo(7, "car", (0, 0, 142), "vehicle")


@pytest.mark.parametrize(
    "table",
    [
        csv("id,name,color,group\n0,road,#804080,flat\n7,car,#00008e,vehicle\n"),
        csv("id,name,color,group\n0,road,128 64 128,flat\n7,car,0 0 142,vehicle\n"),
        csv('id,name,color,group\n0,road,"128,64,128",flat\n7,car,"0, 0, 142",vehicle\n'),
        csv("label,colour,category,id\nroad,#804080,flat,0\ncar,#00008E,vehicle,7\n"),
        csv("ID, Class ,Colour,GROUP\n 0, road,#804080,flat\n 7 ,car ,#00008e,vehicle\n"),
        csv("r,g,b,name,id,group\n128,64,128,road,0,flat\n0,0,142,car,7,vehicle\n"),
        js(
            [
                {"id": 0, "name": "road", "color": "#804080", "group": "flat"},
                {"id": 7, "name": "car", "color": [0, 0, 142], "group": "vehicle"},
            ]
        ),
        js(
            {
                "classes": [
                    {"id": 0, "label": "road", "colour": [128, 64, 128], "category": "flat"},
                    {"id": "7", "class": "car", "color": "0 0 142", "group": "vehicle"},
                ]
            }
        ),
        js(
            [
                {"id": 0, "name": "road", "r": 128, "g": 64, "b": 128, "group": "flat"},
                {"id": 7, "name": "car", "r": 0, "g": 0, "b": 142, "group": "vehicle"},
            ]
        ),
        toml(
            'classes = [{id = 0, name = "road", color = "#804080", group = "flat"},'
            ' {id = 7, name = "car", color = [0, 0, 142], group = "vehicle"}]'
        ),
    ],
)
def test_spellings_of_one_table(table):
    assert table == ClassTable((ROAD, CAR))


def test_colours_and_groups_of_a_table():
    table = ClassTable((ROAD, CAR, ClassInfo(9, "void", (0, 0, 0), "flat")), frozenset({9}))
    assert table.colors == {(128, 64, 128): 0, (0, 0, 142): 7, (0, 0, 0): 9}
    assert table.groups == {"flat": [0], "vehicle": [7]}
    assert (table.ids, table.scored.ids, table.scored.ignore) == ((0, 7, 9), (0, 7), {9})


@pytest.mark.parametrize(
    "table",
    [
        csv("name\nroad\ncar\nsky\n"),
        js(["road", "car", "sky"]),
        js({"classes": ["road", "car", "sky"]}),
        js({"classes": {"0": "road", "1": "car", "2": "sky"}}),
        toml('classes = ["road", "car", "sky"]'),
        csv("id,name\n,road\n1,car\n,sky\n"),
    ],
)
def test_ids_that_are_left_out_are_positions(table):
    assert [(info.id, info.name) for info in table.classes] == [(0, "road"), (1, "car"), (2, "sky")]


def test_names_that_are_left_out_are_the_ids():
    assert [info.name for info in csv("id\n3\n40\n").classes] == ["3", "40"]


def test_ids_as_keys_of_names():
    table = js({"classes": {"7": "car", "0": "road"}})
    assert [(info.id, info.name) for info in table.classes] == [(7, "car"), (0, "road")]


@pytest.mark.parametrize("kind", ["json", "toml"])
def test_ids_as_keys_of_tables_are_obeyed_or_refused(kind):
    """Never is a class counted by its position when its key says another id."""
    try:
        if kind == "json":
            table = js({"classes": {"0": {"name": "road"}, "5": {"name": "car"}}})
        else:
            table = toml('[classes.0]\nname = "road"\n[classes.5]\nname = "car"\n')
    except BadClassTable as fault:
        assert fault.message.startswith("c.")
    else:
        assert [(info.id, info.name) for info in table.classes] == [(0, "road"), (5, "car")]


@pytest.mark.parametrize("yes", ["1", "true", "TRUE", "Yes"])
@pytest.mark.parametrize("no", ["", "0", "false", "No"])
def test_column_of_ignored_classes(yes, no):
    table = csv(f"id,name,ignore\n0,road,{no}\n255,void,{yes}\n")
    assert (table.ids, table.ignore, table.scored.ids) == ((0, 255), {255}, (0,))


@pytest.mark.parametrize(
    "table",
    [
        js({"classes": [{"id": 0}, {"id": 255, "ignore": True}], "ignore": [-1, 254]}),
        toml("ignore = [-1, 254]\n[[classes]]\nid = 0\n[[classes]]\nid = 255\nignore = true\n"),
    ],
)
def test_list_of_ignored_ids_beside_the_classes(table):
    assert (table.ids, table.ignore, table.scored.ids) == ((0, 255), {-1, 254, 255}, (0,))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds no classes"),
        ("\n\n", "holds no classes"),
        ("id,name\n", "holds no classes"),
        ("id,name\n0,road\n0,car\n", "the id 0 stands 2 times"),
        ("id,name\n0,road\n1,road\n", "the name 'road' stands 2 times"),
        ("id,name\n0,road\n1, road \n", "the name 'road' stands 2 times"),
        ("id,color\n0,#000000\n1,0 0 0\n", r"the color \(0, 0, 0\) stands 2 times"),
        ("id,name\n1,road\n,car\n", "the id 1 stands 2 times"),
        ("id,naem\n0,road\n", "unknown key 'naem'"),
        ("id,name\n-1,void\n", "-1 is not a class id"),
        ("id,name\n1.0,road\n", r"the id '1\.0' is not a whole number"),
        ("id,name\nroad,0\n", "the id 'road' is not a whole number"),
        ("id,name\n1e3,road\n", "is not a whole number"),
        ("id,name\n٣,road\n", "is not a whole number"),
        ("id,name\n1_0,road\n", "is not a whole number"),
        (f"id,name\n{'9' * 5000},road\n", "is not a whole number"),
        ("id,color\n0,#80408\n", "the colour of class 0 is '#80408'"),
        ("id,color\n0,#8040800\n", "the colour of class 0"),
        ("id,color\n0,256 0 0\n", "the colour of class 0"),
        ("id,color\n0,1 2\n", "the colour of class 0"),
        ("id,color\n0,1 2 3 4\n", "the colour of class 0"),
        ("id,color\n0,-1 2 3\n", "the colour of class 0"),
        ("id,color\n0,red\n", "the colour of class 0"),
        ("id,r,g\n0,1,2\n", "unknown key 'r'"),
        ("id,r,g,b\n0,1,2,999\n", "the colour of class 0"),
        ("id,name,ignore\n0,road,maybe\n", "'ignore' of class 0 is 'maybe'"),
        ("id,name\n0,road,more\n", "rows of unequal length"),
        ("id,name,color\n0,road\n", "rows of unequal length"),
        ('id,name\n0,"road\n', "not valid CSV"),
        ('id,name\n0,"ro"ad\n', "not valid CSV"),
        (f"id,name\n0,{'x' * 200000}\n", "not valid CSV"),
    ],
)
def test_csv_that_is_wrong(text, reason):
    with pytest.raises(BadClassTable, match=reason) as caught:
        csv(text)
    assert (caught.value.code, caught.value.exit_code) == ("SEG104", 2)
    assert caught.value.message.startswith("c.csv")


@pytest.mark.parametrize(
    "text",
    [
        "id,id\n0,1\n",
        "id,color,colour\n0,#000000,#ffffff\n",
        "id,name,label\n0,road,car\n",
        "id,color,r,g,b\n0,#010101,2,2,2\n",
    ],
)
def test_two_columns_for_one_thing_are_an_error(text):
    """Nothing says which of them counts."""
    with pytest.raises(BadClassTable, match=r"c\.csv"):
        csv(text)


def test_two_keys_for_one_thing_are_an_error():
    with pytest.raises(BadClassTable, match=r"c\.json"):
        js([{"id": 0, "color": "#000000", "colour": "#ffffff"}])


@pytest.mark.parametrize(
    ("key", "near"), [("naem", "name"), ("colr", "color"), ("ingore", "ignore"), ("gruop", "group")]
)
def test_unknown_key_gets_the_nearest_as_hint(key, near):
    with pytest.raises(BadClassTable, match=f"unknown key {key!r}") as caught:
        js([{"id": 0, key: "x"}])
    assert caught.value.hint == f"did you mean {near!r}?"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not valid JSON"),
        ("[", "not valid JSON"),
        ("[]", "holds no classes"),
        ("{}", "no key 'classes'"),
        ('{"classes": []}', "holds no classes"),
        ('{"classes": {}}', "holds no classes"),
        ('{"clases": [{"id": 0}]}', "the key 'clases' at the top"),
        ('{"classes": [{"id": 0}], "more": 1}', "the key 'more' at the top"),
        ('{"classes": "road"}', "not a list of tables"),
        ('{"classes": [1]}', "not a list of tables"),
        ('{"classes": ["road", {"id": 1}]}', "not a list of tables"),
        ("null", "not a list of tables"),
        ("7", "not a list of tables"),
        ('[{"id": 0, "id": 1}]', "the key 'id' stands twice"),
        ('{"classes": {"0": "road", "0": "car"}}', "the key '0' stands twice"),
        ('{"classes": {"road": "0"}}', "the id 'road' is not a whole number"),
        ('[{"id": NaN}]', "NaN is not a JSON number"),
        ('[{"id": Infinity}]', "Infinity is not a JSON number"),
        ('[{"id": -Infinity}]', "-Infinity is not a JSON number"),
        ('[{"id": 1.0}]', "the id 1.0 is not a whole number"),
        ('[{"id": 1.5}]', "the id 1.5 is not a whole number"),
        ('[{"id": 1e400}]', "1e400 is not a JSON number"),
        ('[{"id": true}]', "the id True is not a whole number"),
        ('[{"id": null}]', "the id None is not a whole number"),
        ('[{"id": [0]}]', "is not a whole number"),
        ('[{"id": -1}]', "-1 is not a class id"),
        ('[{"id": 2147483648}]', "2147483648 is not a class id"),
        (f'[{{"id": {"9" * 4000}}}]', r"c\.json"),
        (f'[{{"id": {"9" * 5000}}}]', "not valid JSON"),
        ('[{"id": 0, "name": 5}]', "name or group that is not text"),
        ('[{"id": 0, "name": null}]', "name or group that is not text"),
        ('[{"id": 0, "group": 5}]', "name or group that is not text"),
        ('[{"id": 0, "name": ""}]', "empty name"),
        ('[{"id": 0, "color": 8405120}]', "the colour of class 0"),
        ('[{"id": 0, "color": [1.5, 2, 3]}]', "the colour of class 0"),
        ('[{"id": 0, "color": [[1, 2, 3]]}]', "the colour of class 0"),
        ('[{"id": 0, "color": {"r": 1}}]', "the colour of class 0"),
        ('[{"id": 0, "ignore": 2}]', "'ignore' of class 0 is 2"),
        ('{"classes": ["a"], "ignore": 255}', "'ignore' is"),
        ('{"classes": ["a"], "ignore": ["255"]}', "'ignore' is"),
        ('{"classes": ["a"], "ignore": [true]}', "'ignore' is"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_json_that_is_wrong(text, reason):
    with pytest.raises(BadClassTable, match=reason) as caught:
        js(text)
    assert (caught.value.code, caught.value.exit_code) == ("SEG104", 2)
    assert caught.value.message.startswith("c.json")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no key 'classes'"),
        ("classes = [", "not valid TOML"),
        ("[[classes]]\nid = 0\nid = 1\n", r"not valid TOML: .*line 3"),
        ("[[classes]]\nid = 1979-05-27\n", "is not a whole number"),
        ("[[classes]]\nid = nan\n", "is not a whole number"),
        ("[[classes]]\nid = -1\n", "-1 is not a class id"),
        (f"[[classes]]\nid = {'9' * 5000}\n", "not valid TOML"),
        (f"[[classes]]\nid = 0x{'f' * 5000}\n", r"c\.toml"),
        (f"ignore = [0x{'f' * 5000}]\n[[classes]]\nid = 0\n", r"c\.toml"),
        ("[[classes]]\nid = 0\ncolour = 'red'\n", "the colour of class 0"),
        ("[[clases]]\nid = 0\n", "the key 'clases' at the top"),
        ("a = " + "[" * 100_000, "nested too deeply"),
    ],
)
def test_toml_that_is_wrong(text, reason):
    with pytest.raises(BadClassTable, match=reason) as caught:
        toml(text)
    assert caught.value.code == "SEG104"
    assert caught.value.message.startswith("c.toml")


@pytest.mark.parametrize("depth", [10, 200, 400, 600, 800, 900, 950])
@pytest.mark.parametrize(
    "place", ['[{"id": %s}]', '[{"color": %s}]', '[{"ignore": %s}]', '{"ignore": %s, "classes": ["a"]}']
)
def test_nesting_of_any_depth_is_an_error_of_the_class_table(place, depth):
    """What can still be parsed can be too deep to be shown."""
    with pytest.raises(BadClassTable, match=r"c\.json"):
        js(place % ("[" * depth + "]" * depth))


def test_document_that_is_far_too_long_is_not_parsed():
    with pytest.raises(BadClassTable, match="67,108,86"):
        js(" " * ((64 << 20) + 1))


@pytest.mark.parametrize("count", [1, 19, 65536])
def test_numbered_classes(count):
    table = ClassTable.numbered(count)
    assert (len(table.ids), table.ids[-1], table.classes[-1].name) == (count, count - 1, str(count - 1))


@pytest.mark.parametrize("count", [0, -1, 65537])
def test_number_of_classes_out_of_range(count):
    with pytest.raises(BadOption, match=f"--num-classes is {count}"):
        ClassTable.numbered(count)


def test_table_can_be_narrowed_and_ignores_add_up():
    table = ClassTable.named(["a", "b", "c"]).ignoring([1]).ignoring([255])
    assert (table.ids, table.ignore, table.scored.ids) == ((0, 1, 2), {1, 255}, (0, 2))
    assert table.only([2, 0, 99]).ids == (0, 2)


@pytest.mark.parametrize("id_", [0, (1 << 31) - 1])
def test_ids_at_the_ends_of_the_range(id_):
    table = ClassTable.found([id_])
    assert checked(table, "x") is table


words = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    ids=st.lists(st.integers(0, (1 << 31) - 1), min_size=1, max_size=6, unique=True),
    names=st.lists(words, min_size=6, max_size=6, unique=True),
    colours=st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=6, max_size=6, unique=True),
    ignored=st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_json_round_trip(ids, names, colours, ignored):
    rows = [
        {"id": i, "name": name, "color": list(colour), "ignore": skip}
        for i, name, colour, skip in zip(ids, names, colours, ignored, strict=False)
    ]
    table = js(rows)
    assert [(info.id, info.name, info.color) for info in table.classes] == list(zip(ids, names, colours, strict=False))
    assert table.ignore == {i for i, skip in zip(ids, ignored, strict=False) if skip}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "name", "color", "ignore", "classes", "group", "r", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(document=json_values)
def test_any_json_is_a_table_of_distinct_classes_or_an_error(document):
    try:
        table = js(json.dumps(document))
    except BadClassTable as fault:
        assert fault.message.startswith("c.json")
    else:
        assert table.ids
        assert len(set(table.ids)) == len(table.ids) == len({info.name for info in table.classes})


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    text=st.text(max_size=60) | st.text('id,name\n\r"0123 #', max_size=40),
    suffix=st.sampled_from([".csv", ".json", ".toml"]),
)
def test_any_text_is_a_table_or_an_error(text, suffix):
    try:
        table = parse(text, suffix, "c")
    except BadClassTable as fault:
        assert fault.message.startswith("c")
    else:
        assert all(0 <= info.id < 1 << 31 and info.name for info in table.classes)


def test_toml_keys_of_thousands_of_dots_are_refused_at_once():
    """The parser's time grows with the square of the dots."""
    with pytest.raises(BadClassTable, match="nested too deeply"):
        toml("a." * 100_000 + "a = 1")


def txt(text):
    return parse(text, ".txt", "labels.txt")


@pytest.mark.parametrize(
    "table",
    [
        csv("id;name;color\n0;road;128,64,128\n7;car;0,0,142\n"),
        csv("id\tname\tcolor\n0\troad\t#804080\n7\tcar\t#00008e\n"),
        csv("Idx,Ratio,Train,Stuff,Name,color\n0,0.1,5,1,road,#804080\n7,0.2,6,0,car,#00008e\n"),
        js(
            [
                {"id": 0, "name": "road", "color": [128, 64, 128], "isthing": 0},
                {"id": 7, "name": "car", "color": "#00008e"},
            ]
        ),
    ],
)
def test_other_separators_and_columns(table):
    assert [(info.id, info.name, info.color) for info in table.classes] == [
        (0, "road", (128, 64, 128)),
        (7, "car", (0, 0, 142)),
    ]


@pytest.mark.parametrize(
    "table",
    [
        js({"0": "road", "7": "car"}),
        js({"road": 0, "car": 7}),
        js({"model_type": "segformer", "id2label": {"0": "road", "7": "car"}, "label2id": {"road": 0, "car": 7}}),
        js({"categories": [{"id": 0, "name": "road", "isthing": 0}, {"id": 7, "name": "car"}], "images": []}),
        js({"labels": {"road": 0, "car": 7}, "file_ending": ".nii.gz", "numTraining": 3}),
        js({"labels": {"0": "road", "7": "car"}, "modality": {"0": "CT"}}),
        txt("0: road\n7: car\n"),
        txt("# id name\n0 road\n\n7 car\n"),
    ],
)
def test_class_files_of_other_programs(table):
    """Hugging Face, COCO, nnU-Net 2 and 1, COCO-Stuff."""
    assert [(info.id, info.name) for info in table.classes] == [(0, "road"), (7, "car")]


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (txt("road\ncar\n\nsky\n"), ["road", "car", "sky"]),
        (txt("__ignore__\n_background_\ncar\n"), ["_background_", "car"]),
        (
            txt("# label:color_rgb:parts:actions\nbackground:0,0,0::\ncar:0,0,142::\nmoving car:::\n"),
            ["background", "car", "moving car"],
        ),
    ],
)
def test_a_name_a_line(table, names):
    """labelme and CVAT; ids are positions."""
    assert [(info.id, info.name) for info in table.classes] == list(enumerate(names))


def test_colours_of_a_label_map():
    assert txt("background:0,0,0::\ncar:0,0,142::\n").colors == {(0, 0, 0): 0, (0, 0, 142): 1}


def test_regions_and_void_of_nnunet():
    """Region-based training of BraTS, as its documentation has it."""
    labels = {"background": 0, "whole tumor": [1, 2, 3], "tumor core": [2, 3], "enhancing tumor": 3, "ignore": 4}
    table = js({"labels": labels, "regions_class_order": [1, 2, 3]})
    assert [(info.id, info.name) for info in table.classes] == [
        (0, "background"),
        (1, "1"),
        (2, "2"),
        (3, "enhancing tumor"),
    ]
    assert table.groups == {"whole tumor": [1, 2, 3], "tumor core": [2, 3], "enhancing tumor": [3]}
    assert table.ignore == {4}


@pytest.mark.parametrize(
    "table",
    [
        csv("id,name,group\n1,NCR,WT|TC\n2,ED,WT\n4,ET,WT|TC|ET\n"),
        js(
            [
                {"id": 1, "name": "NCR", "group": ["WT", "TC"]},
                {"id": 2, "name": "ED", "group": "WT"},
                {"id": 4, "name": "ET", "group": ["WT", "TC", "ET"]},
            ]
        ),
        toml(
            'classes = [{id = 1, name = "NCR"}, {id = 2, name = "ED"}, {id = 4, name = "ET"}]\n'
            "[regions]\nWT = [1, 2, 4]\nTC = [1, 4]\nET = [4]\n"
        ),
    ],
)
def test_groups_that_overlap(table):
    assert table.groups == {"WT": [1, 2, 4], "TC": [1, 4], "ET": [4]}
    assert table.ignoring([4]).groups == {"WT": [1, 2], "TC": [1]}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"classes": ["a"], "regions": {"r": [5]}}, "holds 5, which is no class"),
        ({"classes": ["a"], "regions": {"r": 0}}, "the region 'r' is 0"),
        ({"classes": ["a"], "regions": {"r": [0, 0]}}, "told twice"),
        ({"classes": ["a"], "regions": [0]}, "'regions' is"),
        ({"labels": {"a": 0, "b": 0}}, "two labels have one id"),
        ({"labels": {"a": 0, "b": [1.5]}}, "something else than ids"),
    ],
)
def test_regions_that_are_wrong(document, reason):
    with pytest.raises(BadClassTable, match=reason):
        js(document)


def test_lines_with_commas_are_no_names():
    with pytest.raises(BadClassTable, match="commas"):
        txt("id,name\n0,road\n")
