"""predict, predict_proba and accuracy: models on rows of data."""

import numpy as np
import pytest

import nn
from autograd import Value, array, softmax, values

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

X = np.random.default_rng(0).normal(size=(12, 3))


@pytest.mark.parametrize("engine", ["recorded", "eager"])
@pytest.mark.parametrize("n_out", [1, 2])
@pytest.mark.parametrize("activation", ["sigmoid", "relu", "step"])
def test_predict_is_the_model_on_every_row(activation, n_out, engine):
    model = nn.MLP(3, [4, n_out], activation, rng=0)
    outputs = nn.predict(model, X, engine)
    assert outputs.dtype == float
    assert outputs.shape == ((12, 2) if n_out == 2 else (12,))
    np.testing.assert_allclose(outputs, [values(model(x)) for x in X], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("rows", [X.astype("f4"), X.round().astype(int), X.tolist(), [list(x) for x in X]])
def test_predict_takes_rows_of_any_kind_of_number(rows):
    model = nn.MLP(3, [4, 2], rng=0)
    np.testing.assert_allclose(nn.predict(model, rows), [values(model(x)) for x in np.asarray(rows)], rtol=1e-13)


def test_predict_takes_a_function_and_rows_of_more_dimensions():
    w = array([1.0, 2.0])
    images = np.arange(12.0).reshape(3, 2, 2)
    np.testing.assert_array_equal(nn.predict(lambda x: (x @ w).sum(), images), (images @ [1.0, 2.0]).sum(axis=1))


def test_predict_reads_the_parameters_as_they_are():
    model = nn.Neuron(3, "identity", rng=0)
    before = nn.predict(model, X)
    model.b.data += 1.0
    np.testing.assert_allclose(nn.predict(model, X), before + 1.0, rtol=1e-12)


def test_probabilities_of_logits_are_their_sigmoid_or_softmax():
    one, three = nn.MLP(3, [4, 1], rng=0), nn.MLP(3, [4, 3], rng=0)
    np.testing.assert_allclose(nn.predict_proba(one, X), 1 / (1 + np.exp(-nn.predict(one, X))), rtol=1e-13)
    shares = nn.predict_proba(three, X)
    np.testing.assert_allclose(shares, [softmax(list(a)) for a in nn.predict(three, X)], rtol=1e-13)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-15)


@pytest.mark.parametrize(("n_out", "output"), [(1, "sigmoid"), (3, "sigmoid"), (3, "softmax")])
def test_a_model_that_ends_in_probabilities_gives_these(n_out, output):
    model = nn.MLP(3, [4, n_out], output=output, rng=0)
    np.testing.assert_array_equal(nn.predict_proba(model, X), nn.predict(model, X))


def test_a_link_of_ones_own():
    model = nn.MLP(3, [4, 1], rng=0)
    expected = 0.5 * (np.tanh(nn.predict(model, X)) + 1)
    np.testing.assert_allclose(nn.predict_proba(model, X, lambda a: 0.5 * (a.tanh() + 1)), expected, rtol=1e-13)
    three = nn.MLP(3, [3], rng=0)
    np.testing.assert_allclose(nn.predict_proba(three, X, "sigmoid"), 1 / (1 + np.exp(-nn.predict(three, X))))


def test_outputs_sum_to_one_under_softmax_and_not_under_sigmoid():
    sums = {}
    for output in ("softmax", "sigmoid"):
        layer = nn.Layer(3, 4, output, rng=0)
        sums[output] = nn.predict(layer, X).sum(axis=1)
    np.testing.assert_allclose(sums["softmax"], 1.0, rtol=1e-15)
    assert (abs(sums["sigmoid"] - 1.0) > 0.1).all()


W = array(np.ones((2, 1, 1)))


def test_one_probability_of_a_softmax_is_a_probability():
    a = nn.Layer(3, 2, "identity", rng=0)
    model = lambda x: softmax(a(x))[1]  # noqa: E731
    np.testing.assert_array_equal(nn.predict_proba(model, X), nn.predict(model, X))
    assert nn.accuracy(model, X, nn.predict(a, X).argmax(axis=1)) == 1.0


def one_weight(activation, w=1.0):
    model = nn.Neuron(1, activation, bias=False, rng=0)
    model.w[0].data = w
    return model


