# The work is done by book/install.py and book/__main__.py; Windows runs them by name (see README.md).
PYTHON ?= python3
BIN = .venv/bin
# Written when .venv holds what these two files ask for.
READY = .venv/ready

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  make \1:	/' | expand -t 16
	@echo
	@echo '  PYTHON=python3.12   the Python to set up with, 3.11 or newer'
	@echo '  TORCH_INDEX=URL     where torch comes from; pypi: its default build, on Linux for CUDA'
	@echo '  CONSTRAINTS=        newest versions instead of the pinned ones, on a fresh clone'

book: $(READY) ## execute every chapter and build the book
	@$(BIN)/python -m book

test: $(READY) ## run every test
	@$(BIN)/python -m pytest

check: test ## the same: what CI runs

run: $(READY) ## execute every chapter and write its outputs into its .ipynb
	@$(BIN)/python -m book run

lab: $(READY) ## open the chapters in JupyterLab
	@$(BIN)/python -m jupyterlab chapters

clean: ## remove the book and the caches; .venv stays
	@rm -rf build .pytest_cache .ruff_cache .hypothesis

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -m book.install
	@touch $@

.PHONY: help book test check run lab clean
