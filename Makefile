# Each target sets itself up: a .venv with pinned, hashed dependencies. Running Assay needs those in
# requirements.lock; developing it needs those in requirements-dev.lock.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
READY := $(VENV)/.ready
# uv leaves it to the first import to compile a module, which must be allowed to keep it.
unexport PYTHONDONTWRITEBYTECODE
# uv does not read pip's settings.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
# The fast one first. Where it cannot reach the index, pip can, which knows this machine's settings.
# --no-deps: a lock is complete.
FLAGS := --quiet --no-deps
install = $(BIN)/uv pip install --python $(BIN)/python $(FLAGS) $(1) || \
  $(BIN)/python -m pip install --disable-pip-version-check $(FLAGS) $(1)

.DEFAULT_GOAL := help
.PHONY: help run living test test-fast coverage faults lint format bench bench-gates bench-stores bench-living \
  bench-operation calibration schema deployments pictures audit lock clean

SUITE := -m "not slow and not ceph and not clone and not operation and not faults"
# Long searches for counterexamples, and what starts a browser, are left to `make test`.
UNIT := $(addprefix tests/,bucket config dataset gates/statistics gates/test_technical.py registry render \
  runs sources steps tables util test_errors.py) --ignore-glob='*/test_any_*' \
  --ignore=tests/gates/statistics/test_multiple_testing.py --ignore=tests/tables/test_croissant.py \
  --ignore=tests/render/test_browser.py --deselect=tests/registry/test_batch_ledger.py::TestScorers $(SUITE)

help: ## Show what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 17

run: $(INSTALLED) ## Take the income example through the whole train flow
	$(BIN)/assay run configs/income.yaml

test: $(READY) ## Run the test suite
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(SUITE) $(ARGS)

test-fast: $(READY) ## Run the unit tests, for each save: under a minute on two cores
	$(BIN)/python -m pytest -n 2 --dist load $(UNIT) $(ARGS)

coverage: $(READY) ## Run the test suite and print the branch coverage of assay/
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(SUITE) --cov --cov-report=term:skip-covered $(ARGS)

faults: $(READY) ## Kill, cut off and fill up a team's set-up during fifty runs; needs Ceph and PostgreSQL
	ASSAY_TEST_FAULTS=all $(BIN)/python -m pytest -m faults -n 0 $(ARGS)

lint: $(READY) ## Ruff, mypy, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## Measure the income example beside a bare script, in one run
	$(BIN)/python -m benchmarks

bench-gates: $(READY) ## Measure each gate beside its rivals and the plain limit, in one run
	$(BIN)/python -m benchmarks.gates $(ARGS)

bench-stores: $(READY) ## Measure storing and verifying beside DVC, Metaflow and plain copy: docs/stores.md
	$(BIN)/python -m benchmarks.stores --out docs/stores.md $(ARGS)

bench-living: $(READY) ## Measure scoring and monitoring at 50k, 500k and 5M rows: docs/living.md
	$(BIN)/python -m benchmarks.living --out docs/living.md $(ARGS)

bench-operation: $(READY) ## Measure a set-up's punctuality and memory for an hour: docs/operation-figures.md
	$(BIN)/python -m benchmarks.operation --out docs/operation-figures.md $(ARGS)

living: $(READY) ## Play months of an example through, with planted harm: --example employment or wages
	$(BIN)/python -m examples.living.play --again $(ARGS)

calibration: $(READY) ## Count how often each gate is wrong: docs/calibration.md
	$(BIN)/python -m benchmarks.calibration --out docs/calibration.md $(ARGS)

schema: $(READY) ## Write the use case's JSON Schema
	$(BIN)/python -m assay.config.json_schema > configs/use-case.schema.json

deployments: $(READY) ## Write deployments/ from configs/
	$(BIN)/python -m assay.deployments

pictures: $(READY) ## Take the pictures of the dashboard anew: docs/pictures
	$(BIN)/python -m tests.browser.pictures

audit: $(READY) ## Hold the lock against known vulnerabilities; needs the network
	test -x $(VENV)/audit/bin/pip-audit || $(BIN)/python -m venv $(VENV)/audit
	$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check --upgrade pip-audit
	@(for lock in requirements-dev.lock requirements-kubernetes.lock; do \
	  $(VENV)/audit/bin/pip-audit --strict --require-hashes --disable-pip --progress-spinner off -r $$lock || exit 1; done) || \
	  { echo "audit: not clean. Above is a vulnerability, or a package that PyPI's advisories could not be asked about: then nothing is proven, also not of the others." >&2; exit 1; }

lock: ## Pin and hash all dependencies again: what runs with the versions that are tested
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) --group dev pyproject.toml -o requirements-dev.lock
	$(COMPILE) --group build -c requirements-dev.lock pyproject.toml -o requirements.lock
	$(COMPILE) --group build --extra kubernetes -c requirements-dev.lock pyproject.toml -o requirements-kubernetes.lock

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-header

clean: ## Remove the environment and caches, never a bucket
	rm -rf $(VENV) *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage

$(INSTALLED): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else "Assay needs Python 3.11 to 3.13, .venv has %d.%d: remove it and set PYTHON=python3.11" % v)'
	awk '/^[a-z]/ { ours = /^uv==/ } ours' requirements.lock > $(VENV)/uv.lock
	$(BIN)/python -m pip install --disable-pip-version-check $(FLAGS) --require-hashes -r $(VENV)/uv.lock
	$(call install,--require-hashes -r requirements.lock)
	$(call install,--no-build-isolation -e .)
	touch $@

$(READY): $(INSTALLED) requirements-dev.lock
	$(call install,--require-hashes -r requirements-dev.lock)
	touch $@
