# One command does one thing, from nothing: each target sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
SERVE ?= 1

.DEFAULT_GOAL := help
.PHONY: help install demo test coverage check format bench bench-document soak api-soak screenshots clean

help: ## What there is to do
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 18

$(VENV)/.runtime: requirements/runtime.txt requirements/build.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/runtime.txt
	$(PIP) install --require-hashes -r requirements/build.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.web: $(VENV)/.runtime requirements/web.txt
	$(PIP) install --require-hashes -r requirements/web.txt
	touch $@

$(VENV)/.dev: $(VENV)/.web requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	touch $@

install: $(VENV)/.runtime ## A virtual environment in .venv with Headgate in it

demo: $(VENV)/.web ## Generate sales, run them, and serve the pages (SERVE=0, or without a terminal: end instead)
	$(BIN)/headgate demo demo
	@if [ "$(SERVE)" != 0 ] && [ -t 1 ]; then $(BIN)/headgate serve --project demo; fi

# Debian's Chromium, for the tests of pages, and one font, so that pictures come out alike; without it they are skipped,
# and fail where CI is set
$(VENV)/.browser: $(VENV)/.dev
	{ command -v chromium && test -d /usr/share/fonts/truetype/liberation; } >/dev/null || \
		{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qqy install --no-install-recommends chromium fonts-liberation; } \
		|| echo "No Chromium here: the tests of pages will be skipped."
	touch $@

# Prometheus' own reader of figures, from Debian's package, unpacked only: nothing of it is started
$(VENV)/.promtool: $(VENV)/.dev
	command -v promtool >/dev/null || { cd $(VENV) && { apt-get -qq update || true; } && apt-get -qq download prometheus \
		&& dpkg -x prometheus_*.deb prometheus && cp prometheus/usr/bin/promtool bin/ && rm -r prometheus prometheus_*.deb; } \
		|| echo "No promtool here: its test will be skipped."
	touch $@

test: $(VENV)/.browser $(VENV)/.promtool ## All tests but the long ones
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

screenshots: $(VENV)/.browser ## Pictures of every page, light and dark, and docs/pages.md that shows them
	$(BIN)/python -m tests.harness.screenshots

coverage: $(VENV)/.browser $(VENV)/.promtool ## Branch coverage of core, the steps and the pipeline; fails under 95 %
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -q -n 2 --dist loadfile -p no:randomly
	$(BIN)/python -m coverage combine -q
	$(BIN)/python -m coverage json -q -o - | $(BIN)/python -m tests.harness.branches --least 95

check: $(VENV)/.dev ## Lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## Put the layout right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## Measure against the peers and the floor; figures go to benchmarks/
	$(BIN)/python -m benchmarks.run

bench-document: $(VENV)/.dev ## The 8 GB document
	$(BIN)/python -m benchmarks.run document --runs 1

soak: $(VENV)/.dev ## The long harnesses: kills of runs and of repairs, sequences, answer keys, mutated inputs, damaged files, cut uploads
	$(BIN)/python -m tests.harness.answer_key --seeds 20 --count 5000
	$(BIN)/python -m tests.harness.kills --kills 200 --seed 1
	$(BIN)/python -m tests.harness.kills_of_decisions --kills 200 --seed 1
	$(BIN)/python -m tests.harness.sequences --runs 200 --seed 1
	$(BIN)/python -m tests.fuzz.test_mutated_inputs 10000 0
	$(BIN)/python -m tests.harness.damaged_files --files 10000 --seed 0
	$(BIN)/python -m tests.harness.upload_cuts --size-mib 2048 --cuts 200 --kills 10 --seed 1

api-soak: $(VENV)/.dev ## The API called as its document describes it, at length
	HEADGATE_API_EXAMPLES=1000 $(BIN)/python -m pytest -q tests/integration/web/test_api.py

clean: ## Remove what can be made again
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis demo dist build
