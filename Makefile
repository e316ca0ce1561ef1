# Footbridge's tasks. `make help` lists them.

SHELL := /bin/bash
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 3s
WINDOW_READY := command -v cc >/dev/null && echo '\#include <GL/gl.h>' | cc -E - >/dev/null 2>&1

# What the desktop app is built with, and draws with where there is no graphics card.
WINDOW_PACKAGES := gcc libc6-dev libgl1-mesa-dev libgl1-mesa-dri libwayland-dev libxkbcommon-dev xorg-dev
# What the tests talk to: Debian's OpenVPN as gateway and client, real name services in a booted container, a browser for sign-ins, a
# keyring, tokens for keys.
TEST_PACKAGES := ansible-core ca-certificates chromium chromium-driver curl dbus dbus-daemon debootstrap gcc gnome-keyring iproute2 iperf3 libc6-dev libnss3-tools minisign \
  opensc openssl openvpn openvpn-auth-radius procps shellcheck softhsm2 systemd-container \
  $(WINDOW_PACKAGES) xvfb xauth xdotool imagemagick tesseract-ocr gcc-mingw-w64-x86-64
# Servers that the tests talk to. They are unpacked, not installed, so that none of them becomes a service of this machine.
SERVER_PACKAGES := tinyproxy-bin squid microsocks dante-server libecap3 libnetfilter-conntrack3 libltdl7 libwrap0 libnfnetlink0 \
  freeradius freeradius-common libfreeradius3 libtalloc2 libpcre3 libct4 libwbclient0 libperl5.36
SERVERS := $(CURDIR)/.cache/servers
SERVER_PATH := $(SERVERS)/usr/bin:$(SERVERS)/usr/sbin

WINE_PACKAGES := wine64 gcc-mingw-w64-x86-64 imagemagick tesseract-ocr xvfb xdotool $(WINDOW_PACKAGES)

.PHONY: help build demo window windows wine test lint unit race fuzz-short fuzz bench pictures prepare prepare-window clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build the programs into bin/; the desktop app where a C compiler and OpenGL's headers are
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/...
	@if $(WINDOW_READY); then $(MAKE) --no-print-directory window; else echo "without the desktop app: make prepare-window installs what it needs"; fi

window: ## build the desktop app into bin/
	CGO_ENABLED=1 go build -trimpath -o bin/ ./cmd/footbridge-gui

windows: ## build the programs for Windows into bin/windows/ with mingw-w64
	CGO_ENABLED=0 GOOS=windows go build -trimpath -o bin/windows/ ./cmd/...
	CGO_ENABLED=1 GOOS=windows CC=x86_64-w64-mingw32-gcc go build -trimpath -tags accessibility -ldflags -H=windowsgui -o bin/windows/ ./cmd/footbridge-gui

wine: ## open the Windows build's window under Wine, which is installed for it
	@packaging/linux/prepare.sh $(WINE_PACKAGES)
	packaging/linux/test.sh -count=1 -tags wine -run TestWindowOpensOnWindows ./cmd/footbridge-gui

demo: build ## show it: a laptop, a gateway, a tunnel between them, on this machine
	bin/footbridge-lab demo --footbridge bin/footbridge

test: prepare lint windows unit race fuzz-short ## everything that must be right: lint, all tests, a short fuzz run

lint: ## gofmt, go vet for Linux, Windows and macOS, staticcheck
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	  if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	CGO_ENABLED=0 GOOS=linux go vet ./...
	CGO_ENABLED=1 go vet -tags pkcs11,wine ./client/signin/... ./cmd/footbridge ./cmd/footbridge-gui
	CGO_ENABLED=0 GOOS=windows go vet ./...
	@# Fyne's packages need Apple's headers there.
	CGO_ENABLED=0 GOOS=darwin go vet $$(CGO_ENABLED=0 GOOS=darwin go list ./... | grep -v '/ui\(/\|$$\)')
	go run $(STATICCHECK) ./...
	go run $(STATICCHECK) -tags pkcs11 ./client/signin/...

unit: prepare ## all tests, against real peers where there are any
	@packaging/linux/unpack.sh $(SERVERS) $(SERVER_PACKAGES)
	go run ./tunnel/lab/rootfs/prepare
	PATH="$(SERVER_PATH):$$PATH" LD_LIBRARY_PATH="$$(find $(SERVERS) -name 'lib*.so.*' -printf '%h:' | tr ':' '\n' | sort -u | paste -sd:)" \
	  packaging/linux/test.sh -timeout 30m ./...
	packaging/linux/test.sh -tags pkcs11 ./client/signin/...

race: ## the concurrent parts under the race detector
	go test -race -short -timeout 10m ./tunnel ./tunnel/openvpn/... ./tunnel/pump ./tunnel/transport ./client/... ./ui/...

fuzz-short: ## every fuzz target for a moment
	packaging/linux/fuzz.sh 1s

fuzz: ## every fuzz target for FUZZTIME each (FUZZTIME=10m make fuzz)
	packaging/linux/fuzz.sh $(FUZZTIME)

bench: prepare build ## this client and Debian's OpenVPN in turn; writes docs/benchmarks.md
	bin/footbridge-lab bench --footbridge bin/footbridge --markdown docs/benchmarks.md

pictures: prepare ## the README's pictures, by the tests that click through the window
	@packaging/linux/unpack.sh $(SERVERS) $(SERVER_PACKAGES)
	FOOTBRIDGE_PICTURES=$(CURDIR)/docs/pictures PATH="$(SERVER_PATH):$$PATH" \
	  LD_LIBRARY_PATH="$$(find $(SERVERS) -name 'lib*.so.*' -printf '%h:' | tr ':' '\n' | sort -u | paste -sd:)" \
	  go test -count=1 -run 'TestConnect|TestDiagnose|TestAnswerChallenge' ./cmd/footbridge-gui

prepare: ## install the Debian packages that tests need (as root; else say which)
	@packaging/linux/prepare.sh $(TEST_PACKAGES)

prepare-window: ## install the Debian packages that the desktop app is built with (as root; else say which)
	@packaging/linux/prepare.sh $(WINDOW_PACKAGES)

clean: ## remove what the build and the tests made
	rm -rf bin .cache
