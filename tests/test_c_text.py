"""Programs as text in C: nothing but names, numbers and the table's words, and a saved file that compiles alone."""

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import Value, array, dot, named, record, tanh, values
from autograd.languages import c
from autograd.recorded import native
from tests.pictures import PAYLOADS
from tests.programs import hostile, lecture, with_names_of_the_code
from tests.test_c import DATA, assert_same

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
ROOT = Path(__file__).parents[1]


def test_the_lectures_chain_in_c_is_its_golden_file():
    program = lecture()
    text = "\n".join(map(c.function, native.functions(program._plan, program._data.arguments)))
    assert text == (ROOT / "tests" / "data" / "lecture.c").read_text(encoding="utf-8")


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda text: ascii(text)[:24])
def test_nothing_is_compiled_but_names_numbers_and_the_tables_own_words(payload):
    program = hostile(payload)
    text = native.source(program._plan, program._data.arguments)
    lanes = len((ROOT / "autograd" / "languages" / "lanes.c").read_text(encoding="utf-8"))
    for line in text[lanes:].splitlines():
        code, _, comment = line.partition("//")
        assert re.fullmatch(r"[\w\s.,;*/+\-=<>?:&|!()\[\]{}~#%]*", code, re.ASCII), line
        assert not comment.endswith(("\\", "/")), line


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda text: ascii(text)[:24])
def test_a_program_whose_names_are_hostile_gives_the_numbers_of_numpy(payload):
    assert_same(hostile(payload), DATA[:, :3])


def test_an_array_may_have_a_name_that_the_code_itself_has_or_calls():
    assert_same(with_names_of_the_code(), DATA[:, :3], DATA[:, 3])


def test_names_in_other_letters_and_words_of_c_are_spelt_in_ascii():
    w = Value(0.5, "σ")
    program = record(lambda double, rows: named("漢字", w * double + rows), 1.0, 2.0, language="c")
    assert re.search(r"const real \*sigma = theta", program.source)
    assert all(line.partition("//")[0].isascii() for line in program.source.splitlines())
    np.testing.assert_allclose(program([2.0, 4.0], [1.0, 1.0]), [2.0, 3.0])


def test_a_saved_file_compiles_alone_and_reads_rows(tmp_path):
    X, _ = nn.datasets.iris()
    program = record(nn.MLP(4, [5, 3], rng=0), X[0])
    path = program.save_source(tmp_path / "network.c")
    command = [
        "cc",
        "-std=c11",
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Wno-unused-function",  # clang counts what is inline, too
        "-DMAIN",
        str(path),
        "-o",
        str(tmp_path / "run"),
        "-lm",
    ]
    subprocess.run(command, check=True)
    text = "\n".join(" ".join(map(repr, row)) for row in X.tolist())
    done = subprocess.run([tmp_path / "run"], input=text, capture_output=True, text=True, check=True)
    np.testing.assert_allclose(np.loadtxt(done.stdout.splitlines()), program(X), rtol=1e-12)
    torn = subprocess.run([tmp_path / "run"], input="1 2 3", capture_output=True, text=True, check=False)
    assert (torn.returncode, torn.stderr) == (1, "row 0 is no row of 4 numbers with spaces between them\n")


def test_a_saved_file_is_called_from_python_with_numpy_alone(tmp_path):
    w = array([0.5, -1.0], "w")
    program = record(lambda x: tanh(dot(w, x)), DATA[0, :2])
    program.save_source(tmp_path / "network.c")
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "network.c", "-o", "network.so", "-lm"], cwd=tmp_path, check=True)
    library = ctypes.CDLL(str(tmp_path / "network.so"))
    X, theta, found = np.ascontiguousarray(DATA[:, :2]), values(w), np.empty(3)
    places = [x.ctypes.data_as(ctypes.c_void_p) for x in (theta, X, found, found[1:])]
    assert library.sum_and_grad(ctypes.c_long(21), *places) == 0
    loss, gradient = program.value_and_grad(program.theta(), X, reduction="sum")
    np.testing.assert_allclose(found, [loss, *gradient], rtol=1e-12)
