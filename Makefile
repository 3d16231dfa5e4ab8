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
# Parts under construction. The architecture test logs what they lack, instead of failing.
GROWING :=
# The parts for demo and bench: make demo PARTS=janitor, make bench PART=janitor.
PARTS ?= $(filter-out $(GROWING),$(ALL_PARTS))
PART ?= $(filter-out $(GROWING),$(ALL_PARTS))
# The stage, and the fuzzing time for each target: make synth STAGE=prod, make fuzz FUZZTIME=1m.
STAGE ?=
FUZZTIME ?= 10s
# The browser that looks at pages and draws the pictures: empty is the one that npm brings, else the system's.
export CHROMIUM ?=

# The same flags give the same bytes in every checkout and at every commit, so that
# unchanged code is not deployed again. Without lambda.norpc a binary is 40 % larger. With
# nethttpomithttp2 it is 0.3 to 0.4 MB smaller and its zip 0.15 MB; a function then speaks HTTP/1.1
# alone: where an endpoint offers HTTP/2, calls at once take a connection each, of which the client keeps 64.
GO_BUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=false
# A function says which sources it is of, and a release's which release: make release sets RELEASE.
LAMBDA_BUILD := $(GO_BUILD) -tags lambda.norpc,nethttpomithttp2 -ldflags "-s -w -buildid= -X caretaker/internal/release.version=$$version"
RELEASE ?=
OF_SOURCES = $(if $(RELEASE),echo $(RELEASE),go run ./internal/release/stamp $(1))
HOST_BUILD = $(GO_BUILD) -ldflags "-s -w$(STAMP)"

ARM64 := $(FUNCTIONS:%=dist/%/bootstrap)
X86_64 := $(FUNCTIONS:%=dist/x86_64/%/bootstrap)
# Functions that are looked after, in tests, demo and bench.
SAMPLES := test/warmer/instrumented
HOST := $(patsubst %,dist/host/%/bootstrap,$(FUNCTIONS) $(SAMPLES))

VENV := .venv/.ready
NODE_MODULES := node_modules/.package-lock.json

# A real OpenSearch for the log-shipper: where Java and Maven are. Elsewhere a stand-in answers in its place.
OPENSEARCH := .tools/opensearch-2.19.1

# It looks at the pages that Caretaker writes: for make test and make pictures alone.
BROWSER := test/browser/node_modules/.package-lock.json

GOFUMPT := .tools/gofumpt-v0.12.0/gofumpt
STATICCHECK := .tools/staticcheck-v0.8.2/staticcheck
GOSEC := .tools/gosec-v2.30.0/gosec

say = @echo "$(1)" >&2
compiling = @[ -x $@ ] || echo "compiling $@ (up to a minute, once) ..." >&2

# Slow tests: the templates, and those that start real deployments.
SLOW := ^caretaker/(cdk|test)(/|$$)
# What is not compiled for macOS: the CDK library takes minutes and does not depend on the system.
PORTABLE := ^caretaker/(cdk|test)(/|$$)

.PHONY: help setup caretaker release release-twice build demo test unit check bench pictures golden schema prices synth deploy diff destroy synth-app fuzz drift clean FORCE opensearch browser need-go need-node need-python

help: ## list these targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV) $(NODE_MODULES) opensearch | need-go ## install what the other targets need: .venv, node_modules, and OpenSearch where Java 17 is

caretaker: dist/caretaker ## build the command line alone, dist/caretaker: with Go alone (about a minute, once)

build: dist/caretaker dist/cdk $(ARM64) ## build dist/caretaker, dist/cdk and dist/<part>/bootstrap (Linux on arm64)

# VERSION is that of the release, and SYSTEMS what its command line is for. CONFIG, STAGE and SET are what its
# functions and templates are made with. After the first time nothing is fetched.
VERSION ?=
SYSTEMS ?= linux-amd64 linux-arm64 darwin-amd64 darwin-arm64
CONFIG ?=
SET ?=
PACK = $(if $(CONFIG),-config $(CONFIG)) $(if $(STAGE),-stage $(STAGE)) $(if $(SET),-set '$(SET)') -systems '$(SYSTEMS)' $(VERSION)

