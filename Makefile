# One command a job, the same by hand and in CI. Everything lives in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# modules are compiled when they are first used: two thirds of the time, since most never are
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt

.PHONY: client demo eval test test-live check bench bench-evidence bench-poison bench-peers clean

demo: $(VENV)/.local
	@$(BIN)/guided-profile demo

# answers and report go to eval-out; a run that was stopped goes on
eval: $(VENV)/.evals
	@$(BIN)/guided-profile eval --task preference --n 16 --out eval-out

# tests wait for processes and timeouts now and then, so there are more workers than cores
WORKERS = $$(n=$$(getconf _NPROCESSORS_ONLN); n=$$((n + n / 2)); echo $$((n < 4 ? n : 4)))

# each of the processes that tests start would compile the package anew, were it not kept
test: $(VENV)/.dev
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -q -n $(WORKERS) --dist worksteal --durations 20 --durations-min 2

test-live: $(VENV)/.dev
	@$(BIN)/pytest -q -m live

check: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

# the types of the TypeScript client, from the routes; it needs Node
client: $(VENV)/.dev
	@cd clients/typescript && npm ci --silent
	@$(BIN)/python clients/typescript/generate.py

bench: $(VENV)/.local
	@$(BIN)/python -m guided_profile.evals.benches.overhead
	@$(BIN)/python -m guided_profile.evals.benches.recall
	@$(BIN)/python -m guided_profile.evals.benches.history
	@$(BIN)/python -m guided_profile.evals.benches.prefix_cache
	@$(BIN)/python -m guided_profile.evals.benches.evidence --half report
	@$(BIN)/python -m guided_profile.evals.benches.writes

# FILE: labelled sentences of your own; a run that was stopped goes on
bench-evidence: $(VENV)/.local
	@$(BIN)/python -m guided_profile.evals.benches.evidence $(if $(FILE),"$(FILE)")

bench-poison: $(VENV)/.local
	@$(BIN)/python -m guided_profile.evals.benches.poison tests/data/poison.jsonl

bench-peers: $(VENV)/.peers
	@$(BIN)/python -m guided_profile.evals.benches.peers

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.local: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing into $(VENV) (a minute or two, once)"
	@$(INSTALL) -e '.[local]'
	@touch $@

$(VENV)/.evals: $(VENV)/.local
	@$(INSTALL) -e '.[local,evals]'
	@touch $@

$(VENV)/.peers: $(VENV)/.local
	@$(INSTALL) -e '.[local,evals,peers]'
	@touch $@

$(VENV)/.dev: $(VENV)/.local
	@echo "installing the development tools into $(VENV)"
	@$(INSTALL) -e '.[local,server,aegra,chats,tables,evals,agent,mcp,dev]'
	@touch $@

clean:
	@rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
