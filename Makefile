# The work is done by book/install.py and book/__main__.py; Windows runs them by name (see README.md).
PYTHON ?= python3
BIN = .venv/bin
# Written when .venv holds what these two files ask for; with Triton it is another file.
READY = .venv/ready$(TRITON:%=-triton)
ONE = $(CHAPTER:%=--chapter %)
VERSION = -c 'import sys; print(*sys.version_info[:3], sep=".")'
# A Python that was named must be that of the set-up that is there.
ifeq ($(origin PYTHON), command line)
SAME = same
endif

help: ## Lists the targets.
	@echo 'The targets are:'
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  make \1:	/' | expand -t 20
	@echo
	@echo 'These settings go behind a target, as in make book CHAPTER=04:'
	@echo '  CHAPTER=04          Runs one chapter alone (make book, make run).'
	@echo '  PYTHON=python3.12   Sets up with this Python, which must be 3.11 or newer.'
	@echo '  TORCH_INDEX=URL     Takes torch from this index; pypi means its default build,'
	@echo '                      which on Linux is the large one for CUDA.'
	@echo '  TRITON=1            Installs Triton as well (1 GB, Linux), for the tests of CUDA kernels.'
	@echo '  CONSTRAINTS=        Takes the newest versions, on a fresh clone, not the pinned ones.'

book: $(READY) ## Runs the chapters that have changed and builds the book.
	@$(BIN)/python -m book $(ONE)

test: $(READY) ## Runs every test.
	@$(BIN)/python -m pytest -n 2 --dist loadfile

check: test ## Runs every test, as CI does.

run: $(READY) ## Runs the chapters that have changed and writes the outputs into their .ipynb.
	@$(BIN)/python -m book run $(ONE)

lab: $(READY) ## Opens the chapters in JupyterLab.
	@$(BIN)/python -m jupyterlab --LabApp.default_url=/lab/tree/chapters

student: $(READY) ## Writes build/student: the chapters without solutions, to hand out.
	@$(BIN)/python -m book student

instructor: $(READY) ## Writes build/instructor: the chapters with every exercise solved.
	@$(BIN)/python -m book instructor

slides: $(READY) ## Writes build/slides: the chapters' pictures as pages of slides.
	@$(BIN)/python -m book slides

clean: ## Removes the book and the caches, so that every chapter runs again; .venv stays.
	@rm -rf build .pytest_cache .ruff_cache .mypy_cache .hypothesis

$(READY): pyproject.toml constraints.txt | $(SAME)
	@$(PYTHON) -m book.install
	@touch $@

same:
	@[ ! -x $(BIN)/python ] || [ "$$($(PYTHON) $(VERSION))" = "$$($(BIN)/python $(VERSION))" ] || \
	{ echo "The set-up in .venv is not of $(PYTHON); remove the folder .venv to change it." >&2; exit 2; }

.PHONY: same help book test check run lab student instructor slides clean
