"""The compiler of C: named, missing, failing, and called by several processes at once."""

import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograd import record
from autograd.recorded import native
from tests.processes import run

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
ROOT = Path(__file__).parents[1]


def test_a_program_says_which_compiler_made_it():
    program = record(lambda x: x * x, 1.0, language="c")
    assert repr(program) == f"Program(x → one output, 0 parameters, in C by {native.compiler().version})"


def test_without_a_compiler_c_is_refused_in_words(monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(RuntimeError, match=r"\$CC is 'no-such-compiler', which does not run: install gcc or clang"):
        record(lambda x: x * x, 1.0, language="c")
    with pytest.raises(ValueError, match="language is 'numpy' or 'c'; got 'fortran'"):
        record(lambda x: x * x, 1.0, language="fortran")


def test_a_compiler_that_fails_is_told_with_what_it_says(monkeypatch, tmp_path):
    monkeypatch.setenv("CC", "false")
    with pytest.raises(RuntimeError, match=r"\$CC is 'false', which does not run"):
        native.compiler()
    monkeypatch.delenv("CC")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"(?s)does not compile the program:.*error"):
        native.compiled("int forward(void) { return nothing; }")
    assert list((tmp_path / "chainrule").iterdir()) == [], "nothing is left behind"
    assert native.compiled("int forward(void) { return 0; }").parent == tmp_path / "chainrule"


@pytest.mark.slow
def test_several_processes_compile_into_one_cache_and_leave_one_library(tmp_path):
    code = "from autograd import *; p = record(lambda x: tanh(x) * 3, 1.0, language='c'); print(p([0.5])[0])"
    env = os.environ | {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    assert {process.communicate()[0] for process in running} == {f"{math.tanh(0.5) * 3}\n"}
    files = list((tmp_path / "chainrule").iterdir())
    assert [path.suffix for path in files] == [".so"]
    assert not (tmp_path / "chainrule").stat().st_mode & 0o077, "only the user can write what will be run"


def test_the_library_is_imported_without_anything_of_c():
    code = "import sys, autograd; print([name for name in ('autograd.recorded.native', 'platformdirs') if name in sys.modules])"
    assert run(code) == "[]\n"
