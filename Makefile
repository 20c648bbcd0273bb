# make demo    the main job on a simulated AWS, no account needed
# make test    everything that has to hold; installs what it needs
# make build   bin/credd and bin/credhelper
# make release dist/: binaries, archives, packages, formula, manifest, parts and checksums; VERSION=1.2.0, BASE_URL=https://…,
#              ONLY=linux/amd64 for some targets
# make release-check   the same from two clean clones, which have to be the same bytes
# make fuzz    every parser, FUZZTIME each (default 60s)
# make bench   what facts are claimed, as ratios

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS   = -s -w
FUZZTIME ?= 60s
export CGO_ENABLED ?= 0

BASE_URL  ?= https://downloads.credd.example

.PHONY: build demo test release release-check lint cross unit fuzz bench clean

build:
	go build -trimpath -ldflags '$(LDFLAGS) -X main.version=$(VERSION)' -o bin/credhelper ./cmd/credhelper
	go build -trimpath -ldflags '$(LDFLAGS) -X credd/internal/cli.Version=$(VERSION)' -o bin/credd ./cmd/credd

demo: build
	@go build -trimpath -o bin/demo ./internal/demo
	@bin/demo

test:
	@scripts/test

release:
	@scripts/release-tools
	@go run ./packaging/release --base-url '$(BASE_URL)' $(if $(filter-out file,$(origin VERSION)),--version '$(VERSION)') $(if $(ONLY),--only '$(ONLY)')

release-check:
	@scripts/release-check

fuzz:
	@scripts/fuzz $(FUZZTIME)

bench: build
	@bench/run

clean:
	rm -rf bin dist .cache
