# Everything here does its own set-up, into folders that git ignores, and keeps it
# for the next time. Written for GNU make 3.81, which macOS has, and newer.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:

# A part is a folder with a Lambda function in it. A second function of the part is in a
# folder below: alerts/lambda, alerts/notify/lambda.
FUNCTIONS := $(patsubst %/lambda/main.go,%,$(wildcard */lambda/main.go */*/lambda/main.go))
ALL_PARTS := $(sort $(foreach function,$(FUNCTIONS),$(firstword $(subst /, ,$(function)))))
# The parts for demo and bench: make demo PARTS=janitor, make bench PART=janitor.
PARTS ?= $(ALL_PARTS)
PART ?= $(ALL_PARTS)
# The stage, and the fuzzing time for each target: make synth STAGE=prod, make fuzz FUZZTIME=1m.
STAGE ?=
FUZZTIME ?= 10s

# The same flags give the same bytes in every checkout and at every commit, so that
# unchanged code is not deployed again. Without lambda.norpc a binary is 40 % larger.
GO_BUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=false
LAMBDA_BUILD := $(GO_BUILD) -tags lambda.norpc -ldflags "-s -w -buildid="
HOST_BUILD = $(GO_BUILD) -ldflags "-s -w$(STAMP)"

ARM64 := $(FUNCTIONS:%=dist/%/bootstrap)
X86_64 := $(FUNCTIONS:%=dist/x86_64/%/bootstrap)
HOST := $(FUNCTIONS:%=dist/host/%/bootstrap)

VENV := .venv/.ready
NODE_MODULES := node_modules/.package-lock.json

GOFUMPT := .tools/gofumpt-v0.12.0/gofumpt
STATICCHECK := .tools/staticcheck-v0.8.2/staticcheck
GOSEC := .tools/gosec-v2.22.11/gosec

say = @echo "$(1)" >&2
compiling = @[ -x $@ ] || echo "compiling $@ (up to a minute, once) ..." >&2

# Slow tests: the templates, and those that start real deployments.
SLOW := ^caretaker/(cdk|test)(/|$$)
# What is not compiled for macOS: the CDK library takes minutes and does not depend on the system.
PORTABLE := ^caretaker/(cdk|test)(/|$$)

.PHONY: help setup build demo test unit check bench golden schema synth deploy diff destroy synth-app fuzz drift clean FORCE need-go need-node need-python

help: ## list these targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV) $(NODE_MODULES) | need-go ## install what the other targets need: .venv, node_modules

build: dist/caretaker dist/cdk $(ARM64) ## build dist/caretaker, dist/cdk and dist/<part>/bootstrap (Linux on arm64)

demo: $(VENV) $(NODE_MODULES) dist/demo dist/caretaker dist/cdk $(HOST) ## watch the main job on a fleet in an emulated AWS (PARTS=janitor for one part)
	@exec dist/demo $(PARTS)

test: setup build $(HOST) ## run all tests, including end to end: up to 15 minutes
	$(call say,1/3 the fast part (make unit))
	@$(MAKE) --no-print-directory unit
	$(call say,2/3 the templates that the CDK app makes)
	@go test -count=1 -timeout 10m ./cdk/...
	$(call say,3/3 end to end: real deployments into the emulator)
	@go test -count=1 -timeout 14m ./test/...
	$(call say,all tests passed)

unit: $(VENV) | need-go ## run the fast tests: under a minute once everything is compiled
	@go test -p 4 -timeout 5m $$(go list ./... | grep -Ev '$(SLOW)') # they wait for emulators most of the time

check: $(GOFUMPT) $(STATICCHECK) $(GOSEC) | need-go ## format, vet, staticcheck, gosec, architecture, modules, macOS
	$(call say,gofumpt)
	@unformatted=$$($(GOFUMPT) -l $$(go list -f '{{.Dir}}' ./...)) || exit 1; \
	if [ -n "$$unformatted" ]; then echo "not formatted, run $(GOFUMPT) -w on:"; echo "$$unformatted"; exit 1; fi >&2
	$(call say,go vet)
	@go vet ./...
	$(call say,go vet for macOS)
	@CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 go vet $$(go list ./... | grep -Ev '$(PORTABLE)')
	$(call say,staticcheck)
	@$(STATICCHECK) ./...
	$(call say,gosec)
	@$(GOSEC) -quiet -exclude-dir=node_modules ./...
	$(call say,the architecture)
	@go test -count=1 ./internal/architecture
	$(call say,go mod verify and go mod tidy)
	@go mod verify >/dev/null
	@go mod tidy -diff

bench: setup dist/bench $(ARM64) $(HOST) ## measure, one line for each figure (PART=janitor for one part); exit 1 if one misses its goal
	@exec dist/bench $(PART)

golden: setup $(HOST) ## rewrite the expected templates from what the CDK app makes
	@go test ./cdk/... -update

schema: | need-go ## rewrite caretaker.schema.json from the Go types
	@mkdir -p dist
	@go run ./internal/config/schema >dist/caretaker.schema.json
	@mv dist/caretaker.schema.json caretaker.schema.json

synth: $(NODE_MODULES) ## write the CloudFormation templates to cdk.out (STAGE=prod for a stage)
	@node_modules/.bin/cdk synth --quiet $(if $(STAGE),-c stage=$(STAGE))

# STAGE is given to the CDK as -c stage=: it does not know --stage, and would go on with the base of
# the file.
deploy: $(NODE_MODULES) ## deploy to the account of your credentials (STAGE=prod for a stage)
	@node_modules/.bin/cdk deploy --all $(if $(STAGE),-c stage=$(STAGE))

diff: $(NODE_MODULES) ## show what deploy would change (STAGE=prod for a stage)
	@node_modules/.bin/cdk diff $(if $(STAGE),-c stage=$(STAGE))

destroy: $(NODE_MODULES) ## remove what was deployed, after asking (STAGE=prod for a stage)
	@node_modules/.bin/cdk destroy --all $(if $(STAGE),-c stage=$(STAGE))

# cdk.json calls this before dist/cdk: it builds what is missing or old for the requested
# architecture, unless the caller supplies the binaries, and prints everything on stderr.
synth-app: dist/cdk
	@case "$$CDK_CONTEXT_JSON" in \
	*'"assets":'*) ;; \
	*'"arch":"x86_64"'*) $(MAKE) --no-print-directory $(X86_64) >&2 ;; \
	*) $(MAKE) --no-print-directory $(ARM64) >&2 ;; \
	esac

fuzz: | need-go ## feed random input to each decoder (FUZZTIME=1m for longer)
	@targets=$$(grep -rEo --include='*_test.go' --exclude-dir=node_modules '^func Fuzz[A-Za-z0-9_]+' . | sed 's/func //'); \
	if [ -z "$$targets" ]; then echo "there is nothing to fuzz: no test begins with Fuzz" >&2; exit 1; fi; \
	for target in $$targets; do \
		echo "$$target" >&2; \
		go test "$$(dirname "$${target%%:*}")" -run '^$$' -fuzz "^$${target##*:}\$$" -fuzztime $(FUZZTIME) || exit 1; \
	done

drift: $(VENV) | need-go ## test the emulator without each of its corrections, to see whether it is still needed
	@mkdir -p dist
	@go test -c -o dist/emulator.test ./internal/emulator
	@go run ./internal/emulator/drift dist/emulator.test

clean: ## remove what was built; what was installed stays (.venv, node_modules, .tools)
	@rm -rf dist cdk.out

# Go knows best what is out of date: each of these asks it, and returns at once if nothing is.
FORCE:

dist/cdk: FORCE | need-go
	@[ -x $@ ] || echo "compiling the CDK app (the CDK library takes 1 to 3 minutes, once) ..." >&2
	@$(HOST_BUILD) -o $@ ./cdk

# The command line names its commit; everything else stays the same from commit to commit. Git
# supplies it, since Go's own stamp is missing in a worktree.
dist/caretaker: STAMP = $(shell commit=$$(git log -1 --abbrev=12 --format='%h of %cs' 2>/dev/null) && \
	{ git diff --quiet HEAD || commit="$$commit with changes"; echo " -X 'main.commit=$$commit'"; })

dist/caretaker dist/demo dist/bench: FORCE | need-go
	@[ -d cmd/$(@F) ] || { echo "there is no cmd/$(@F) to build $@ from" >&2; exit 1; }
	$(compiling)
	@$(HOST_BUILD) -o $@ ./cmd/$(@F)

# The emulator runs functions as processes of this machine.
dist/host/%/bootstrap: FORCE | need-go
	$(compiling)
	@$(LAMBDA_BUILD) -o $@ ./$*/lambda

dist/x86_64/%/bootstrap: FORCE | need-go
	$(compiling)
	@GOOS=linux GOARCH=amd64 $(LAMBDA_BUILD) -o $@ ./$*/lambda

dist/%/bootstrap: FORCE | need-go
	$(compiling)
	@GOOS=linux GOARCH=arm64 $(LAMBDA_BUILD) -o $@ ./$*/lambda

$(VENV): requirements.txt | need-python
	$(call say,installing the AWS emulator and cfn-lint (Python$(,) about a minute$(,) once) ...)
	@python3 -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(NODE_MODULES): package.json package-lock.json | need-node
	$(call say,installing the CDK command line (Node$(,) about a minute$(,) once) ...)
	@npm ci --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

$(GOFUMPT): | need-go
	$(call say,installing gofumpt (once) ...)
	@GOBIN=$(CURDIR)/$(@D) go install mvdan.cc/gofumpt@v0.12.0

$(STATICCHECK): | need-go
	$(call say,installing staticcheck (a minute$(,) once) ...)
	@GOBIN=$(CURDIR)/$(@D) go install honnef.co/go/tools/cmd/staticcheck@v0.8.2

$(GOSEC): | need-go
	$(call say,installing gosec (a minute$(,) once) ...)
	@GOBIN=$(CURDIR)/$(@D) go install github.com/securego/gosec/v2/cmd/gosec@v2.22.11

, := ,

need-go:
	@version=$$(go env GOVERSION 2>/dev/null) || version=none; \
	minor=$${version#go1.}; minor=$${minor%%[!0-9]*}; \
	[ "$${minor:-0}" -ge 26 ] || { echo "Go 1.26 or newer is needed (found: $$version): https://go.dev/dl/" >&2; exit 1; }

need-node:
	@version=$$(node -p process.versions.node 2>/dev/null) || version=none; \
	major=$${version%%.*}; \
	[ "$$major" -ge 20 ] 2>/dev/null && command -v npm >/dev/null || { echo "Node 20 or newer with npm is needed (found: $$version): https://nodejs.org/" >&2; exit 1; }

need-python:
	@version=$$(python3 -c 'import platform; print(platform.python_version())' 2>/dev/null) || version=none; \
	python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	{ echo "Python 3.11 or newer with venv is needed (found: $$version; on Debian and Ubuntu venv is in python3-venv): https://www.python.org/" >&2; exit 1; }
