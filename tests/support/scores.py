"""The scores of confusions: the numbers of a run of which only the pixels were counted."""

from segeval.evidence.confusion import PixelCounts
from segeval.run.means import Once
from segeval.run.numbers import class_rows, summary
from segeval.run.tables import Tables


class Scores:
    """Tables and their numbers, in the words of the tests."""

    def __init__(self, tables):
        self.tables = tables
        self.once = Once(tables)
        self.images = tables.counts
        self.pooled = PixelCounts(*(counts[0] for counts in self.once.counts))
        self.total = int(self.once.pixels.images["pixels"][0])

    @classmethod
    def of(cls, confusions, ids, scoring=None):
        return cls(Tables.of(list(confusions), list(ids), scoring))

    def values(self, metric, counts):
        return self.tables.scored(metric, counts, counts)

    @property
    def summary(self):
        return {name: number.mean(self.once) for name, number in summary(self.tables.outline).items()}

    def classes(self):
        return class_rows(self.once)
