"""Optimisers against PyTorch step for step, and what they refuse."""

import numpy as np
import pytest

import nn
from autograd import Value, array, values
from nn.optim import Optimizer

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

RULES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.05, "momentum": 0.5, "weight_decay": 0.1}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-6}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1}),
]


THRESHOLD = nn.Neuron(1, "step", rng=0)


def valley(w):
    """A loss with a curve in it, for PyTorch's tensors too."""
    return 3 * (w[0] - 1) ** 2 + (w[1] + w[0] * w[0]) ** 2 + 0.1 * w[2] ** 4


@pytest.mark.parametrize(("name", "options"), RULES)
def test_every_step_of_a_hundred_is_pytorchs(name, options):
    torch = pytest.importorskip("torch")
    w = array([1.5, -2.0, 0.7], "w")
    theirs = torch.tensor([1.5, -2.0, 0.7], dtype=torch.float64, requires_grad=True)
    ours, reference = getattr(nn, name)([w], **{"lr": 1e-3, **options}), getattr(torch.optim, name)([theirs], **options)
    for k in range(100):
        if k == 50:
            ours.lr = reference.param_groups[0]["lr"] = 0.02
        ours.zero_grad()
        valley(w).backward()
        ours.step()
        reference.zero_grad()
        valley(theirs).backward()
        reference.step()
        np.testing.assert_allclose(values(w), theirs.detach().numpy(), rtol=1e-12, atol=1e-14)


def test_sgd_is_the_lectures_update():
    w, unused = Value(1.0), Value(7.0)
    (3 * w).backward()
    nn.SGD([w, unused], lr=0.1).step()
    assert (w.data, unused.data) == (1.0 - 0.1 * 3.0, 7.0)


def test_adam_without_a_memory_moves_by_the_learning_rate_in_every_step():
    w = Value(1.0)
    descent = nn.Adam([w], 0.5, betas=(0.0, 0.0))
    for slope, data in ((3.0, 0.5), (-1e-3, 1.0)):
        w.grad = slope
        descent.step()
        assert w.data == pytest.approx(data, rel=1e-4)


@pytest.mark.parametrize("rule", [nn.SGD, nn.Adam])
def test_a_parameter_that_rests_for_some_steps_remembers_nothing_of_them(rule):
    options = {"momentum": 0.9} if rule is nn.SGD else {}
    a, b, alone = Value(1.0), Value(1.0), Value(1.0)
    both, one = rule([a, b], lr=0.1, **options), rule([alone], lr=0.1, **options)
    for k in range(6):
        both.zero_grad()
        (a * a + (b * b if k % 2 else 0)).backward()
        both.step()
        if k % 2:
            one.zero_grad()
            (alone * alone).backward()
            one.step()
    assert b.data == alone.data
    assert a.data != b.data


def test_a_parameter_given_twice_steps_once():
    w = Value(1.0)
    w.backward()
    nn.SGD([w, w], 0.1).step()
    assert w.data == 0.9


@pytest.mark.parametrize("slope", [float("nan"), float("inf")])
def test_a_gradient_that_is_no_number_moves_nothing(slope):
    w, v = Value(1.0, "w"), Value(2.0, "v")
    w.grad, v.grad = 1.0, slope
    descent = nn.SGD([w, v], 0.1, momentum=0.9)
    with pytest.raises(ValueError, match=f"no step is taken: the gradient of .*v.* is {slope}"):
        descent.step()
    assert (w.data, v.data) == (1.0, 2.0)
    assert not descent.memory[0].any()


def test_a_step_without_a_value_is_not_taken():
    w = Value(1.0, "w")
    descent = nn.SGD([w], 0.1, momentum=0.9)
    (w * w).backward()
    descent.lr = 1.7e308
    with pytest.raises(ValueError, match=r"learning rate of 1\.7e\+308"):
        descent.step()
    assert w.data == 1.0
    assert not descent.memory[0].any()


