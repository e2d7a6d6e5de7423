"""The table to choose a loss by: what each says of itself in its docstring, and what is found by asking it."""

import shutil
import textwrap
from collections.abc import Callable, Iterable, Sequence

from segeval.catalog import check_choice, near_to
from segeval.cli.tables import Rows, printed_range
from segeval.errors import UnknownName
from segeval.losses import LOSSES
from segeval.losses.facts import NEARLY, Facts
from segeval.measures import Loss

WIDTH = 100

Told = Callable[[Loss, Facts], str]

INPUTS: dict[str, Callable[[Loss, Facts], bool]] = {
    "probabilities": lambda loss, _: not (loss.scores or loss.direct),
    "scores": lambda loss, _: loss.scores,
    "hard-truth": lambda loss, _: loss.hard,
    "class-weights": lambda loss, _: bool(loss.folder_weights),
    "weight-map": lambda loss, _: bool(loss.weight_map),
    "places": lambda _, facts: facts.places,
    "other-arrays": lambda loss, _: loss.direct,
}

COLUMNS: dict[str, Told] = {
    "name": lambda loss, _: loss.name,
    "family": lambda loss, _: loss.family,
    "formula": lambda loss, _: loss.said["formula"],
    "range": lambda loss, _: printed_range(loss),
    "0 when right": lambda loss, facts: _zero(loss, facts.perfect, "undefined"),
    "0 at soft truth": lambda loss, facts: _zero(loss, facts.perfect_soft, "takes none"),
    "gradient on background": lambda loss, facts: _pull(loss, facts),
    "needs": lambda loss, facts: _needs(loss, facts),
    "made for": lambda loss, _: loss.said["made for"],
    "use it": lambda loss, _: loss.said["use it"],
    "avoid it": lambda loss, _: loss.said["avoid it"],
    "source": lambda loss, _: loss.said["source"],
}

SORTS: dict[str, Callable[[Loss], tuple[object, ...]]] = {
    "name": lambda loss: (loss.name,),
    "family": lambda loss: (loss.family,),
    "range": lambda loss: (loss.high, loss.low),
    "made-for": lambda loss: (loss.said["made for"],),
}


def chosen(
    words: Sequence[str] = (), family: str | None = None, needs: str | None = None, sort: str | None = None
) -> list[Loss]:
    """The losses of a family that need something and whose name, other names or use hold all the words."""
    if family is not None:
        check_choice("--family", family, dict.fromkeys(loss.family for loss in LOSSES.values()))
    found = [loss for loss in LOSSES.values() if family in (None, loss.family) and _about(loss, words)]
    if needs is not None:
        found = [loss for loss in found if INPUTS[needs](loss, Facts(loss))]
    if not found:
        options = {"--family": family, "--input": needs}
        asked = " ".join([*words, *(f"{name} {each}" for name, each in options.items() if each)])
        raise UnknownName(f"no loss is found by {asked!r}", _hint(words))
    return sorted(found, key=SORTS[sort]) if sort else found


def _about(loss: Loss, words: Sequence[str]) -> bool:
    text = " ".join([loss.name, *loss.also, loss.summary, loss.said["made for"], loss.said["use it"]]).casefold()
    return all(word.casefold() in text for word in words)


def _hint(words: Sequence[str]) -> str:
    """A name that is near to a word, or what losses are made for."""
    near = [name for word in words if (name := near_to(word, [*LOSSES]))]
    uses = dict.fromkeys(loss.said["made for"] for loss in LOSSES.values())
    return f"did you mean {near[0]!r}?" if near else f"losses are made for {', '.join(uses)}"


def to_choose_by(losses: Iterable[Loss]) -> Rows:
    """A row for each loss."""
    rows = [[*COLUMNS]]
    for loss in losses:
        facts = Facts(loss)
        rows.append([tell(loss, facts) for tell in COLUMNS.values()])
    return rows


def _zero(loss: Loss, value: float, undefined: str) -> str:
    if loss.direct:
        return "–"
    if value != value:
        return undefined
    return "yes" if abs(value) <= NEARLY else f"no: {value:.3g}".replace("-", "−")


def _pull(loss: Loss, facts: Facts) -> str:
    """Whether background has a gradient, beside foreground and alone."""
    if loss.direct:
        return "–"
    words = {True: "yes", False: "no", None: "undefined"}
    beside, alone = words[facts.pulls_on_background], words[facts.pulls_without_foreground]
    return beside if beside == alone else f"{beside}; without foreground {alone}"


def _needs(loss: Loss, facts: Facts) -> str:
    return ", ".join(name.replace("-", " ") for name, has in INPUTS.items() if has(loss, facts))


def blocks(rows: Rows) -> str:
    """Each row as a paragraph, for a terminal that is no table wide."""
    head, *body = rows
    indent = max(map(len, head)) + 4
    width = min(shutil.get_terminal_size((WIDTH, 0)).columns, WIDTH)
    lines = []
    for name, *cells in body:
        lines.append(name)
        for title, cell in zip(head[1:], cells, strict=True):
            start = f"  {title}".ljust(indent)
            lines.append(
                textwrap.fill(
                    cell,
                    width,
                    initial_indent=start,
                    subsequent_indent=" " * indent,
                    break_long_words=False,
                    break_on_hyphens=False,
                )
            )
        lines.append("")
    return "\n".join(lines).rstrip()
