"""The site of the docs: without a warning, and whole without a network."""

import re
import subprocess
import sys

import pytest

pytest.importorskip("mkdocs", reason="the extra `docs` is not installed")
pytestmark = pytest.mark.slow


def test_the_site_is_built_and_asks_nobody(root, tmp_path):
    """Every page is in its menu and every link and anchor leads somewhere: mkdocs says so or warns."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    pages = sorted((tmp_path / "site").rglob("*.html"))
    assert len(pages) >= len([*root.glob("docs/**/*.md")])
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert re.findall(r"<(?:script|img|iframe|source)[^>]+src=[\"']?(?:https?:)?//[^>]*>", text) == []
        assert re.findall(r"<link[^>]+rel=[\"']?(?:stylesheet|preconnect|preload)[^>]+(?:https?:)?//[^>]*>", text) == []
