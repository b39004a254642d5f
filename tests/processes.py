"""Python in processes of its own."""

import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
posix = pytest.mark.skipif(os.name != "posix", reason="as POSIX has it")


def child(code, *options, env=(), stderr=subprocess.PIPE):
    """Run Python code in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **dict(env)}
    with tempfile.TemporaryDirectory() as folder:
        (script := Path(folder) / "script.py").write_text(textwrap.dedent(code), encoding="utf-8")
        command = [sys.executable, *options, str(script)]
        return subprocess.run(command, env=environment, stdout=-1, stderr=stderr, text=True, check=False, timeout=120)
