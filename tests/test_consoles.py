"""Every interpreter and every console gives the same numbers and the same errors."""

import textwrap

import pytest

import nn
from autograd import values
from tests.processes import child, posix
from tests.training import X, Y, network

WHOLE = """
    import sys, tempfile
    from pathlib import Path
    import numpy as np, nn, viz
    from autograd import *
    X, Y = nn.datasets.two_moons(20, seed=0)
    model = nn.MLP(2, [3, 1], "tanh", rng=0)
    history = nn.fit(model, X, Y, nn.binary_cross_entropy_with_logits, nn.SGD(model.parameters(), 0.5), 20)
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model.npz")
        nn.MLP(2, [3, 1], "tanh").load(f"{folder}/model.npz")
        record(lambda σ: model(σ), X[0]).save_source(f"{folder}/network.py")
        compile(Path(f"{folder}/network.py").read_text(encoding="utf-8"), "network.py", "exec")
    for call, words in (
        (lambda: log(Value(-1.0, "σ")), "log is defined for x > 0; got -1.0 from"),
        (lambda: nn.fit(model, X, Y, nn.mse, nn.SGD(model.parameters(), 1e308), 5, progress=False), "training stopped"),
        (lambda: assign(Value(1.0) * 2.0, 3.0), "computed"),
        (lambda: scope(3), "a scope's name and formula are text"),
    ):
        try:
            call()
        except (ValueError, TypeError) as error:
            assert words in str(error), error
        else:
            raise SystemExit(f"not refused: {words}")
    y = Value(1.0, "x")
    for _ in range(3000):
        y = y * 1.0
    y.backward()
    print(repr(history.loss[-1]), np.sum(values(model.parameters())).hex(), ascii(model))
"""


CONSOLES = {
    "python -O": (["-O"], {}),
    "python -OO": (["-OO"], {}),
    "LANG=C": ([], {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}),
    "cp1252": ([], {"PYTHONIOENCODING": "cp1252"}),
    "ascii": ([], {"PYTHONIOENCODING": "ascii:strict"}),
    "a read-only home": ([], {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent"}),
    "warnings as errors": (["-W", "error", "-b"], {}),
}


@pytest.fixture(scope="module")
def plain():
    done = child(WHOLE)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("console", CONSOLES)
def test_every_interpreter_and_console_gives_the_same_numbers_and_errors(console, plain):
    options, environment = CONSOLES[console]
    done = child(WHOLE, *options, env=environment)
    assert (done.returncode, done.stdout) == (0, plain), done.stderr
    assert "Traceback" not in done.stderr


def test_a_low_recursion_limit_is_enough():
    limited = (
        f"import sys, nn, viz, tqdm, autograd.recorded.program\nsys.setrecursionlimit(120)\n{textwrap.dedent(WHOLE)}"
    )
    done = child(limited)
    assert done.returncode == 0, done.stderr[-2000:]


@posix
def test_a_full_standard_error_ends_a_training_with_parameters_of_one_step():
    code = """
        import nn
        from autograd import values
        from tests.training import X, Y, network
        model = network()
        try:
            nn.fit(model, X, Y, nn.mse, nn.SGD(model.parameters(), 0.1), 3)
        except OSError as error:
            print("refused", error.errno)
        print(values(model.parameters()).tolist())
    """
    with open("/dev/full", "w") as full:
        done = child(code, stderr=full)
    assert done.stdout.count("\n") in (1, 2)
    numbers = done.stdout.splitlines()[-1]
    model, possible = network(), []
    possible.append(str(values(model.parameters()).tolist()))
    nn.fit(
        model, X, Y, nn.mse, nn.SGD(model.parameters(), 0.1), 3, progress=False,
        callback=lambda _: possible.append(str(values(model.parameters()).tolist())),
    )  # fmt: skip
    assert numbers in possible