@pytest.mark.parametrize(
    ("activation", "rows", "classes", "share"),
    [
        ("identity", [[1.0], [-1.0], [2.0]], [1, 0, 0], 2 / 3),
        ("identity", [[1.0], [-1.0], [2.0]], [1, -1, -1], 2 / 3),
        ("tanh", [[0.1], [-0.1]], [1, -1], 1.0),
        ("sigmoid", [[-1.0], [1.0]], [0, 1], 1.0),
        ("step", [[-1.0], [1.0]], [0, 1], 1.0),
        ("sigmoid", [[0.1]], [True], 1.0),
    ],
)
def test_accuracy_of_one_output_takes_the_likelier_class(activation, rows, classes, share):
    assert nn.accuracy(one_weight(activation), rows, classes) == pytest.approx(share)
    assert nn.accuracy(one_weight(activation), rows, classes, engine="eager") == pytest.approx(share)


def test_accuracy_of_many_outputs_takes_the_largest():
    model = nn.MLP(3, [4, 3], rng=0)
    classes = nn.predict(model, X).argmax(axis=1)
    wrong = classes.copy()
    wrong[:3] = (wrong[:3] + 1) % 3
    assert nn.accuracy(model, X, classes) == 1.0
    assert nn.accuracy(model, X, wrong) == 0.75
    assert nn.accuracy(model, X, nn.one_hot(wrong, 3)) == 0.75


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.predict(one_weight("identity"), [1.0, 2.0]), ValueError, r"a single column is X\[:, None\]"),
        (lambda: nn.predict(one_weight("identity"), []), ValueError, "shape"),
        (lambda: nn.predict(one_weight("identity"), [[]]), ValueError, "empty"),
        (lambda: nn.predict(one_weight("identity"), [[1.0, 2.0]]), ValueError, "takes 1 inputs; got 2"),
        (lambda: nn.predict(one_weight("identity"), [[np.nan]]), ValueError, "nan in row 0, column 0"),
        (lambda: nn.predict(one_weight("identity"), [[1.0]], "fast"), ValueError, "'recorded' or 'eager'"),
        (lambda: nn.predict_proba(one_weight("identity"), [[1.0]], "logistic"), ValueError, "identity, sigmoid"),
        (lambda: nn.accuracy(one_weight("identity"), [[1.0]], [1, 0]), ValueError, "1 rows"),
        (lambda: nn.accuracy(one_weight("identity"), [[1.0]], [2]), ValueError, "the classes are 0, 1; got"),
        (lambda: nn.accuracy(one_weight("identity"), [[1.0]], [0.3]), ValueError, "the classes are 0, 1"),
        (lambda: nn.accuracy(nn.Layer(1, 3), [[1.0]], [3]), ValueError, "the classes are 0, 1, 2"),
        (lambda: nn.accuracy(one_weight("identity", np.nan), [[1.0]], [0]), ValueError, "outputs are nan"),
        (lambda: nn.predict_proba(one_weight("identity"), [[1.0]], 5), ValueError, "link is one of"),
        (lambda: nn.accuracy(nn.Layer(1, 3), [[1.0]], [[0.5, 0.5, 0.0]]), ValueError, "one class index per row"),
        (lambda: nn.accuracy(nn.Layer(1, 3), [[1.0]], [[0, 0, 0]]), ValueError, "one class index per row"),
        (lambda: nn.accuracy(lambda x: W @ x, [[1.0]], [0]), ValueError, r"the model gives shape \(2, 1\)"),
        (lambda: nn.predict_proba(lambda x: W @ x, [[1.0]]), ValueError, r"the model gives shape \(2, 1\)"),
        (lambda: nn.predict(lambda x: float(x[0]), [[1.0]]), TypeError, "asks for the number"),
        (lambda: nn.predict(lambda x: 1.0, [[1.0]]), TypeError, "no graph to record"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_branching_model_is_predicted_eagerly():
    w = Value(2.0)
    model = lambda x: w * x[0] if x[0] > 0 else w * 0.0  # noqa: E731
    np.testing.assert_array_equal(nn.predict(model, [[1.0], [-1.0]], engine="eager"), [2.0, 0.0])
