"""Data sets: their shapes, their seeds, and what is true of them."""

import pickle

import numpy as np
import pytest

from nn import datasets

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

MADE = {
    "two_moons": lambda n, **options: datasets.two_moons(n, **options),
    "two_gaussians": lambda n, **options: datasets.two_gaussians(n, **options)[:2],
    "spirals": lambda n, **options: datasets.spirals(n, 3, **options),
}


def test_iris_is_fishers_data_as_scikit_learn_has_it():
    reference = pytest.importorskip("sklearn.datasets").load_iris()
    X, Y = datasets.iris()
    np.testing.assert_array_equal(X, reference.data)
    np.testing.assert_array_equal(Y, reference.target)


@pytest.mark.parametrize("name", MADE)
def test_a_data_set_is_rows_and_class_indices_from_0_the_same_for_the_same_seed(name):
    X, Y = MADE[name](100)
    classes = 3 if name == "spirals" else 2
    assert X.shape == (100, 2)
    assert X.dtype == float
    assert Y.dtype.kind == "i"
    assert set(Y.tolist()) == set(range(classes))
    assert np.ptp(np.bincount(Y)) <= 1
    assert not (np.diff(Y) >= 0).all(), "in random order"
    again, Y_again = MADE[name](100)
    np.testing.assert_array_equal(again, X)
    np.testing.assert_array_equal(Y_again, Y)
    assert (MADE[name](100, seed=1)[0] != X).any()


def test_xor_is_1_where_its_inputs_differ():
    X, Y = datasets.xor()
    np.testing.assert_array_equal(Y, X[:, 0] != X[:, 1])
    assert len(np.unique(X, axis=0)) == 4


def test_moons_without_noise_are_half_circles():
    X, Y = datasets.two_moons(200, noise=0.0)
    upper, lower = X[Y == 0], X[Y == 1]
    np.testing.assert_allclose((upper**2).sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(((lower - [1.0, 0.5]) ** 2).sum(axis=1), 1.0, rtol=1e-12)
    assert (upper[:, 1] >= 0).all()
    assert (lower[:, 1] <= 0.5).all()


def test_spirals_stay_within_the_unit_circle_and_no_line_separates_them():
    linear = pytest.importorskip("sklearn.linear_model").LogisticRegression()
    X, Y = datasets.spirals(300, 3)
    assert (np.hypot(*X.T) <= 1.0).all()
    assert linear.fit(X, Y).score(X, Y) < 0.7
    neighbour = pytest.importorskip("sklearn.neighbors").KNeighborsClassifier(3)
    assert neighbour.fit(X, Y).score(X, Y) > 0.9


def test_an_arm_without_noise_turns_by_three_quarters_and_begins_at_its_class():
    X, Y = datasets.spirals(90, 3, noise=0.0)
    radius = np.hypot(*X.T)
    angle = 2 * np.pi * (Y / 3 + 0.75 * radius)
    np.testing.assert_allclose(X, np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), rtol=1e-9)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("deviations", [(1.0, 1.0), (0.5, 2.0)])
def test_the_posterior_of_two_gaussians_is_bayes_rule(dimensions, deviations):
    normal = pytest.importorskip("scipy.stats").multivariate_normal
    X, _, posterior = datasets.two_gaussians(50, deviations=deviations, dimensions=dimensions)
    centre = np.eye(1, dimensions)[0]
    density = [
        normal(side * centre, s * s * np.eye(dimensions)).pdf(X) for side, s in zip((-1, 1), deviations, strict=True)
    ]
    np.testing.assert_allclose(posterior, density[1] / (density[0] + density[1]), rtol=1e-12)
    np.testing.assert_array_equal(posterior(X), posterior)
    np.testing.assert_array_equal(posterior[:5](X), posterior)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(posterior))(X), posterior)


def test_the_posterior_of_two_gaussians_far_out_is_0_or_1_without_a_warning():
    _, _, posterior = datasets.two_gaussians(4)
    np.testing.assert_array_equal(posterior([[-1e4, 0.0], [1e4, 0.0]]), [0.0, 1.0])


def test_two_gaussians_have_their_means_and_deviations():
    X, Y, posterior = datasets.two_gaussians(20_000, deviations=(0.5, 2.0))
    for c, (side, s) in enumerate([(-1.0, 0.5), (1.0, 2.0)]):
        np.testing.assert_allclose(X[c == Y].mean(axis=0), [side, 0.0], atol=4 * s / 100)
        np.testing.assert_allclose(X[c == Y].std(axis=0), s, rtol=0.03)
    assert Y.mean() == 0.5
    likely = posterior > 0.9
    assert Y[likely].mean() == pytest.approx(float(posterior[likely].mean()), abs=0.01)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: datasets.two_moons(0), "at least 1"),
        (lambda: datasets.two_moons(2.5), "whole number"),
        (lambda: datasets.spirals(10, 0), "at least 1"),
        (lambda: datasets.two_gaussians(10, deviations=(1.0, 0.0)), "deviations > 0"),
        (lambda: datasets.two_gaussians(10)[2]([1.0, 2.0]), "rows of data"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(call, words):
    with pytest.raises(ValueError, match=words):
        call()
