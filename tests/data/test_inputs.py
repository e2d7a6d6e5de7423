"""The table of what inputs are taken for."""

import re

import pytest

from segeval.cli.commands.score import command
from segeval.data.inputs import KINDS
from segeval.errors import Doubt, causes

OPTIONS = {name for param in command.params for name in param.opts}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.holds)
def test_the_options_named_exist(kind):
    """Nobody is sent to an option that is not there."""
    assert {*re.findall(r"--[a-z-]+", f"{kind.otherwise} {kind.holds}")} <= OPTIONS
    assert kind.said


def test_every_doubt_stands_in_the_table():
    """What makes numbers meaningless is told where people look it up."""
    doubts = {kind for kind in causes().values() if issubclass(kind, Doubt)}
    assert doubts <= {said for kind in KINDS for said in kind.said}


def test_hints_of_doubts_name_a_way_out():
    """Each explanation names an option that exists, or what to save."""
    for kind in Doubt.__subclasses__():
        named = {*re.findall(r"`(--[a-z-]+)", kind.__doc__)}
        assert named <= OPTIONS
