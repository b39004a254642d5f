"""What does not fit together is refused by fit before anything has changed."""

import numpy as np
import pytest

import nn
from autograd import Value, values, where
from tests.training import X, Y, network

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

WRONG = {
    "columns": ({"X": X[:, :1]}, ValueError, "takes 2 inputs; got 1"),
    "one row": ({"X": X[0]}, ValueError, r"shape \(N, n_in\); got \(2,\)"),
    "rows of targets": ({"Y": Y[:-1]}, ValueError, "30 rows of X and 29 of Y"),
    "no rows": ({"X": X[:0], "Y": Y[:0]}, ValueError, "X is empty"),
    "ragged": ({"X": [[1.0, [2.0, 3.0]]] * 30}, ValueError, "different lengths"),
    "a row too short": ({"X": [[1.0, 2.0], [3.0]], "Y": [0, 1]}, ValueError, r"of shape \(1,\): .* 2 inputs"),
    "nan": ({"X": np.where(np.arange(60).reshape(30, 2) == 7, np.nan, X)}, ValueError, "nan in row 3, column 1"),
    "infinite target": ({"Y": np.where(Y == 1, np.inf, 0.0)}, ValueError, "Y holds inf in row"),
    "texts": ({"X": X.astype(str)}, TypeError, "real numbers; got an array of <U"),
    "objects": ({"X": [[1.0, "a"]] * 30}, TypeError, "real numbers"),
    "complex": ({"X": X + 0j}, TypeError, "real numbers; got an array of complex128"),
    "precisions": ({"X": X.astype("f4"), "Y": Y.astype(float)}, TypeError, "X is float32 and Y is float64"),
    "classes": (
        {"Y": Y + 1, "n_out": 2, "loss": nn.cross_entropy},
        ValueError,
        r"classes run from 0 to 1; got 1 to 2: np\.unique",
    ),
    "class floats": ({"Y": Y * 1.0, "n_out": 2, "loss": nn.cross_entropy}, ValueError, r"Y\.astype\(int\)"),
    "hinge": ({"loss": nn.hinge}, ValueError, "row 0: hinge takes targets of −1 and 1|hinge takes"),
    "probabilities": ({"Y": 2 * Y - 1, "loss": nn.binary_cross_entropy_with_logits}, ValueError, "targets from 0 to 1"),
    "one-hot": ({"Y": np.ones((30, 2)), "n_out": 2, "loss": nn.cross_entropy}, ValueError, "≥ 0 with sum 1"),
    "one-hot later": (
        {"Y": np.vstack([np.eye(2)] * 14 + [np.ones((2, 2))]), "n_out": 2, "loss": nn.cross_entropy},
        ValueError,
        "≥ 0 with sum 1",
    ),
    "a column of targets": ({"Y": Y[:, None]}, ValueError, r"np\.ravel\(Y\)"),
    "three targets": ({"Y": np.ones((30, 3)), "n_out": 2}, ValueError, r"\(2,\).*\(3,\)"),
    "loss": ({"loss": "mse"}, TypeError, "such as nn.cross_entropy"),
    "epochs": ({"epochs": 0}, ValueError, "epochs is a whole number"),
    "batch_size": ({"batch_size": 0.5}, ValueError, "batch_size is a whole number"),
    "reduction": ({"reduction": "max"}, ValueError, "'mean' or 'sum'"),
    "engine": ({"engine": "jax"}, ValueError, "'recorded' or 'eager'"),
    "validation": ({"validation": (X[:, :1], Y)}, ValueError, "takes 2 inputs"),
    "sigmoid twice": ({"output": "sigmoid", "loss": nn.binary_cross_entropy_with_logits}, ValueError, "from sigmoid"),
    "a vector for a loss": (
        {"n_out": 2, "Y": nn.one_hot(Y, 2), "loss": lambda a, y: (a - y) ** 2},
        TypeError,
        "its sum",
    ),
    "a number for a loss": (
        {"loss": lambda a, y: 1.0},
        TypeError,
        "gives one Value for one example, computed from parameters; this one gives 1.0",
    ),
    "nothing for a loss": ({"loss": lambda a, y: None}, TypeError, "this one gives None"),
    "names of classes": ({"Y": np.array(["a", "b"])[Y]}, TypeError, "return_inverse=True"),
    "callback": ({"callback": 5}, TypeError, "a function of the History"),
    "validation of three": ({"validation": (X, Y, Y)}, TypeError, r"a pair of rows and targets"),
    "validation out of a domain": (
        {"validation": (X[:3], [1, 2, 3]), "loss": lambda a, y: nn.mse((2.5 - y + 0.0 * a).log(), y)},
        ValueError,
        "validation: row 2: log",
    ),
    "softmax twice": ({"n_out": 2, "output": "softmax", "loss": nn.cross_entropy}, ValueError, "come from softmax"),
}


@pytest.mark.parametrize("engine", ["recorded", "eager"])
@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused_before_anything_has_changed(case, engine):
    changes, error, words = WRONG[case]
    arguments = {"X": X, "Y": Y, "loss": nn.mse, "epochs": 2, "engine": engine, **changes}
    output = arguments.pop("output", "identity")
    model = network(n_out=arguments.pop("n_out", 1), output=output)
    before = values(model.parameters())
    descent = nn.SGD(model.parameters(), 0.1, momentum=0.9)
    with pytest.raises(error, match=words):
        nn.fit(model, arguments.pop("X"), arguments.pop("Y"), optimizer=descent, progress=False, **arguments)
    np.testing.assert_array_equal(values(model.parameters()), before)
    assert all(v.grad is None for v in model.parameters())
    assert not descent.memory[0].any()


@pytest.mark.parametrize("optimizer", [None, "SGD", network().parameters()])
def test_an_optimiser_that_is_none_is_refused(optimizer):
    with pytest.raises(TypeError, match=r"such as nn\.SGD"):
        nn.fit(network(), X, Y, nn.mse, optimizer, 1)


def test_an_optimiser_of_another_model_is_refused():
    with pytest.raises(ValueError, match="none of the optimiser's parameters"):
        nn.fit(network(), X, Y, nn.mse, nn.SGD(network().parameters(), 0.1), 1, progress=False)


@pytest.mark.parametrize("engine", ["recorded", "eager"])
def test_training_a_threshold_says_that_its_gradient_is_0_everywhere(engine):
    model = nn.Neuron(2, "step", rng=0)
    before = values(model.parameters())
    with pytest.raises(
        ValueError, match=r"No gradient reaches w\[0\], w\[1\] and 1 more: .*step, whose gradient is 0 everywhere"
    ):
        nn.fit(model, X, Y, nn.mse, nn.SGD(model.parameters(), 0.1), 1, progress=False, engine=engine)
    np.testing.assert_array_equal(values(model.parameters()), before)


def test_the_layer_behind_thresholds_can_be_trained_alone():
    model = network("step")
    with pytest.raises(ValueError, match="the other parameters alone"):
        nn.fit(model, X, Y, nn.mse, nn.SGD(model.parameters(), 0.1), 1, progress=False)
    history = nn.fit(model, X, Y, nn.mse, nn.SGD(model.layers[1].parameters(), 0.1), 50, progress=False)
    assert history.loss[-1] < history.loss[0]


def test_a_condition_of_where_alone_is_no_reason_to_refuse():
    w = Value(1.0, "w")

    def model(x):
        return where((x[0] - 0.5).step(), w * x[0], w * x[1])

    nn.fit(model, X, Y, nn.mse, nn.SGD([w], 0.1), 1, progress=False)