@pytest.mark.parametrize(
    ("rule", "setting", "number", "words"),
    [
        (nn.SGD, "lr", -1.0, "finite lr > 0"),
        (nn.SGD, "lr", 0.0, "finite lr > 0"),
        (nn.SGD, "lr", float("nan"), "finite lr > 0"),
        (nn.Adam, "lr", "0.1", "finite lr > 0"),
        (nn.Adam, "weight_decay", -0.1, "weight_decay ≥ 0"),
        (nn.SGD, "momentum", -0.9, "momentum ≥ 0"),
        (nn.Adam, "betas", (0.9, 1.5), "two betas"),
        (nn.Adam, "eps", 0.0, "eps > 0"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_where_it_is_assigned(rule, setting, number, words):
    w = Value(1.0, "w")
    descent = rule([w], 0.1)
    (w * w).backward()
    descent.step()
    before, memory, was = w.data, [x.tolist() for x in descent.memory], getattr(descent, setting)
    with pytest.raises(ValueError, match=words):
        setattr(descent, setting, number)
    assert (w.data, [x.tolist() for x in descent.memory], getattr(descent, setting)) == (before, memory, was)
    with pytest.raises(ValueError, match=words):
        rule([w], **{"lr": 0.1, setting: number})


def test_a_rule_of_ones_own_is_an_update():
    class SignDescent(Optimizer):
        def update(self, w, g, places):
            return w - self.lr * np.sign(g)

    w = Value(2.0)
    (w * w).backward()
    SignDescent([w], lr=0.5, weight_decay=0.0, memory=0).step()
    assert w.data == 1.5
    w.grad = -1.0
    SignDescent([w], lr=0.5, weight_decay=1.0, memory=0).step()
    assert w.data == 1.0, "the decay of 1.5 outweighs the gradient"


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.SGD([], 0.1), TypeError, "got no parameters"),
        (lambda: nn.SGD([Value(1.0) * 2], 0.1), TypeError, "leaves"),
        (lambda: nn.SGD(nn.Neuron(1, rng=0), 0.1), TypeError, r"model\.parameters\(\)"),
        (lambda: nn.Adam(nn.Neuron(1, rng=0).parameters, 0.1), TypeError, r"model\.parameters\(\)"),
        (lambda: nn.SGD([Value(1.0)], 0.0), ValueError, "lr > 0"),
        (lambda: nn.SGD([Value(1.0)], float("nan")), ValueError, "lr > 0"),
        (lambda: nn.SGD([Value(1.0)], 0.1, momentum=-1), ValueError, "momentum ≥ 0"),
        (lambda: nn.Adam([Value(1.0)], weight_decay=-1), ValueError, "weight_decay ≥ 0"),
        (lambda: nn.Adam([Value(1.0)], betas=(0.9, 1.0)), ValueError, "betas"),
        (lambda: nn.SGD([Value(1.0)], "0.1"), ValueError, "finite lr > 0"),
        (lambda: nn.SGD([Value(1.0)], float("inf")), ValueError, "finite lr > 0"),
        (lambda: nn.Adam([Value(1.0)], betas=(0.9,)), ValueError, "two betas"),
        (lambda: nn.Adam([Value(1.0)], betas=0.9), ValueError, "two betas"),
        (lambda: nn.SGD([Value(1.0)], 0.1).step(), ValueError, "backward"),
        (lambda: nn.minimize(lambda: Value(1.0) ** 2, nn.Neuron(1)), TypeError, r"model\.parameters\(\)"),
        (lambda: nn.minimize(lambda: Value(1.0) ** 2, [Value(1.0) * 2]), TypeError, "the leaves to change"),
        (lambda: nn.minimize(lambda x: x * 2, [Value(1.0)], data=np.ones(3)), TypeError, r"data=\(X, Y\)"),
        (lambda: nn.minimize(lambda x: x * 2, [Value(1.0)], data=(np.ones(0),)), ValueError, r"data\[0\] is empty"),
        (lambda: nn.minimize(lambda: THRESHOLD([1.0]) ** 2, THRESHOLD.parameters()), ValueError, "without thresholds"),
        (lambda: nn.minimize(lambda: Value(1.0) ** 2, [Value(1.0)]), ValueError, "none of these parameters"),
        (lambda: nn.minimize(lambda: Value(1.0) ** 2, [], method="Newton"), ValueError, "one of Newton-CG"),
        (
            lambda: nn.minimize(lambda: [Value(1.0) ** 2] * 2, [Value(1.0)]),
            TypeError,
            "returns one loss, a Value; got list",
        ),
    ],
)
def test_a_wrong_call_says_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()
