# Tocsin. `make` alone lists what there is.
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  = -s -w -X tocsin/internal/cli.version=$(VERSION)
FUZZTIME ?= 10s

.DEFAULT_GOAL := help
.PHONY: help run build test race lint bench fuzz crash screenshots rewrite clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

run: ## the demo, on embedded storage
	$(GO) run . demo

build: ## the binary, in bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/tocsin .

test: ## all tests; those that need a missing program say so and skip
	$(GO) test ./...

race: ## all tests under the race detector
	$(GO) test -race ./...

lint: ## gofmt, vet, staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo 'run gofmt'; exit 1; }
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@2026.1 ./... || $(GO) run honnef.co/go/tools/cmd/staticcheck@latest ./...

bench: ## the figures of docs/benchmarks.md, on this machine
	$(GO) run ./internal/bench

fuzz: ## every fuzz target for FUZZTIME each
	@for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg 2>/dev/null | grep '^Fuzz'); do \
	    echo "== $$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; done; done

crash: ## the kill -9 loop, with its report
	TOCSIN_CRASH_ROUNDS=20 $(GO) test -count=1 -v -run TestKillNine ./internal/e2e/

screenshots: ## docs/img/*.png, by the browser test
	TOCSIN_SCREENSHOTS=$(CURDIR)/docs/img $(GO) test -count=1 ./internal/web/browsertest/

rewrite: ## write the transcripts of scenarios/ anew; read the diff before committing
	$(GO) test ./internal/core/scenario/ -rewrite

clean: ## remove what was built
	rm -rf bin