release: | need-go need-node ## pack a release into dist/release, and give the changelog its heading (VERSION=1.0.0)
	@go run ./cmd/release check $(PACK)
	@GOPROXY=off $(MAKE) --no-print-directory RELEASE=$(VERSION) dist/cdk $(ARM64) $(X86_64) $(SYSTEMS:%=dist/release/%/caretaker)
	@GOPROXY=off go run ./cmd/release pack $(PACK)

# The same commit in two folders of other names: not a byte may differ.
release-twice: | need-go need-node ## make a release in two fresh clones, and compare them (VERSION=1.0.0)
	@set -e; folder=$$(mktemp -d); trap 'chmod -R u+w "$$folder"; rm -rf "$$folder"' EXIT; \
	for clone in first second/below; do \
		git clone --quiet --no-hardlinks . "$$folder/$$clone"; \
		$(MAKE) --no-print-directory -C "$$folder/$$clone" release VERSION=$(VERSION) SYSTEMS='$(SYSTEMS)' CONFIG='$(CONFIG)' STAGE='$(STAGE)' SET='$(SET)'; \
	done; \
	diff -r "$$folder/first/dist/release/$(VERSION)" "$$folder/second/below/dist/release/$(VERSION)"; \
	cat "$$folder/first/dist/release/$(VERSION)/SHA256SUMS"; \
	echo "both releases have the same bytes" >&2

demo: $(VENV) $(NODE_MODULES) opensearch dist/demo dist/caretaker dist/cdk $(HOST) ## watch the main job on a fleet in an emulated AWS (PARTS=janitor for one part)
	@exec dist/demo $(PARTS)

test: setup build $(HOST) browser ## run all tests, including end to end: half an hour
	$(call say,1/3 the fast part (make unit))
	@$(MAKE) --no-print-directory unit
	$(call say,2/3 the templates that the CDK app makes)
	@go test -count=1 -timeout 10m ./cdk/...
	$(call say,3/3 end to end: real deployments into the emulator)
	@go test -count=1 -timeout 14m ./test/...
	$(call say,all tests passed)
	@node test/browser/which.mjs

unit: $(VENV) $(SAMPLES:%=dist/host/%/bootstrap) | need-go ## run the fast tests: under a minute once everything is compiled
	@go test -p 4 -timeout 10m $$(go list ./... | grep -Ev '$(SLOW)') # they wait for emulators most of the time

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

pictures: $(VENV) $(NODE_MODULES) dist/demo dist/caretaker dist/cdk $(HOST) browser ## draw the pictures of README and docs anew (CHROMIUM=/usr/bin/chromium for another browser)
	@dist/demo alerts
	@dist/caretaker alerts preview --config none --sample --output dist/alerts/preview.html
	@node test/browser/look.mjs dist/alerts/open.html 760x480,light,docs/alerts-message.png 760x480,dark,docs/alerts-message-dark.png 390x760,light,docs/alerts-message-phone.png >/dev/null
	@node test/browser/look.mjs dist/alerts/first.html 760x720,light,docs/alerts-chart.png >/dev/null
	@node test/browser/look.mjs dist/alerts/preview.html 1280x1000,light,docs/alerts-dashboards.png,section 1280x1000,dark,docs/alerts-dashboards-dark.png,section 390x844,light,docs/alerts-dashboards-phone.png >/dev/null

golden: setup $(HOST) ## rewrite the expected templates from what the CDK app makes
	@go test ./cdk/... -update

schema: | need-go ## rewrite caretaker.schema.json from the Go types
	@mkdir -p dist
	@go run ./internal/config/schema >dist/caretaker.schema.json
	@mv dist/caretaker.schema.json caretaker.schema.json

# FROM is files or addresses of AWS's lists, in JSON, instead of its own: FROM="AmazonKinesis.json AmazonDynamoDB.json".
FROM ?=

prices: | need-go ## rewrite limit-raiser/prices.csv from AWS's public price list (FROM=file for a copy of it)
	@mkdir -p dist
	@go run ./cmd/pricelist $(FROM) >dist/prices.csv
	@mv dist/prices.csv limit-raiser/prices.csv

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
dist/caretaker $(SYSTEMS:%=dist/release/%/caretaker): STAMP = $(shell commit=$$(git log -1 --abbrev=12 --format='%h of %cs' 2>/dev/null) && \
	{ git diff --quiet HEAD || commit="$$commit with changes"; echo " -X 'main.commit=$$commit'"; }) \
	-X caretaker/internal/release.version=$(RELEASE) -X 'caretaker/internal/release.functions=$(if $(RELEASE),,$(shell go run ./internal/release/stamp $(FUNCTIONS)))'

