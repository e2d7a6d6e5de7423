"""Every loss as plain loops over lists of numbers, written from its formula alone: what the tests compare with."""

from support.loss_reference import pixels, regions, shapes
from support.loss_reference.image import Image, read

REFERENCE = {
    name: func
    for module in (pixels, regions, shapes)
    for name, func in vars(module).items()
    if callable(func) and getattr(func, "__module__", "") == module.__name__ and not name.startswith("_")
}
SPATIAL = {name for name, func in REFERENCE.items() if func.__module__ == shapes.__name__}

__all__ = ["REFERENCE", "SPATIAL", "Image", "read"]
