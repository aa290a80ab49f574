"""The interpreter that has what requirements.txt names."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

MARKER = "GAZE_EMOJI_CLIP_READY"


def enter(python: Path | None, script: Path, root: Path) -> None:
    """Continue in an interpreter that has the requirements, setting it up the first time."""
    if os.environ.get(MARKER):
        return
    requirements = script.resolve().parent / "requirements.txt"
    if python is None:
        folder = root / "build" / "emoji-clip-env"
        python, stamp = folder / "bin" / "python", folder / "requirements.txt"
        if not stamp.exists() or stamp.read_text() != requirements.read_text():
            print(f"setting up {folder.relative_to(root)}", file=sys.stderr)
            try:
                venv.create(folder, with_pip=True, clear=True)
            except subprocess.CalledProcessError:
                sys.exit("prepare: Python cannot make an environment here; "
                         "run .ci/install-packages emoji-clip")
            pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "-r", requirements], check=True)
            stamp.write_text(requirements.read_text())
    os.environ[MARKER] = "1"
    os.execv(python, [str(python), str(script), *sys.argv[1:]])
