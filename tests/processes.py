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


def child(code, *options, env=(), cwd=ROOT, stderr=subprocess.PIPE):
    """The process that has run a text, with these options of Python's and these variables besides."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **dict(env)}
    with tempfile.TemporaryDirectory() as folder:
        (script := Path(folder) / "script.py").write_text(textwrap.dedent(code), encoding="utf-8")
        command = [sys.executable, *options, str(script)]
        pipes = {"stdout": subprocess.PIPE, "stderr": stderr, "text": True, "timeout": 120}
        return subprocess.run(command, env=environment, cwd=cwd, check=False, **pipes)


def run(code, *options, cwd=ROOT, **environment):
    """What a text prints that runs to its end."""
    done = child(code, *options, env=environment, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout
