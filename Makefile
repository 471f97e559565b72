# Two commands for a newcomer: `make demo` and `make test`. Both install what is missing on Debian-like systems
# (a Vulkan loader and Mesa's software driver where no GPU is found); running them again is harmless.

CARGO ?= cargo
RELEASE := target/release/lapidary
DEBUG := target/debug/lapidary
DEMO := out/demo

.PHONY: help demo view web test test-subgroups test-portable test-web soak check tools

# How long `make soak` takes.
SECONDS ?= 60

help:
	@echo "make demo           build, then show what lapidary does on this machine; pictures in $(DEMO)"
	@echo "make view           build the window, and look at what the demo trained"
	@echo "make web            build the viewer for browsers into target/web"
	@echo "make test           run every test"
	@echo "make test-subgroups run the GPU tests with subgroups of four and of sixteen lanes, on Mesa's software driver"
	@echo "make test-portable  run the GPU tests on SwiftShader, a weaker device, where it is installed"
	@echo "make test-web       run the viewer for browsers in Chromium, on its software adapter"
	@echo "make soak           attack the program for SECONDS=60: kills, lost devices, broken files and more"
	@echo "make check          format, lints and documentation, warnings as errors"

tools:
	@command -v $(CARGO) >/dev/null || { echo "Rust is missing: install it from https://rustup.rs" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "a C compiler is missing: on Debian and Ubuntu 'apt install build-essential'" >&2; exit 1; }

# The window takes a third of the compiling and no part in the demo; `make view` builds it.
demo: tools
	$(CARGO) build --release --no-default-features --features cli
	scripts/setup-vulkan $(RELEASE)
	scripts/demo $(RELEASE) $(DEMO)

view: tools
	$(CARGO) build --release
	$(RELEASE) view $(DEMO)/run

test: tools
	$(CARGO) test --no-run
	scripts/setup-vulkan $(DEBUG)
	$(CARGO) test --no-fail-fast

test-subgroups: tools
	$(CARGO) test --no-run
	scripts/setup-vulkan $(DEBUG)
	scripts/test-subgroups

test-portable: tools
	$(CARGO) test --no-run
	scripts/test-portable

web: tools
	scripts/build-web

test-web: tools web
	$(CARGO) build --features web
	scripts/setup-vulkan $(DEBUG)
	scripts/test-web $(DEBUG)

soak: tools
	$(CARGO) test --no-run --test soak
	scripts/setup-vulkan $(DEBUG)
	scripts/soak $(SECONDS)

check: tools
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy --no-default-features --features cli --all-targets -- -D warnings
	$(CARGO) clippy --no-default-features --lib --examples -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --document-private-items
