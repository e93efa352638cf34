# HMS: every task of the house is one word. `make help` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEMO ?= 1
EMAIL ?= local
GOOGLE ?=
TEST_PROCESSES ?= 2

export FLASK_APP = wsgi
export DEMO EMAIL GOOGLE

# Making the environment anew empties its folder: where that is a link, somebody else's.
REFUSE_LINK = if [ -L $(VENV) ]; then \
	echo "$(VENV) is a link, and what it leads to would be emptied. Remove the link first: rm $(VENV)" >&2; exit 1; fi

.DEFAULT_GOAL := help
.PHONY: help setup run test test-full coverage wheel lint sure bench lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Make the virtual environment from the locked requirements

# A stamp, so that the environment is made again only when the lock changes.
$(INSTALLED): requirements.txt
	@$(REFUSE_LINK)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "HMS needs Python 3.11 or newer; say which one with: make $(firstword $(MAKECMDGOALS) setup) PYTHON=python3.11" >&2; exit 1; }
	@echo "Installing what HMS needs into $(VENV) (about a minute) ..."
	@rm -f $@
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

run: setup ## Start HMS with its database on http://127.0.0.1:8000 (DEMO=0, EMAIL=serverless, EMAIL=off, GOOGLE=demo)
	@HMS_MODE=$${HMS_MODE:-development} exec $(BIN)/flask serve

test: setup ## Run all tests (needs Chromium for the browser tests)
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder -m "not race and not fault"
	$(BIN)/python -m pytest -m "race or fault"

test-full: export HMS_TEST_DEPTH = full
test-full: test ## Run all tests at full depth: many more kills, rounds and examples, for hours

coverage: setup ## Run all tests and list what none of them reaches; fails below the floor in setup.cfg
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder -m "not race and not fault"
	$(BIN)/coverage run -m pytest -m "race or fault"
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

wheel: setup ## Try the wheel in an empty environment, as production gets it
	$(BIN)/python -m tools.try_wheel

lint: setup ## Check style, types, who imports whom, and the vendored files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/vendor.py check

sure: lint test ## All that must hold before a change is handed in

bench: setup ## Measure what the README's figures come from (QUICK=1 for a first look; needs wrk)
	$(BIN)/python -m bench

lock: setup ## Compile requirements.txt anew from setup.cfg (upgrades everything)
	$(BIN)/uv --no-config pip compile setup.cfg --extra dev --output-file requirements.txt --upgrade --quiet \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock"
	@rm -rf hms.egg-info

clean: ## Remove the virtual environment and the caches, never the data
	@$(REFUSE_LINK)
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov
	find . -name __pycache__ -prune -exec rm -rf {} +
