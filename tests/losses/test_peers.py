"""What `explain` says of other programs, against what these gave: recorded by `scripts/check_losses.py --record`."""

import json

import pytest
from check_losses import batch, ours
from support.reference import DATA

from segeval.losses import LOSSES
from segeval.losses.peers import NOTES, PEERS, Peer

VALUES = json.loads((DATA / "loss_peers.json").read_text(encoding="utf-8"))
EACH = [(name, peer) for name, peers in PEERS.items() for peer in peers]


def key(name: str, peer: Peer) -> str:
    return f"{name}: {peer.program} {peer.call}"


@pytest.mark.parametrize(("name", "peer"), EACH, ids=[key(*each) for each in EACH])
def test_every_line_gives_the_number_of_the_program(name: str, peer: Peer) -> None:
    """Their versions stand in the keys of the file."""
    assert ours(name, peer, batch(0, peer.kind)) == pytest.approx(VALUES[key(name, peer)], rel=2e-5, abs=1e-7)


def test_all_that_was_recorded_is_told() -> None:
    assert set(VALUES) == {key(*each) for each in EACH}
    assert {*PEERS, *NOTES} <= {*LOSSES}


def test_options_matter() -> None:
    """Without them numbers are others, but where all classes are there, or an ε is all that differs."""
    small = ("", "smooth=1e-5", "smooth=5e-6", "presence='truth'")
    for name, peer in EACH:
        if peer.ours not in small and "weights=" not in peer.ours and "pos_weight" not in peer.ours:
            without = peer._replace(ours="ignore=(255,)" if "ignore" in peer.ours else "")
            found = ours(name, without, batch(0, peer.kind))
            assert found != pytest.approx(VALUES[key(name, peer)], rel=1e-7), key(name, peer)
