# Targets set themselves up: they make .venv from requirements.lock when it is missing or out of date.
# `make PYTHON=/path/to/python3.12 …` names the interpreter; otherwise the first fit one on the PATH serves.

SHELL := /bin/sh
VENV  := .venv
PY    := $(VENV)/bin/python
STAMP := $(VENV)/.complete
PYTHON ?=
# With NO_INSTALL=1 the environment stays as it is, whatever the lock says.
SETUP := $(if $(NO_INSTALL),,$(STAMP))
LOOKED_FOR := $(if $(PYTHON),"$(PYTHON)",python3 python3.13 python3.12 python3.11 python)

# A backend chosen in the user's shell would keep the figures out of the executed notebooks.
unexport MPLBACKEND
# Nothing mixes in that is installed elsewhere.
unexport PYTHONPATH PYTHONHOME

# A page holds no progress bars.
book outputs: export TQDM_DISABLE := 1

.PHONY: help book pdf test bench lint outputs colab lock clean distclean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

book: $(SETUP) ## run every chapter, build the HTML, check it in a browser, print its address
	rm -rf _build/html _build/.doctrees _build/jupyter_execute _build/book.pdf
	$(VENV)/bin/jupyter-book build . --all -W -n --keep-going
	$(PY) -m pytest -q -n 2 tests/html
	@cat _build/times.txt
	@$(PY) -c 'import pathlib; print("The book:", pathlib.Path("_build/html/index.html").resolve().as_uri())'

# The search for Chromium, and what is watched while a page draws, are those of the tests.
pdf: $(SETUP) ## print the built book as one PDF
	PYTHONPATH=tests $(PY) book/paper.py

# Two processes with a thread each: with two each they would wait for one another.
IN_TWO := TF_NUM_INTRAOP_THREADS=1 OMP_NUM_THREADS=1 $(PY) -m pytest -n 2

# Notebooks run on the sample of MNIST, which is everywhere: what they print, progress bars included, is compared with
# what is stored.
test: $(SETUP) ## unit tests, then every notebook
	$(IN_TWO) --dist loadfile
	AECOURSE_MNIST=sample TQDM_DISABLE=1 $(IN_TWO) --dist loadscope --nbval-lax --nbval-current-env --nbval-cell-timeout 1800 --ignore=book/assignments book/

bench: $(SETUP) ## measure the trainer against keras.Model.fit
	$(PY) benchmarks/run.py

lint: $(SETUP) ## style of the code, hygiene of the notebooks
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) tests/tidy_notebooks.py --check

outputs: $(SETUP) ## run the chapters, store anew what cells tagged nbval-check-output print
	AECOURSE_MNIST=sample $(PY) tests/tidy_notebooks.py --run

colab: $(SETUP) ## give each chapter a first cell that installs the package in Colab
	$(PY) tests/tidy_notebooks.py --colab

# uv resolves for every platform and Python version at once, pip for the running one only.
# Without UPGRADE=1 the pins that still fit stay.
lock: ## resolve requirements.lock anew (UPGRADE=1: take the newest versions)
	@$(find_python); "$$python" -m venv --clear _build/lock
	_build/lock/bin/python -m pip install --quiet uv
	_build/lock/bin/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	    --no-annotate --no-header --quiet $(if $(UPGRADE),--upgrade) --output-file requirements.lock
	rm -rf _build/lock

clean: ## remove what was built
	rm -rf _build .pytest_cache .ruff_cache
	find aecourse tests book benchmarks -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## remove the environment as well
	rm -rf $(VENV)

# The stamp is written last, so an interrupted install starts over. It records what the environment was
# made for: scripts in it hold absolute paths, so a moved checkout needs a new one, as does another PYTHON.
fits = grep -qxF 'folder: $(CURDIR)' $(STAMP) && $(PY) -c '' && \
       { test -z '$(PYTHON)' || grep -qxF 'python: $(PYTHON)' $(STAMP); }
ifneq ($(shell { $(fits); } 2>/dev/null && echo yes),yes)
.PHONY: $(STAMP)
endif

$(STAMP): pyproject.toml requirements.lock
	@if { $(fits); } 2>/dev/null; then rm -f $(STAMP); else \
	    $(find_python); \
	    echo "Making $(VENV) with $$python: TensorFlow alone is 600 MB, so the first time takes some minutes."; \
	    "$$python" -m venv --clear $(VENV); \
	fi
	$(PY) -m pip install --disable-pip-version-check -r requirements.lock
	$(PY) -m pip install --disable-pip-version-check --no-build-isolation --no-deps -e .
	@printf '%s\n' 'folder: $(CURDIR)' 'python: $(PYTHON)' > $(STAMP)

# Sets the shell's variable `python`, or says what is missing. Debian's Python without python3-venv has no ensurepip.
find_python = python=; \
    for name in $(LOOKED_FOR); do \
        if "$$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; \
        then python=$$name; break; fi; \
    done; \
    if [ -z "$$python" ]; then \
        echo 'No Python 3.11, 3.12 or 3.13 with venv and pip found. Looked for: '$(LOOKED_FOR)'.' >&2; \
        echo 'Install one (Debian and Ubuntu: python3-venv as well), or name it: make PYTHON=/path/to/python3.12 ...' >&2; \
        exit 1; \
    fi
