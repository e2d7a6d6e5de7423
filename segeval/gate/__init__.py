"""Rules and a run (and a baseline) -> a verdict: pass, fail or inconclusive, with the reason."""

from segeval.gate.baseline import renew as renew
from segeval.gate.rules import Rule as Rule
from segeval.gate.rulings import judge as judge
from segeval.gate.verdict import Verdict as Verdict
