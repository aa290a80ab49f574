#!/usr/bin/env python3
"""A CLIP of the size of ViT-B/32 with random weights, and what transformers computes with it.

    make_full_size.py OUT

The fixture is `OUT/clip-full-size`, half a gigabyte that nobody keeps: the test of full-size parity
makes it where torch and transformers are installed. Nothing is audited: the small fixture of the
same architecture is.
"""

from __future__ import annotations

import sys
from pathlib import Path

from make_fixtures import make


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    import transformers

    from gaze_reference import clip, sizes

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    name = "clip-full-size"
    make({name: (clip.clip_full_size, sizes.CLIP_FULL_SIZE)}, Path(sys.argv[1]), name, "a", 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
