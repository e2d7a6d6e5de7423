"""A folder of figures."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segeval.catalog import check_choice
from segeval.figures import draw
from segeval.figures.answers import answers
from segeval.figures.choice import Choice
from segeval.figures.curves import curves
from segeval.figures.style import FORMATS, check, styled, written
from segeval.io.write import save
from segeval.report.html.page import Shown

Progress = Callable[[int, int], None]  # how many are done, and how many there are


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

    def losses(self, asked: Choice, progress: Progress | None = None) -> list[str]:
        """Write the curves and the answers of losses, and other charts; gives the names of the files."""
        files: list[str] = []
        charts = itertools.chain(answers(asked.losses), asked.charts)
        with styled(self.style):
            lines = ((each.name, draw.of_curves(each)) for each in curves(asked.losses))
            figures = itertools.chain(lines, ((each.name, draw.of_chart(each)) for each in charts))
            for done, (name, figure) in enumerate(figures, 1):
                files += self._write(name, figure)
                if progress:
                    progress(done, asked.number)
        return files

    def run(self, shown: Shown) -> tuple[list[str], dict[str, str]]:
        """Write the figures of a run; gives the names of the files, and why there is no figure of some names."""
        with styled(self.style):
            found = dict(draw.of_run(shown))
            files = [f for name, figure in found.items() if figure is not None for f in self._write(name, figure)]
        return files, {name: "the run has no numbers for it" for name, figure in found.items() if figure is None}

    def _write(self, name: str, figure: Any) -> Iterator[str]:
        for form in self.formats:
            save(self.folder / f"{name}.{form}", written(figure, form))
            yield f"{name}.{form}"
