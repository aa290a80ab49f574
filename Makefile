# Each target is all that a fresh machine with the Swift toolchain needs.
.PHONY: run build install test bench docs check-install check-arm64 fuzz packages test-packages

PREFIX ?= /usr/local
SHARE = $(DESTDIR)$(PREFIX)/share
BUILT = .build-install/release/gaze

build: packages
	swift build -c release --product gaze

# The ncurses UI in a terminal, a plain transcript in a pipe.
run: packages
	@swift build -c release --product gaze 1>&2
	@.build/release/gaze examples/tour.gaze

# A gaze that needs neither the toolchain nor this folder. `make install` as yourself and then
# `sudo make install` builds nothing as root.
install: packages
	@if [ -z "$$SUDO_UID" ] || [ ! -x $(BUILT) ]; then \
	  swift build -c release --product gaze --static-swift-stdlib --scratch-path .build-install 1>&2; fi
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(SHARE)/gaze" "$(SHARE)/doc/gaze" "$(SHARE)/man/man1" \
	  "$(SHARE)/bash-completion/completions" "$(SHARE)/zsh/site-functions" \
	  "$(SHARE)/fish/vendor_completions.d"
	install -m 755 $(BUILT) "$(DESTDIR)$(PREFIX)/bin/gaze"
	strip "$(DESTDIR)$(PREFIX)/bin/gaze"
	cp -R Sources/gaze/Resources/checkpoints "$(SHARE)/gaze/"
	chmod -R u=rwX,go=rX "$(SHARE)/gaze"
	install -m 644 LICENSE NOTICE "$(SHARE)/doc/gaze/"
	if [ -f docs/gaze.1 ]; then install -m 644 docs/gaze.1 "$(SHARE)/man/man1/"; fi
	$(BUILT) --generate-completion-script bash >"$(SHARE)/bash-completion/completions/gaze"
	$(BUILT) --generate-completion-script zsh >"$(SHARE)/zsh/site-functions/_gaze"
	$(BUILT) --generate-completion-script fish >"$(SHARE)/fish/vendor_completions.d/gaze.fish"

test: test-packages
	.ci/check-imports
	.ci/check-kernels
	swift build -c release --product gaze
	.ci/check-docs
	swift test -c release -Xswiftc -enable-testing --scratch-path .build-tests

# The kernels, and what this machine could do at most, measured in the same run.
bench: test-packages
	@swift build -c release --product gaze 1>&2
	@mkdir -p Benchmarks/out
	$(CC) -O2 -pthread Benchmarks/peaks.c -o Benchmarks/out/peaks
	@.build/release/gaze bench kernels --peaks Benchmarks/out/peaks

# A hundred thousand damaged files of every kind, under AddressSanitizer.
fuzz: test-packages
	.ci/fuzz

# What `make install` leaves, with the sources and the toolchain out of sight.
check-install:
	.ci/check-install

# What `docs` says of commands, flags and records, from the tables that the program runs by.
docs: build
	.ci/check-docs write

# The kernels and their C tests for arm64, by a cross compiler and user-mode emulation.
check-arm64:
	.ci/check-kernels arm64

packages:
	@.ci/install-packages

test-packages:
	@.ci/install-packages tests
