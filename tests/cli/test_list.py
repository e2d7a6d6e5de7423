"""`segeval list`: the table to choose a loss by, and words that seek."""

import pytest

from segeval.cli import loss_table
from segeval.cli.commands import list as command
from segeval.losses import LOSSES


def names(text):
    return [line.split()[0] for line in text.splitlines() if line and not line.startswith(" ")]


def test_long_prints_a_paragraph_for_each_loss(invoke):
    text = invoke("list", "losses", "--long").stdout
    assert names(text) == list(LOSSES)
    assert max(map(len, text.splitlines())) <= 100
    dice = text.split("\n\n")[list(LOSSES).index("dice")].splitlines()
    told = {line[2:26].strip(): line[26:] for line in dice[1:]}
    assert told["range"] == "0 … 1"
    assert told["0 when right"] == "yes"
    assert told["0 at soft truth"].startswith("no: 0.")
    assert told["gradient on background"] == "yes; without foreground no"
    assert told["needs"] == "probabilities"
    assert told["made for"] == "class imbalance"
    assert told["source"] == "Dice (1945). doi:10.2307/1932409"


def test_what_is_0_where_the_prediction_is_right():
    """All but three, up to what the clip leaves: one is negative, one a constant, one a small power of the clip."""
    head, *rows = loss_table.to_choose_by(LOSSES.values())
    told = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert {n for n, row in told.items() if row["0 when right"].startswith("no")} == {"boundary", "exp_log", "t_loss"}
    assert {n for n, row in told.items() if row["0 when right"] == "–"} == {n for n in LOSSES if LOSSES[n].direct}
    assert told["boundary"]["0 when right"].startswith("no: −0.0")
    # of 51 pixels of 256, each 1e-7 from certain: 0.2 (1e-7)^0.3 (√(51/256) + √(205/256))
    assert told["exp_log"]["0 when right"] == "no: 0.00213"
    assert told["generalized_wasserstein_dice"]["0 at soft truth"] == "takes none"
    assert told["mcc"]["gradient on background"] == "yes; without foreground undefined"
    assert told["unet_cross_entropy"]["needs"] == "probabilities, weight map"


def test_a_narrow_terminal_has_narrow_paragraphs(invoke, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert max(map(len, invoke("list", "losses", "--long", "dice").stdout.splitlines())) <= 60


def test_long_as_markdown_has_every_column(invoke):
    head, _, *rows = invoke("list", "losses", "--long", "--md").stdout.splitlines()
    assert head == f"| {' | '.join(loss_table.COLUMNS)} |"
    assert len(rows) == len(LOSSES)
    assert "|  |" not in "".join(rows)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["soft_iou"], ["jaccard"]),  # an alias
        (["TUBES"], ["soft_cldice", "dice_cldice"]),  # what it was made for
        (["precision", "recall"], ["tversky"]),  # all the words, in its use
        (["--family", "margin"], ["soft_margin", "multilabel_soft_margin"]),
        (["--input", "scores"], ["lovasz_hinge", "soft_margin", "multilabel_soft_margin"]),
        (["--input", "hard-truth"], ["generalized_wasserstein_dice"]),
        (["--input", "weight-map"], ["unet_cross_entropy"]),
        (["--input", "class-weights"], ["weighted_cross_entropy"]),
        (["--input", "other-arrays"], ["faster_rcnn", "mask_rcnn_mask", "minimax_gan"]),
        (["--input", "places", "--family", "compound"], ["log_hausdorff_dt", "dice_cldice"]),
        (["--family", "margin", "--sort", "name"], ["multilabel_soft_margin", "soft_margin"]),
        (
            ["--family", "boundary", "--sort", "range"],  # up to 1, 2, ∞; of these first from −∞ on
            [
                "soft_cldice",
                "ssim",
                "boundary",
                "hausdorff_dt",
                "hausdorff_er",
                "weighted_hausdorff",
                "correlation_ssim",
            ],
        ),
        (["huber", "--sort", "range"], ["log_cosh", "huber", "pseudo_huber", "smooth_l1"]),
    ],
)
def test_losses_are_sought_and_ordered(invoke, args, expected):
    result = invoke("list", "losses", *args)
    assert names(result.stdout)[1:] == expected
    assert names(invoke("list", "losses", "--long", *args).stdout) == expected


def test_order_by_what_they_are_made_for(invoke):
    found = names(invoke("list", "losses", "--sort", "made-for").stdout)[1:]
    assert sorted(found) == sorted(LOSSES)
    uses = [LOSSES[name].said["made for"] for name in found]
    assert uses == sorted(uses)
    by_family = names(invoke("list", "losses", "--sort", "family").stdout)[1:]
    assert [LOSSES[name].family for name in by_family] == sorted(loss.family for loss in LOSSES.values())


def test_other_tables_are_sought_by_words(invoke):
    """The head, and the rows that hold all of them anywhere."""
    head, *rows = invoke("list", "metrics").stdout.splitlines()
    found = [row for row in rows if "recall" in row and "tp" in row]
    assert 0 < len(found) < len(rows)
    cells = [line.split() for line in invoke("list", "metrics", "RECALL", "tp").stdout.splitlines()]
    assert cells == [line.split() for line in [head, *found]]


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["losses", "dicee"], "SEG102", "did you mean 'dice'?"),
        (["losses", "qqq"], "SEG102", "losses are made for class imbalance"),
        (["losses", "--family", "regoin"], "SEG101", "region"),
        (["losses", "--family", "region", "--input", "other-arrays"], "SEG102", "--family region --input other-arrays"),
        (["metrics", "qqq"], "SEG102", "no row holds 'qqq'"),
        (["metrics", "--long"], "SEG117", "--long has no effect"),
        (["classes", "--input", "scores"], "SEG117", "--input has no effect"),
    ],
)
def test_what_is_not_found_is_said(invoke, args, code, said):
    result = invoke("list", *args)
    assert result.exit_code == 2
    assert code in result.stderr
    assert said in " ".join(result.stderr.split())


def test_the_choices_are_those_of_the_table():
    assert [*loss_table.INPUTS] == command.INPUTS
    assert [*loss_table.SORTS] == command.SORTS
