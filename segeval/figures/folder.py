"""A folder of figures."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segeval.catalog import check_choice
from segeval.figures import draw
from segeval.figures.curves import Drawn, curves
from segeval.figures.style import FORMATS, check, styled, written
from segeval.io.write import save
from segeval.report.html.page import Shown


@dataclass(frozen=True)
class Figures:
    """Where figures go, and how they look.  BadOption, or MissingPackage without matplotlib."""

    folder: Path
    formats: tuple[str, ...] = FORMATS
    style: str = "light"

    def __post_init__(self) -> None:
        for each in self.formats:
            check_choice("--format", each, FORMATS)
        check(self.style)

    def losses(self, asked: list[Drawn]) -> list[str]:
        """Write the curves of losses; gives the names of the files."""
        with styled(self.style):
            return [file for each in curves(asked) for file in self._write(each.name, draw.of_curves(each))]

    def run(self, shown: Shown) -> tuple[list[str], list[str]]:
        """Write the figures of a run; gives the names of the files, and of the figures that it has no numbers for."""
        with styled(self.style):
            found = dict(draw.of_run(shown))
            files = [f for name, figure in found.items() if figure is not None for f in self._write(name, figure)]
        return files, [name for name, figure in found.items() if figure is None]

    def _write(self, name: str, figure: Any) -> Iterator[str]:
        for form in self.formats:
            save(self.folder / f"{name}.{form}", written(figure, form))
            yield f"{name}.{form}"
