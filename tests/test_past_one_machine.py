"""value_and_grad under jax.jit: in 64 and 32 bits, over several devices of one process, and over two processes."""

from __future__ import annotations

import importlib.util
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nn
from tests.jitted import NETWORKS, PROGRAMS, numbers_of_numpy

# JAX runs in processes of its own: it has settings that hold for the whole of one.
pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed (extra 'jax')"),
    pytest.mark.slow,  # JAX alone takes four seconds to start
    pytest.mark.unmeasured,  # other tests cover all of autograd
]

ROOT = Path(__file__).parents[1]


# --- the other processes ----------------------------------------------------------------------------------------------


JITTED = """
import sys
import numpy as np
import jax
from tests.jitted import NETWORKS, PROGRAMS
made = {name: PROGRAMS[name]() for name in sys.argv[2:]}
given = {
    name: [jax.numpy.asarray(x) for x in (program.theta(), *data)] for name, (program, data) in made.items()
}

@jax.jit  # all at once: what takes long is compiling
def every(given):
    found = {}
    for name, (program, _) in made.items():
        found[name + "/loss"], found[name + "/gradient"] = program.value_and_grad(*given[name])
        if jax.config.jax_enable_x64:
            found[name + "/jax"] = jax.grad(lambda *a: program.value_and_grad(*a)[0])(*given[name])
        if name in NETWORKS:
            summed = program.value_and_grad(*given[name], reduction="sum")
            found[name + "/sum"], found[name + "/gradient of sum"] = summed
    return found

found = every(given)
for name, x in found.items():
    assert x.dtype == given[name.partition("/")[0]][0].dtype, (name, x.dtype)
np.savez(sys.argv[1], **found)
"""

SHARDED = """
import sys
import numpy as np
import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
from tests.jitted import PROGRAMS
assert jax.device_count() == 4
mesh = Mesh(np.array(jax.devices()), ("rows",))
found = {}
for name in ("classifier", "margin", "lecture", "gathering", "images", "kinks", "apart_from_the_data", "parameters_alone"):
    program, data = PROGRAMS[name]()
    theta = jax.device_put(program.theta(), NamedSharding(mesh, P()))
    arrays = [jax.device_put(x, NamedSharding(mesh, P("rows"))) for x in data]
    assert all(len({s.device for s in x.addressable_shards}) == 4 for x in arrays)
    step = jax.jit(program.value_and_grad)
    found[name + "/loss"], found[name + "/gradient"] = step(theta, *arrays)
    if name == "classifier":
        text = step.lower(theta, *arrays).compile().as_text()
        found["met"] = "all-reduce" in text
        found["gathered"] = "all-gather" in text
np.savez(sys.argv[1], **found)
"""

DISTRIBUTED = """
import sys
import numpy as np
import jax
out, port, k = sys.argv[1], sys.argv[2], int(sys.argv[3])
jax.distributed.initialize(coordinator_address=f"127.0.0.1:{port}", num_processes=2, process_id=k)
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
from tests.jitted import PROGRAMS
assert (jax.process_count(), jax.local_device_count(), jax.device_count()) == (2, 1, 2)
mesh = Mesh(np.array(jax.devices()), ("rows",))
found = {}
for name in ("classifier", "margin", "gathering", "parameters_alone"):
    program, data = PROGRAMS[name]()
    half = len(data[0]) // 2
    mine = [x[k * half : (k + 1) * half] for x in data]  # the other half is never on this side
    arrays = [jax.make_array_from_process_local_data(NamedSharding(mesh, P("rows")), x) for x in mine]
    theta = jax.make_array_from_process_local_data(NamedSharding(mesh, P()), program.theta())
    replicated = NamedSharding(mesh, P())
    step = jax.jit(program.value_and_grad, out_shardings=(replicated, replicated))
    loss, gradient = step(theta, *arrays)
    found[name + "/loss"], found[name + "/gradient"] = np.asarray(loss), np.asarray(gradient)
    for _ in range(3):  # a few steps downhill, each on both sides
        theta = theta - 0.1 * gradient
        later, gradient = step(theta, *arrays)
    found[name + "/later"] = np.asarray(later)
np.savez(out, **found)
jax.distributed.shutdown()
"""

