"""What a verdict says to people: tables and sentences of its document."""

from typing import Any, TextIO

from segeval.data.folders import MISSING
from segeval.gate.decide import ERROR, INCONCLUSIVE, NOT_APPLICABLE, PASS, WARNING, standing
from segeval.report.sections import Cell, Table, shown
from segeval.report.table import draw
from segeval.run.bootstrap import FEW, MANY
from segeval.text import counted, safe_text, some

Document = dict[str, Any]
SHORT = {"pass": "pass", "fail": "FAIL", "inconclusive": "inconclusive"}


def write(document: Document, out: TextIO) -> None:
    """The table, the sentences below it, and the most important line last."""
    draw([verdict_table(document)], out)
    for line in [*verdict_lines(document), verdict_headline(document)]:
        out.write(f"{safe_text(line)}\n")


def verdict_table(document: Document) -> Table:
    """A row for each rule; of rules about many classes, the classes that do not pass and the one nearest to it."""
    rows: list[list[Cell]] = [
        [n, title(ruling, check), check["limit"], check["value"], *_compared(check), word(ruling, check)]
        for n, ruling in enumerate(document["rules"], 1)
        for check in telling(ruling)
    ]
    headers = ["rule", "number", "limit", "value", "baseline", "change", "interval", "detectable", "verdict"]
    return Table("quality gate", headers, rows, len(rows))


def telling(ruling: Document) -> list[Document]:
    """The checks worth a line: all that do not pass, or else the tightest."""
    checks = applicable(ruling)
    odd = [check for check in checks if check["verdict"] != PASS]
    return odd or [min(checks, key=_margin)]


def applicable(ruling: Document) -> list[Document]:
    """The checks of a rule but those of classes that are in no mask."""
    return [check for check in ruling["checks"] if check["verdict"] != NOT_APPLICABLE]


def _margin(check: Document) -> float:
    """How far a check that passes is from its limit, roughly: enough to choose the tightest."""
    if check["allowed"] is not None:
        return float(check["change"] + check["allowed"])
    return abs(float(check["value"]) - float(check["limit"].split()[1]))


def title(ruling: Document, check: Document) -> str:
    """The number of a check; with the number of its like where they have no line of their own."""
    alike = len(applicable(ruling))
    if alike > 1 and ruling["verdict"] == "pass":
        return f"{check['number']} (tightest of {alike})"
    return str(check["number"])


def word(ruling: Document, check: Document) -> str:
    """The verdict on a check, with its reason; what is only a warning says so."""
    found = SHORT[check["verdict"]]
    if check["verdict"] == "fail" and ruling["level"] == "warn":
        found = "warn"
    return f"{found}: {check['reason']}" if check["reason"] else found


def _compared(check: Document) -> list[Cell]:
    interval = None
    if check["lower"] is not None:
        interval = f"{signed(check['lower'])} … {signed(check['upper'])}"
    return [check["baseline"], signed(check["change"]), interval, check["detectable"]]


def signed(value: float | None) -> str:
    """A change with its sign."""
    if value is None:
        return "–"
    text = shown(value)
    return f"+{text}" if value > 0 else text.replace("-", "−")


def verdict_lines(document: Document) -> list[str]:
    """What stands below the table: notes, how the intervals were made, which images were left out."""
    lines = [f"caution: {said}" for said in document["cautions"]]
    lines += [f"rule {ruling['id']}: {note}" for ruling in document["rules"] for note in ruling["notes"]]
    tested = [r for r in document["rules"] if r["test"] != "none"]
    if tested:
        how = document["statistics"]
        sides = 200 * how["confidence"] - 100
        drawn = "; ".join(_drawn(how, [ruling["groups"] for ruling in tested]))
        seen = "detectable: the smallest drop found in 80 % of cases"
        lines.append(f"change: + is better; intervals: {sides:g} % two-sided, {drawn}; {seen}")
        if any(len(applicable(r)) > 1 for r in tested):
            lines.append("classes of one rule share its chance of a false alarm (Holm); rules do not share theirs")
    images = document["images"]
    left_out = {"only_run": "only here", "only_baseline": "only in the baseline", "other_truth": "with another truth"}
    policy = MISSING.get(images["missing"], MISSING["error"])
    if alone := images["without_prediction"]:
        lines.append(f"{counted(len(alone), 'image')} without prediction ({policy}): {some(alone)}")
    lines += [
        f"not compared: {counted(len(images[key]), 'image')} {where}: {some(images[key])}"
        for key, where in left_out.items()
        if images[key]
    ]
    return lines


def _drawn(how: Document, groups: list[int]) -> list[str]:
    """How intervals were made, for rules about few images and for others."""
    number = f"{how['resamples']:,}"
    kinds = {
        f"paired bootstrap of {number} resamples (seed {how['seed']})": any(n >= MANY for n in groups),
        f"below {MANY} images or groups {number} random subsets (seed {how['seed']})": any(
            FEW <= n < MANY for n in groups
        ),
        f"below {FEW} images or groups all their subsets": any(n < FEW for n in groups),
    }
    return [text for text, there in kinds.items() if there]


def verdict_headline(document: Document) -> str:
    """The last line: the verdict, for how many rules, and the first of those that it comes from."""
    rules, verdict = document["rules"], document["verdict"]
    words = [standing(rule["verdict"], rule["level"], document["inconclusive"]) for rule in rules]
    telling_rules = [rule for rule, word in zip(rules, words, strict=True) if word == ERROR]
    if verdict == INCONCLUSIVE:
        telling_rules = [rule for rule in rules if (rule["level"], rule["verdict"]) == ("error", INCONCLUSIVE)]
    number = len(rules) if verdict == "pass" else len(telling_rules)
    line = f"{verdict.upper()}  {number} of {counted(len(rules), 'rule')}"
    warnings = [rule for rule, word in zip(rules, words, strict=True) if word == WARNING and rule not in telling_rules]
    line += f" · {counted(len(warnings), 'warning')}" if warnings else ""
    line += "" if verdict == "pass" else f" · {_sources(telling_rules)}"
    return line if document["complete"] else f"INCOMPLETE: {line}"


def _sources(rulings: list[Document]) -> str:
    """The first check that the verdict on some rules comes from, and how many there are besides."""
    first, *others = [check for r in rulings for check in telling(r) if check["verdict"] == r["verdict"]]
    return sentence(first) + (f" · and {len(others)} more" if others else "")


def sentence(check: Document) -> str:
    """A check in one line: the number, its change, its limit, and what is wrong with it."""
    change = "" if check["change"] is None else f" ({signed(check['change'])} against the baseline)"
    reason = f": {check['reason']}" if check["reason"] else ""
    return f"{check['number']} {shown(check['value'])}{change}, {check['limit']}{reason}"
