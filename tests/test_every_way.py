"""Every way a number leaves the library gives the same number, or refuses: on random graphs with special points in them.

The ways are the rows of SLOPES and VALUES in tests/ways.py. A way that gives another number than backward() does, or a number
where backward() refuses, fails; so does a refusal where backward() has an answer.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import nn
from autograd import array, grad, hessian, jvp, replay, wengert_list
from tests.ways import REFUSED, SLOPES, VALUES, backward, formula, graph, near, of_vector, outcome, sizes

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

SEEDS = [*range(30), *(pytest.param(k, marks=pytest.mark.slow) for k in range(30, 700))]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_way_to_a_derivative_gives_that_of_backward_or_refuses_with_it(seed):
    f, point = formula(seed)
    expected = outcome(lambda: backward(f, point))
    for name, way in SLOPES.items():
        got = outcome(lambda way=way: way(f, point))
        refused = "refused" in (got, expected)
        assert got == expected if refused else near(got, expected, sizes(f, point)), (name, point, got, expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_way_to_a_value_gives_that_of_values_or_refuses_with_it(seed):
    f, point = formula(seed)
    expected = outcome(lambda: [graph(f, point)[0].data])
    for name, way in VALUES.items():
        got = outcome(lambda way=way: way(f, point))
        wanted = expected * (len(got) if got != "refused" and expected != "refused" else 1)
        assert near(got, wanted) if "refused" not in (got, expected) else got == expected, (name, point, got, expected)


@pytest.mark.parametrize("engine", ["recorded", "eager"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_history_tells_the_loss_of_values_or_fit_refuses_what_has_no_finite_step(seed, engine):
    f, point = formula(seed)
    expected = outcome(lambda: [graph(f, point)[0].data, *backward(f, point)])
    w = array(point, "w")
    descent = nn.SGD(list(w), 1e-308)  # a step of any gradient is as good as none
    rows = [[1.0]] * 2, [0.0] * 2
    fitted = lambda: nn.fit(lambda _: f(*w), *rows, lambda y, _: y, descent, 1, progress=False, engine=engine)  # noqa: E731
    got = outcome(lambda: fitted().loss)
    if expected == "refused" or not np.isfinite(expected).all():
        assert got == "refused", (point, got, expected)
    else:
        assert got != "refused", point
        assert near(got, expected[:1]), (point, got, expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_hessian_is_that_of_forward_over_reverse_and_symmetric_or_both_refuse(seed):
    f, point = formula(seed)
    f, point = of_vector(f), np.array(point)
    reverse = outcome(lambda: np.ravel(hessian(f)(point)))
    forward = outcome(lambda: np.transpose([jvp(grad(f), (point,), (e,))[1] for e in np.eye(3)]).ravel())
    if "refused" in (reverse, forward):
        other = forward if reverse == "refused" else reverse
        assert other == "refused" or not np.isfinite(other).all()  # beyond the largest float, which the one refuses
        return
    H = np.reshape(reverse, (3, 3))
    if not np.isfinite([reverse, forward]).all():
        return  # beyond the largest float; what is ∞ − ∞ depends on the order
    for other in (np.reshape(forward, (3, 3)), H.T):
        np.testing.assert_allclose(H, other, rtol=1e-9, atol=1e-9 * max(1.0, np.abs(H).max()), err_msg=str(point))


def at_a_kink(y):
    """Whether an operation of the graph is at a point where its derivative is a convention."""
    return any(
        v.op and v.op.kink and (0.5 in v.partials or 0.0 in [p.data for p in v.parents]) for v in wengert_list([y])
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_where_the_function_is_smooth_the_derivative_is_that_of_700_digits(seed):
    f, point = formula(seed)
    expected = outcome(lambda: backward(f, point))
    if expected == "refused" or not np.isfinite(expected).all() or at_a_kink(graph(f, point)[0]):
        return
    numbers = [abs(x) for v in wengert_list([graph(f, point)[0]]) for x in (v.data, *v.partials)]
    if any(x and not 1e-100 < x < 1e6 for x in numbers):
        return  # rounding alone may lose a term, or turn a sine around the circle
    y, leaves = graph(f, point)
    with mpmath.workdps(700):
        for leaf, slope, size in zip(leaves, expected, sizes(f, point), strict=True):
            h = mpmath.mpf(10) ** -340
            try:
                exact_point = {v: mpmath.mpf(v.data) for v in leaves}
                low, here, high = (replay(y, exact_point | {leaf: leaf.data + s * h}) for s in (-1, 0, 1))
                left, right = (here - low) / h, (high - here) / h
            except (*REFUSED, TypeError):
                continue
            if (
                all(isinstance(x, mpmath.mpf) and mpmath.isfinite(x) for x in (left, right))
                and abs(left - right) < 1e-9
            ):
                assert abs(slope - float(left)) <= 1e-9 * (abs(slope) + size) + 1e-300, (point, leaf, slope, left)
