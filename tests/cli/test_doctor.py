"""Tests of `segeval doctor`."""

import sys

import numpy


def test_what_is_here(invoke, tmp_path):
    """Versions, formats, the configuration; what is missing says how to install it."""
    (tmp_path / "segeval.toml").write_text("version = 1\n")
    found = invoke("doctor")
    assert found.exit_code == 0, found.output
    lines = dict(line.partition(": ")[::2] for line in found.stdout.splitlines()[1:])
    assert found.stdout.startswith("segeval ")
    assert f"Python {sys.version.split()[0]}" in found.stdout
    assert lines["numpy"] == numpy.__version__
    assert lines["configuration"].endswith("segeval.toml")
    assert "PNG" in lines["formats"].split(", ")
    assert not [name for name in lines if "extra dev" in name]


def test_without_a_package(invoke, monkeypatch):
    """One of an extra is told, one that is needed ends with 2."""
    from segeval.cli import health

    versions = health._version
    for name, code in (("jinja2", 0), ("numpy", 2)):
        monkeypatch.setattr(
            health, "_version", lambda package, name=name: None if package == name else versions(package)
        )
        found = invoke("doctor")
        assert found.exit_code == code
        assert "not installed; pip install" in found.stdout