BAD_ROWS = """
import numpy as np
import jax, jax.numpy as jnp
from autograd import Value, log, record
w = Value(1.0, "w")
program = record(lambda x: log(w * x), 1.0)
loss, gradient = jax.jit(program.value_and_grad)(jnp.ones(1), jnp.array([1.0, -1.0]))
assert np.isnan(loss), loss
assert w.grad is None
good = jax.jit(program.value_and_grad)(jnp.ones(1), jnp.array([1.0, 2.0]))
np.testing.assert_allclose(good[0], np.log(2.0) / 2, rtol=1e-6)
for theta, x, words in (
    (jnp.ones(2), jnp.ones(3), "shape (1,)"),
    (jnp.ones(1), jnp.ones((3, 2)), "x has shape (N,)"),
    (jnp.ones(1), jnp.ones(0), "no rows"),
):
    try:
        jax.jit(program.value_and_grad)(theta, x)
    except ValueError as error:
        assert words in str(error), error
    else:
        raise AssertionError(words)
"""

UNTOUCHED = """
import sys
import numpy as np
from tests.jitted import classifier
program, data = classifier()
program.backward(*data)
program(*data)
program.source
assert "jax" not in sys.modules
"""


def environment(**given):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "XLA_"))}
    return kept | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"} | given


def run(code, *arguments, **given):
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        env=environment(**given),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]


def asked(request):
    """The programs whose numbers the tests of this run compare."""
    takers = [item for item in request.session.items if request.fixturename in item.fixturenames]
    names = {item.callspec.params["name"] for item in takers}
    return [name for name in PROGRAMS if name in names]


@pytest.fixture(scope="module")
def jitted(request, tmp_path_factory):
    """The numbers of the programs under jit, in 64 bits."""
    out = tmp_path_factory.mktemp("jitted") / "found.npz"
    run(JITTED, out, *asked(request), JAX_ENABLE_X64="1")
    return np.load(out)


@pytest.fixture(scope="module")
def jitted_in_32_bits(request, tmp_path_factory):
    out = tmp_path_factory.mktemp("jitted32") / "found.npz"
    run(JITTED, out, *asked(request), JAX_ENABLE_X64="0")
    return np.load(out)


