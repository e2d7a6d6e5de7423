"""A folder of masks -> a folder of weight maps."""

from segeval.weighing.folder import Weighed, Work, open_work, prepare, write_maps
from segeval.weighing.plan import Plan, plan

__all__ = ["Plan", "Weighed", "Work", "open_work", "plan", "prepare", "write_maps"]