$(SYSTEMS:%=dist/release/%/caretaker): dist/release/%/caretaker: FORCE | need-go
	$(compiling)
	@GOOS=$(word 1,$(subst -, ,$*)) GOARCH=$(word 2,$(subst -, ,$*)) $(HOST_BUILD) -o $@ ./cmd/caretaker

dist/caretaker dist/demo dist/bench: FORCE | need-go
	@[ -d cmd/$(@F) ] || { echo "there is no cmd/$(@F) to build $@ from" >&2; exit 1; }
	$(compiling)
	@$(HOST_BUILD) -o $@ ./cmd/$(@F)

# The emulator runs functions as processes of this machine.
dist/host/%/bootstrap: FORCE | need-go
	$(compiling)
	@version=$$($(call OF_SOURCES,$*)) && $(LAMBDA_BUILD) -o $@ ./$*/lambda

dist/x86_64/%/bootstrap: FORCE | need-go
	$(compiling)
	@version=$$($(call OF_SOURCES,$*)) && GOOS=linux GOARCH=amd64 $(LAMBDA_BUILD) -o $@ ./$*/lambda

dist/%/bootstrap: FORCE | need-go
	$(compiling)
	@version=$$($(call OF_SOURCES,$*)) && GOOS=linux GOARCH=arm64 $(LAMBDA_BUILD) -o $@ ./$*/lambda

$(VENV): requirements.txt | need-python
	$(call say,installing the AWS emulator and cfn-lint (Python$(,) about a minute$(,) once) ...)
	@python3 -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.txt
	@.venv/bin/python -m pip check --quiet --disable-pip-version-check
	@touch $@

$(NODE_MODULES): package.json package-lock.json | need-node
	$(call say,installing the CDK command line (Node$(,) about a minute$(,) once) ...)
	@npm ci --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

# Never an error: what is missing is said, and the stand-in is used.
opensearch:
	@version=$$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p'); \
	if [ "$${version:-0}" -lt 17 ] || ! command -v mvn >/dev/null; then \
		[ -f $(OPENSEARCH)/.told ] || echo "no Java 17 with Maven here: a stand-in will answer in place of OpenSearch" >&2; \
		mkdir -p $(OPENSEARCH) && touch $(OPENSEARCH)/.told; \
	else \
		$(MAKE) --no-print-directory --silent $(OPENSEARCH)/.ready || \
		echo "OpenSearch could not be resolved: a stand-in will answer in its place" >&2; \
	fi

# Never an error: where it cannot be installed, the system's is looked for, and what cannot be checked is said.
browser: | need-node
	@$(MAKE) --no-print-directory --silent $(BROWSER) || echo "the browser of npm could not be installed: one of the system is looked for" >&2

$(BROWSER): test/browser/package.json test/browser/package-lock.json
	$(call say,installing a browser for the tests (70 MB$(,) once) ...)
	@cd test/browser && npm ci --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

$(OPENSEARCH)/.ready: internal/opensearch/node/pom.xml internal/opensearch/node/Main.java
	$(call say,installing OpenSearch (Maven$(,) half a minute$(,) once) ...)
	@mvn -q -B -f $< -Dinto=$(CURDIR)/$(@D) compile >&2
	@touch $@

$(GOFUMPT): | need-go
	$(call say,installing gofumpt (once) ...)
	@GOBIN=$(CURDIR)/$(@D) go install mvdan.cc/gofumpt@v0.12.0

$(STATICCHECK): | need-go
	$(call say,installing staticcheck (a minute$(,) once) ...)
	@GOBIN=$(CURDIR)/$(@D) go install honnef.co/go/tools/cmd/staticcheck@v0.8.2

$(GOSEC): | need-go
	$(call say,installing gosec (a minute$(,) once) ...)
	@GOBIN=$(CURDIR)/$(@D) go install github.com/securego/gosec/v2/cmd/gosec@v2.30.0

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
