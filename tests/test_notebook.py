"""The notebook of the docs, run from its first cell to its last."""

import json
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_notebook_prints_what_is_stored(root):
    """Its text, word for word; of pictures that they are there."""
    for package in ("nbclient", "ipykernel", "pandas", "matplotlib"):
        pytest.importorskip(package, reason=f"the notebook is not run: {package} is not installed")
    script = root / "scripts" / "notebook.py"
    shown = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert (shown.returncode, shown.stdout) == (0, "notebook.ipynb prints what is stored\n"), (
        shown.stdout + shown.stderr
    )


def test_the_notebook_is_plain(root):
    """Small, each cell run once and in order, nothing of who ran it, and no error."""
    path = root / "docs" / "notebook.ipynb"
    assert path.stat().st_size < 120_000
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["metadata"].keys() == {"kernelspec", "language_info"}
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert {each["output_type"] for cell in code for each in cell["outputs"]} <= {
        "execute_result",
        "display_data",
        "stream",
    }
    assert all(not cell["metadata"] for cell in code)
    text = "".join(line for cell in code for line in cell["source"])
    for name in ("Evaluator", "plot_confusion", "worst", "to_dataframe", "compare"):
        assert name in text
