# Natterjack's commands. Each one first does the set-up that it still misses: stamps in
# .venv say what is there, so a second call goes straight to its work.
#
# HOST, PORT, DATA_DIR and every other setting reach the programs as environment variables,
# from the shell (`PORT=9000 make run`) or as arguments (`make run PORT=9000`).

PYTHON ?= python3
WORKERS ?= 2
PYTEST_ARGS ?=
SCENARIO ?=
SIZE ?=
MINUTES ?=
MUTANT ?=
FUZZ_SECONDS ?= 60
BACKEND ?=
SOAK_ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
NODE := tests/node/node_modules/.package-lock.json
PEERS_NODE := bench/peers/socketio/node_modules/.package-lock.json
PIP_INSTALL := $(PY) -m pip --quiet --quiet --disable-pip-version-check install --require-hashes

# An empty setting means "the default", not "the empty string".
$(foreach name,HOST PORT DATA_DIR,$(if $($(name)),,$(eval unexport $(name))))

# Tests and checks answer for the checkout, whatever site this shell is set up for, and never
# touch that site's data.
SITE_SETTINGS := DATABASE_URL DEBUG EMAIL_URL HOST LANGUAGE_CODE LIMIT_FRAMES LIMIT_HOOKS LIMIT_JOINS \
	LIMIT_POSTS LIMIT_READS LIMIT_SIGNINS LIMIT_SOCKETS LIMIT_STREAMS PORT REDIS_URL SECRET_KEY \
	SECRET_KEY_FALLBACKS SITE_URL TIME_ZONE WEBHOOK_ALLOW
OWN_ENV = env $(addprefix -u ,$(SITE_SETTINGS)) DATA_DIR=var/$@

# An interpreter that was removed or replaced since leaves a dangling link: set up again.
STALE := $(shell test -x $(PY) || echo stale)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run demo test fuzz lint bench bench-check peers mutants soak lock stale

help:
	@echo "make run     set up what is missing and serve on http://127.0.0.1:8000"
	@echo "make demo    the same with an invented team, on data of its own (var/demo)"
	@echo "make test    the whole suite; WORKERS=$(WORKERS), PYTEST_ARGS='-k invite'"
	@echo "make fuzz    the frame parser against a minute of made-up frames; FUZZ_SECONDS=600"
	@echo "make lint    style, types, templates, migrations"
	@echo "make bench   the benchmarks, or one of them: SCENARIO=name; bench-check: only whether"
	@echo "             their results are right, on any machine, within two minutes"
	@echo "make peers   what the benchmarks compare us with; without it they say what is missing"
	@echo "make soak    the long proofs, for hours: SCENARIO=name SIZE=100 MINUTES=30 BACKEND=sqlite"
	@echo "make mutants seeded faults, each of which has to make a test fail; one: MUTANT=name"
	@echo "make lock    renew the three lock files"
	@echo
	@echo "From the environment: HOST, PORT, DATA_DIR, PYTHON (now $(PYTHON))."

# exec: Ctrl-C and SIGTERM reach the server itself, and its exit is the command's.
run: $(VENV)/.runtime
	@exec $(PY) manage.py serve

demo: $(VENV)/.runtime
	@exec sh tools/demo.sh $(PY)

# worksteal keeps a module's tests together, and so its servers, until a worker runs dry.
test: $(VENV)/.dev $(NODE)
	@sh tools/system_packages.sh
	@$(OWN_ENV) $(PY) -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

fuzz: $(VENV)/.dev
	@$(OWN_ENV) FUZZ_SECONDS=$(FUZZ_SECONDS) $(PY) -m pytest -q -p no:randomly -o timeout=0 \
		tests/test_frames_fuzz.py

lint: $(VENV)/.dev
	@echo "ruff" && $(PY) -m ruff check --quiet . && $(PY) -m ruff format --quiet --check .
	@echo "mypy" && $(OWN_ENV) $(PY) -m mypy --no-error-summary
	@echo "djlint" && $(PY) -m djlint --quiet --lint templates
	@echo "migrations" && $(OWN_ENV) $(PY) manage.py makemigrations --check --dry-run
	@echo "deployment" && $(OWN_ENV) SITE_URL=https://chat.example.org \
		$(PY) manage.py check --deploy --fail-level WARNING

