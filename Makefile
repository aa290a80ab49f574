# Each target is all that a fresh machine with the Swift toolchain needs.
.PHONY: run build test packages test-packages check

build: packages
	swift build -c release --product gaze

# The ncurses UI in a terminal, a plain transcript in a pipe.
run: packages
	@swift build -c release --product gaze 1>&2
	@.build/release/gaze examples/tour.gaze

test: test-packages
	.ci/check-imports
	swift build -c release --product gaze
	swift test -c release -Xswiftc -enable-testing --scratch-path .build-tests

packages:
	@.ci/install-packages

test-packages:
	@.ci/install-packages tests
