# Each target is all that a fresh machine with the Swift toolchain needs.
.PHONY: run build test check-arm64 packages test-packages

build: packages
	swift build -c release --product gaze

# The ncurses UI in a terminal, a plain transcript in a pipe.
run: packages
	@swift build -c release --product gaze 1>&2
	@.build/release/gaze examples/tour.gaze

test: test-packages
	.ci/check-imports
	.ci/check-kernels
	swift build -c release --product gaze
	swift test -c release -Xswiftc -enable-testing --scratch-path .build-tests

# The kernels and their C tests for arm64, by a cross compiler and user-mode emulation.
check-arm64:
	.ci/check-kernels arm64

packages:
	@.ci/install-packages

test-packages:
	@.ci/install-packages tests
