# One line a task, which can be typed by hand too. The tools are those of the active environment: pip install -e ".[dev]".
.PHONY: lint types test quick golden docs site bench ci

lint:
	ruff check . && ruff format --check .

types:
	mypy

test:
	pytest -n auto --dist worksteal

quick:
	pytest -n auto --dist worksteal -m "not slow"

golden:
	pytest --update-golden tests/report tests/test_fence.py

docs:
	python scripts/docs.py

site:
	mkdocs build --strict

bench:
	for each in scripts/bench_*.py; do python $$each || exit; done

ci:
	.ci/run
