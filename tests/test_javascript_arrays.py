"""JavaScript over typed arrays: a recorded program gives the same numbers in a page as in NumPy."""

import json
import math
import re
import shutil
import subprocess

import numpy as np
import pytest

from autograd import record
from tests import golden
from tests.pictures import PAYLOADS
from tests.programs import hostile, twin_biases, with_names_of_the_code

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="no Node.js")


def floats(x):
    return f"Float64Array.from({json.dumps(np.asarray(x, float).ravel().tolist())})"


def in_node(program, *data):
    """The outputs, and of one output its sum and gradient, as the page's code gives them."""
    rows = len(data[0]) if data else 1
    given = ", ".join([str(rows), floats(program.theta()), *map(floats, data)])
    outputs = rows * math.prod(program._plan.shape) if data else math.prod(program._plan.shape)
    script = f"const P = ({program.javascript})(), out = new Float64Array({outputs}); P.forward({given}, out);"
    script += "const found = [Array.from(out)];"
    if not program._plan.shape:
        script += f"const g = new Float64Array({len(program.parameters)}).fill(7);"  # which is overwritten
        script += f"found.push(P.sum_and_grad({given}, g), P.sum_and_grad({given}, g), Array.from(g));"
    done = subprocess.run(
        ["node", "-e", script + "console.log(JSON.stringify(found))"], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def assert_same(program, *data):
    found = in_node(program, *data)
    expected = np.asarray(program(*data))
    near = {"rtol": 1e-11, "atol": 1e-12 * max(1.0, abs(expected).max())}
    np.testing.assert_allclose(np.reshape(found[0], expected.shape), expected, **near)
    if not program._plan.shape:
        loss, gradient = program.value_and_grad(program.theta(), *data, reduction="sum")
        assert found[1] == found[2], "a second call begins anew"
        np.testing.assert_allclose(found[1], loss, **near)
        np.testing.assert_allclose(
            found[3], gradient, rtol=1e-10, atol=1e-11 * max(1.0, abs(gradient).max(initial=0.0))
        )


FEW = [pytest.param(name, marks=[pytest.mark.slow] * (k % 3 != 1)) for k, name in enumerate(golden.PROGRAMS)]


@pytest.mark.parametrize("name", FEW)
def test_a_golden_program_gives_the_numbers_of_numpy(name):
    program = golden.PROGRAMS[name]()
    assert_same(program, *golden.data(name, program))


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda text: ascii(text)[:24])
def test_no_name_and_no_title_puts_code_into_the_script(payload):
    program = hostile(payload)
    for line in program.javascript.splitlines():
        code, _, comment = line.partition("//")
        assert re.fullmatch(r"[\w\s.,;*/+\-=<>?:&|!()\[\]{}%]*", code, re.ASCII), line
        assert not re.search(r"[<>\u2028\u2029]", comment), line


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda text: ascii(text)[:24])
def test_a_program_whose_names_are_hostile_gives_the_numbers_of_numpy(payload):
    assert_same(hostile(payload), np.random.default_rng(0).normal(size=(5, 3)))


def test_an_array_may_have_a_name_that_the_code_itself_has_or_calls():
    data = np.random.default_rng(0).normal(size=(5, 4))
    assert_same(with_names_of_the_code(), data[:, :3], data[:, 3])


@pytest.mark.parametrize("count", [2, 5])
def test_parameters_of_one_gradient_get_it_each(count):
    assert_same(twin_biases(count), np.random.default_rng(0).normal(size=(5, 3)))


def test_words_of_javascript_may_be_arguments():
    program = record(lambda function, let, row: function * let + row, 1.0, 2.0, 3.0)
    assert_same(program, [1.0, 2.0], [3.0, 4.0], [5.0, 6.0])
