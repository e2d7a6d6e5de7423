"""One object that says whether a run is good enough: it feeds table, JSON, every CI surface and the exit code."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import segeval
from segeval.errors import GATE_FAILED, INPUT, OK
from segeval.gate.baseline import Paired
from segeval.gate.decide import ERROR, FAIL, INCONCLUSIVE, PASS, WARNING, standing
from segeval.run.bootstrap import Draws
from segeval.run.results import Results
from segeval.run.run import defined

SCHEMA = "segeval-gate/1"


@dataclass(frozen=True)
class Check:
    """One number against one limit. For a drop `change` is positive where the run is better."""

    number: str  # iou[person]
    limit: str  # drop <= 0.01
    verdict: str
    reason: str
    value: float
    baseline: float = math.nan
    change: float = math.nan
    allowed: float = math.nan  # the drop that is allowed, in points
    lower: float = math.nan
    upper: float = math.nan
    p: float = math.nan
    p_adjusted: float = math.nan
    detectable: float = math.nan
    undefined_resamples: float = math.nan


@dataclass(frozen=True)
class Ruling:
    """What became of one rule."""

    id: str
    rule: str
    level: str
    test: str  # none where nothing is compared with a baseline
    verdict: str
    checks: tuple[Check, ...]
    groups: int | None = None  # what was drawn; None where nothing was
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What became of all rules."""

    rulings: tuple[Ruling, ...]
    run: Results
    pair: Paired | None
    draws: Draws
    inconclusive: str  # what an inconclusive rule does: pass | warn | fail

    @property
    def failed(self) -> list[Ruling]:
        """The rules that stop the run."""
        return self._standing(ERROR)

    @property
    def warned(self) -> list[Ruling]:
        """The rules that do not, but are worth a look."""
        return self._standing(WARNING)

    def _standing(self, word: str) -> list[Ruling]:
        return [each for each in self.rulings if standing(each.verdict, each.level, self.inconclusive) == word]

    @property
    def verdict(self) -> str:
        if self.failed:
            return FAIL
        undecided = any(ruling.verdict == INCONCLUSIVE for ruling in self.warned if ruling.level == "error")
        return INCONCLUSIVE if undecided else PASS

    @property
    def cautions(self) -> list[str]:
        """What nobody can check of the run and its baseline."""
        return [*self.run.cautions, *(self.pair.baseline.cautions if self.pair else [])]

    @property
    def exit_code(self) -> int:
        """0, 1, or 3 where images are missing from the run, so that 1 always means: evaluated in full."""
        if not self.run.document["complete"]:
            return INPUT
        return GATE_FAILED if self.failed else OK

    @property
    def worse(self) -> list[str]:
        """The numbers of rules that are worse than in the baseline, or that became undefined."""
        checks = [check for ruling in self.rulings for check in ruling.checks if not math.isnan(check.baseline)]
        return [check.number for check in checks if check.change < 0 or math.isnan(check.value)]

    def document(self) -> dict[str, Any]:
        """The verdict as JSON has it."""
        pair = self.pair
        left_out = {
            "only_run": list(pair.only_run) if pair else [],
            "only_baseline": list(pair.only_baseline) if pair else [],
            "other_truth": list(pair.other_truth) if pair else [],
        }
        document = {
            "schema": SCHEMA,
            "segeval": segeval.__version__,
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "complete": self.run.document["complete"],
            "run": self._told(self.run),
            "baseline": self._told(pair.baseline) if pair else None,
            "images": {
                "scored": self.run.document["images"]["scored"],
                "without_prediction": list(self.run.document["images"]["missing"]),
                "missing": self.run.document["options"].get("missing"),
                **left_out,
            },
            "inconclusive": self.inconclusive,
            "statistics": {**self.draws.how, "group_by": self.run.group_by(self.draws)},
            "cautions": self.cautions,
            "rules": [asdict(ruling) for ruling in self.rulings],
            "summary": dict(self.run.document["summary"]),
            "failed": [note["id"] for note in self.run.document["images"]["failed"]],
        }
        clean = defined(document)
        assert isinstance(clean, dict)
        return clean

    @staticmethod
    def _told(results: Results) -> dict[str, Any]:
        return {"fingerprint": results.document["fingerprint"], "segeval": results.document["segeval"]}