bench: $(VENV)/.dev
	@$(OWN_ENV) $(PY) -m bench $(SCENARIO)

bench-check: $(VENV)/.dev
	@$(OWN_ENV) $(PY) -m bench --check $(SCENARIO)

peers: $(VENV)/.peers $(PEERS_NODE)
	@sh tools/system_packages.sh peers

# What was found is added to var/reports/soak.md; `.venv/bin/python -m soak --help` lists all.
soak: $(VENV)/.dev
	@sh tools/system_packages.sh
	@exec $(OWN_ENV) $(PY) -m soak $(SCENARIO) $(addprefix --size=,$(SIZE)) \
		$(addprefix --minutes=,$(MINUTES)) $(addprefix --backend=,$(BACKEND)) $(SOAK_ARGS)

# Some fifty starts of pytest, about ten minutes; the report is var/reports/mutants.md.
mutants: $(VENV)/.dev
	@sh tools/system_packages.sh
	@exec $(OWN_ENV) $(PY) -m mutants $(MUTANT)

# One lock for every Python from 3.11.0 up and every system. The settings of this machine's
# package tools stay out of it; the runtime lock binds the others, so that tests run on exactly
# the versions that are served, and peers beside them.
UV_COMPILE = env -u UV_INDEX -u UV_INDEX_URL -u UV_DEFAULT_INDEX -u UV_EXTRA_INDEX_URL \
	-u UV_FIND_LINKS -u UV_CONSTRAINT -u UV_OVERRIDE -u UV_PRERELEASE -u UV_EXCLUDE_NEWER \
	$(PY) -m uv --no-config pip compile --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links \
	--custom-compile-command "make lock"

lock: $(VENV)/.dev
	@echo "Renewing requirements.lock, requirements-dev.lock and requirements-peers.lock ..."
	@$(UV_COMPILE) pyproject.toml --group server --output-file requirements.lock
	@$(UV_COMPILE) pyproject.toml --group server --group dev --constraint requirements.lock \
		--output-file requirements-dev.lock
	@$(UV_COMPILE) --group peers --constraint requirements-dev.lock \
		--output-file requirements-peers.lock

# -- Set-up --------------------------------------------------------------------------------

$(VENV)/.created: $(STALE)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Natterjack needs Python 3.11 or later; '$(PYTHON) --version' answers:" \
			"$$($(PYTHON) --version 2>&1). If a later one is installed, name it:" \
			"make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' lacks the module venv. On Debian and Ubuntu:" \
			"apt-get install python3-venv" >&2; exit 1; }
	@echo "Making the virtual environment $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.created requirements.lock
	@echo "Installing what Natterjack runs on (once, about a minute) ..."
	@$(PIP_INSTALL) -r requirements.lock
	@touch $@

$(VENV)/.dev: $(VENV)/.created requirements-dev.lock
	@echo "Installing what tests and checks need (once, a minute or two) ..."
	@$(PIP_INSTALL) -r requirements-dev.lock
	@touch $@ $(VENV)/.runtime

$(VENV)/.peers: $(VENV)/.dev requirements-peers.lock
	@echo "Installing what the benchmarks compare us with (once, some seconds) ..."
	@$(PIP_INSTALL) -r requirements-peers.lock
	@touch $@

# npm writes this file last, so it is the stamp of a whole set.
$(NODE): tests/node/package.json tests/node/package-lock.json
	@sh tools/system_packages.sh
	@echo "Installing what tests run in Node (once, some seconds) ..."
	@cd tests/node && npm ci --no-progress --loglevel=error
	@touch $@

$(PEERS_NODE): bench/peers/socketio/package.json bench/peers/socketio/package-lock.json
	@sh tools/system_packages.sh peers
	@echo "Installing what the benchmarks run in Node (once, some seconds) ..."
	@cd bench/peers/socketio && npm ci --no-progress --loglevel=error
	@touch $@
