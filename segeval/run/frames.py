"""A run as DataFrames of pandas, which is imported only when one is asked for."""

from collections.abc import Callable
from typing import Any

import numpy as np

from segeval.catalog import check_choice
from segeval.errors import MissingPackage
from segeval.run.folder import IMAGE_KEYS, image_columns
from segeval.run.run import Run


def frame(run: Run, of: str) -> Any:
    """The DataFrame of one of FRAMES."""
    check_choice("to_dataframe", of, FRAMES)
    try:
        import pandas
    except ImportError as fault:
        raise MissingPackage("to_dataframe needs pandas", "pip install 'segeval-masks[pandas]'") from fault
    return pandas.DataFrame(FRAMES[of](run))


def _classes(run: Run) -> list[dict[str, Any]]:
    return run.classes


def _images(run: Run) -> dict[str, Any]:
    """The columns of `images.csv`, with names as they are and numbers of their own types."""
    classes, ids = run.class_table.classes, run.tables.ids
    keys = [(id_, run.grouped(id_), info.id, info.name) for id_ in ids for info in classes]
    columns = {name: [key[n] for key in keys] for n, name in enumerate(IMAGE_KEYS)}
    return columns | {name: np.ravel(values) for name, values in image_columns(run, slice(None)).items()}


FRAMES: dict[str, Callable[[Run], Any]] = {"classes": _classes, "images": _images}