@pytest.fixture(scope="module")
def sharded(tmp_path_factory):
    """The numbers with the rows of data on four devices."""
    out = tmp_path_factory.mktemp("sharded") / "found.npz"
    run(SHARDED, out, JAX_ENABLE_X64="1", XLA_FLAGS="--xla_force_host_platform_device_count=4")
    return np.load(out)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def side_by_side(*commands):
    """What processes print that run at the same time, with the repository on their path."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environ = environment(JAX_ENABLE_X64="1")
    sides = [subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environ, **streams) for command in commands]
    try:
        said = [side.communicate(timeout=240) for side in sides]
    finally:
        for side in sides:
            side.kill()
            side.wait()
    assert {side.returncode for side in sides} == {0}, "\n".join(error for _, error in said)[-4000:]
    return [printed for printed, _ in said]


@pytest.fixture(scope="module")
def distributed(tmp_path_factory):
    """The numbers that each of two processes finds, half of the rows in each."""
    folder, port = tmp_path_factory.mktemp("distributed"), free_port()
    outs = [folder / f"found{k}.npz" for k in range(2)]
    side_by_side(*(["-c", DISTRIBUTED, str(out), port, str(k)] for k, out in enumerate(outs)))
    return [np.load(out) for out in outs]


# --- the same numbers -------------------------------------------------------------------------------------------------


def assert_near(got, expected, rel):
    np.testing.assert_allclose(got, expected, rtol=rel, atol=rel * max(1.0, np.abs(expected).max(initial=0.0)))


FEW = [pytest.param(name, marks=[pytest.mark.slow] * (k % 9 != 0)) for k, name in enumerate(PROGRAMS)]


@pytest.mark.parametrize("name", FEW)
def test_under_jit_a_program_gives_the_numbers_of_numpy(name, jitted):
    loss, gradient = numbers_of_numpy(name)
    assert_near(jitted[f"{name}/loss"], loss, 1e-12)
    assert_near(jitted[f"{name}/gradient"], gradient, 1e-12)


@pytest.mark.parametrize("name", [param for param in FEW if param.values[0] in NETWORKS])
def test_under_jit_the_sum_over_rows_is_that_of_numpy(name, jitted):
    loss, gradient = numbers_of_numpy(name, reduction="sum")
    assert_near(jitted[f"{name}/sum"], loss, 1e-12)
    assert_near(jitted[f"{name}/gradient of sum"], gradient, 1e-12)


@pytest.mark.parametrize("name", FEW)
def test_the_gradient_is_the_one_jax_finds_itself(name, jitted):
    assert_near(jitted[f"{name}/gradient"], jitted[f"{name}/jax"], 1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("name", FEW)
def test_under_jit_in_32_bits_a_program_gives_the_numbers_of_numpy_in_32_bits(name, jitted_in_32_bits):
    loss, gradient = numbers_of_numpy(name, np.float32)
    assert jitted_in_32_bits[f"{name}/gradient"].dtype == np.float32
    assert_near(jitted_in_32_bits[f"{name}/loss"], loss, 2e-5)
    assert_near(jitted_in_32_bits[f"{name}/gradient"], gradient, 2e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["classifier", "margin", "lecture", "gathering", "images", "kinks", "apart_from_the_data", "parameters_alone"],
)
def test_with_rows_on_four_devices_the_numbers_are_those_of_one(name, sharded):
    loss, gradient = numbers_of_numpy(name)
    assert_near(sharded[f"{name}/loss"], loss, 1e-12)
    assert_near(sharded[f"{name}/gradient"], gradient, 1e-12)


def test_devices_exchange_sums_and_never_rows(sharded):
    assert sharded["met"]
    assert not sharded["gathered"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["classifier", "margin", "gathering", "parameters_alone"])
def test_two_processes_with_half_of_the_rows_each_find_what_one_finds_with_all(name, distributed):
    loss, gradient = numbers_of_numpy(name)
    for side in distributed:
        assert_near(side[f"{name}/loss"], loss, 1e-10)
        assert_near(side[f"{name}/gradient"], gradient, 1e-10)
    assert distributed[0][f"{name}/later"] == distributed[1][f"{name}/later"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["classifier", "margin"])
def test_two_processes_descend_as_one_does(name, distributed):
    program, data = PROGRAMS[name]()
    theta = program.theta()
    for _ in range(3):
        theta = theta - 0.1 * program.value_and_grad(theta, *data)[1]
    assert_near(distributed[0][f"{name}/later"], program.value_and_grad(theta, *data)[0], 1e-10)


@pytest.mark.slow
def test_the_program_of_the_guide_gives_every_process_the_loss_of_all_rows():
    guide = (ROOT / ".docs" / "guides" / "speed.md").read_text(encoding="utf-8")
    (program,) = [x for x in re.findall(r"```python\n(.*?)```", guide, re.DOTALL) if "jax.distributed" in x]
    address = f"127.0.0.1:{free_port()}"
    printed = side_by_side(*(["-c", program, address, "2", str(k)] for k in range(2)))
    X, Y = nn.datasets.iris()
    model = nn.MLP(4, [5, 3], rng=0)
    loss = np.mean([nn.cross_entropy(model(x), int(y)).data for x, y in zip(X, Y, strict=True)])
    assert [float(text.split()[-1]) for text in printed] == pytest.approx([loss, loss], abs=1e-11)


@pytest.mark.parametrize("name", ["gathering", "gathering_of_parameters"])
def test_entries_taken_more_than_once_are_scattered_back(name):
    assert "scatter(" in PROGRAMS[name]()[0].source


def test_under_jit_a_bad_row_is_nan_and_a_wrong_shape_an_error():
    run(BAD_ROWS)


def test_numpy_needs_no_jax():
    run(UNTOUCHED)
