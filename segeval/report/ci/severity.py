"""What a check means to a pipeline: one word that every surface goes by, so that none contradicts the exit code."""

from segeval.gate import decide
from segeval.report.sections import shown
from segeval.report.verdict import Document, sentence, signed

ERROR, WARNING, PASS = decide.ERROR, decide.WARNING, decide.PASS
NOT_APPLICABLE = decide.NOT_APPLICABLE


def standing(document: Document, ruling: Document, check: Document) -> str:
    """Whether a check stops the pipeline, is worth a look, or passes."""
    return decide.standing(check["verdict"], ruling["level"], document["inconclusive"])


def told(check: Document) -> str:
    """A check in one line, with what its statistics say."""
    line = sentence(check)
    if check["lower"] is not None or check["upper"] is not None:
        line += f"; interval {signed(check['lower'])} … {signed(check['upper'])}"
    if check["detectable"] is not None:
        line += f"; detectable {shown(check['detectable'])}"
    return line
