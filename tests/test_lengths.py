"""Examples of different lengths in one data set: trained, predicted and refused as rows are."""

import numpy as np
import pytest

import nn
from autograd import Value, array, constant, step, values
from nn.train import _batches

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

WORDS = [[0.5, -1.0], [1.0, 0.25, -0.5], [2.0], [0.75, 0.5], [-0.5, 1.5, 1.0], [0.1, 0.2], [1.0, -1.0, 0.3, 0.4]]
SUMS = [sum(word) for word in WORDS]


def cell(seed=0):
    """A recurrent cell that reads numbers one after the other, and its parameters."""
    w = array(np.random.default_rng(seed).normal(size=3), "w")

    def model(x):
        h = constant(0.0)
        for number in x:
            h = (w[0] * h + w[1] * number + w[2]).tanh()
        return 2 * h

    return model, list(w)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("batch_size", [None, 1, 3])
def test_examples_of_different_lengths_give_the_numbers_of_their_graphs(batch_size, reduction):
    found = []
    for engine in ("recorded", "eager"):
        model, parameters = cell()
        options = {"batch_size": batch_size, "reduction": reduction, "engine": engine, "progress": False}
        validation = (WORDS[:2], [0.0, 1.0])
        history = nn.fit(model, WORDS, SUMS, nn.mse, nn.Adam(parameters, 0.05), 5, validation=validation, **options)
        found.append([*values(parameters), *history.loss, *history.validation])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-10)


def test_minibatches_have_their_lengths_side_by_side_and_meet_every_example_once():
    model, parameters = cell()
    seen = []

    def loss(a, y):
        return nn.mse(a, y)

    class Noted(nn.SGD):
        def update(self, w, g, places):
            seen.append(1)
            return super().update(w, g, places)

    nn.fit(model, WORDS, SUMS, loss, Noted(parameters, 0.1), 2, batch_size=3, progress=False)
    assert len(seen) == 2 * 3
    column = np.empty(len(WORDS), object)
    column[:] = [np.array(word) for word in WORDS]
    batches = list(_batches([column], 3, np.random.default_rng(0)))
    assert sorted(len(x) for batch in batches for x in batch[0]) == [1, 2, 2, 2, 3, 3, 4]
    assert max(len({len(x) for x in batch[0]}) for batch in batches) <= 2


def test_a_length_that_only_validation_has_is_computed():
    model, parameters = cell()
    new = [[1.0] * 6]
    descent = nn.SGD(parameters, 0.01)
    history = nn.fit(model, WORDS, SUMS, nn.mse, descent, 1, validation=([*new, [0.5]], [1.0, 0.5]), progress=False)
    expected = np.mean([nn.mse(model(x), y).data for x, y in ((new[0], 1.0), ([0.5], 0.5))])
    assert history.validation == [pytest.approx(expected, rel=1e-12)]


@pytest.mark.parametrize("engine", ["recorded", "eager"])
def test_what_is_wrong_among_examples_of_different_lengths_is_refused_with_their_shape(engine):
    w = Value(1.0, "w")
    wrong = [*WORDS, [1.0, np.nan]]
    before = w.data
    with pytest.raises(ValueError, match=r"^among the examples of shape \(2,\): X holds nan in row 3, column 1"):
        nn.fit(lambda x: w * x[0], wrong, [*SUMS, 0.0], nn.mse, nn.SGD([w], 0.1), 1, engine=engine, progress=False)
    with pytest.raises(ValueError, match=r"every row of X has its target: got 7 rows of X and 6 of Y"):
        nn.fit(lambda x: w * x[0], WORDS, SUMS[:6], nn.mse, nn.SGD([w], 0.1), 1, engine=engine, progress=False)
    assert w.data == before


def test_a_domain_error_among_examples_of_different_lengths_names_its_shape_and_row():
    w, X = Value(1.0, "w"), [[1.0], [1.0, 0.25, -0.5], [-0.5, 1.5, 1.0]]
    with pytest.raises(ValueError, match=r"among the examples of shape \(3,\): row 1: log is defined for x > 0"):
        nn.fit(lambda x: (w * x[0] + 0.5).log(), X, np.zeros(3), nn.mse, nn.SGD([w], 0.1), 1, progress=False)


def test_a_parameter_that_only_a_longer_example_moves_is_no_threshold():
    w = Value(0.25, "w")
    X = [[1.0], [2.0, 3.0]]
    nn.fit(
        lambda x: step(w) + (w * x[1] if len(x) > 1 else 0.0),
        X,
        [0.0, 1.0],
        nn.mse,
        nn.SGD([w], 0.1),
        1,
        progress=False,
    )
    assert w.data != 0.25


@pytest.mark.parametrize("engine", ["recorded", "eager"])
def test_examples_of_different_lengths_are_predicted_in_their_order(engine):
    model, _ = cell()
    expected = [model(word).data for word in WORDS]
    np.testing.assert_allclose(nn.predict(model, WORDS, engine), expected, rtol=1e-12)
    column = np.empty(len(WORDS), object)
    column[:] = [np.array(word) for word in WORDS]
    np.testing.assert_allclose(nn.predict(model, column, engine), expected, rtol=1e-12)
    classes = [int(a > 0) for a in expected]
    assert nn.accuracy(model, WORDS, classes, engine) == 1.0
    assert nn.predict_proba(model, WORDS).tolist() == pytest.approx([1 / (1 + np.exp(-a)) for a in expected])


def test_outputs_of_different_shapes_are_no_array():
    with pytest.raises(ValueError, match="the outputs of the examples have different shapes"):
        nn.predict(lambda x: x * 2.0, WORDS)
