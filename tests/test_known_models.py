"""Trained models against what others find for them: normal equations, scikit-learn, PyTorch, Bayes' rule."""

import numpy as np
import pytest

import nn
from autograd import assign, dot, grads, values
from nn.layers import ACTIVATIONS

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


def standardised(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


def test_identity_and_mse_reach_the_weights_of_the_normal_equations():
    X, _ = nn.datasets.iris()
    X, t = standardised(X[:, :3]), X[:, 3]  # petal width from the rest
    unit = nn.Neuron(3, "identity", rng=0)
    nn.fit(unit, X, t, nn.mse, nn.SGD(unit.parameters(), 0.8), 500, progress=False)
    expected = np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), t)[0]
    np.testing.assert_allclose([*values(unit.w), unit.b.data], expected, rtol=1e-8)


@pytest.mark.parametrize("by", ["fit", "Newton-CG", "BFGS"])
def test_a_sigmoid_unit_and_cross_entropy_reach_scikit_learns_logistic_regression(by):
    sklearn = pytest.importorskip("sklearn")
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression

    X, Y = load_breast_cancer(return_X_y=True)
    X = standardised(X[:, [1, 4, 8, 9]])  # texture, smoothness, symmetry, fractal dimension: the classes overlap
    penalty = {"C": np.inf} if tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 8) else {"penalty": None}
    reference = LogisticRegression(tol=1e-12, max_iter=1000, **penalty).fit(X, Y)
    unit = nn.Neuron(4, "identity", rng=0)
    if by == "fit":
        descent = nn.SGD(unit.parameters(), 2.0, momentum=0.9)
        nn.fit(unit, X, Y, nn.binary_cross_entropy_with_logits, descent, 1000, progress=False)
    else:
        of_example = lambda x, y: nn.binary_cross_entropy_with_logits(unit(x), y)  # noqa: E731
        assert nn.minimize(of_example, unit.parameters(), by, data=(X, Y)).success
    np.testing.assert_allclose(values(unit.w), reference.coef_[0], rtol=1e-6)
    np.testing.assert_allclose(unit.b.data, reference.intercept_[0], rtol=1e-6)
    np.testing.assert_allclose(nn.predict_proba(unit, X), reference.predict_proba(X)[:, 1], atol=1e-6)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("by", ["Newton-CG", "trust-ncg", "BFGS"])
def test_raw_data_on_a_long_valley_reach_the_minimum_by_default(by, reduction):
    """Inputs of different sizes, hardly a slope: SciPy's own tolerances end at weights that are wrong in the first digits."""
    pytest.importorskip("scipy")
    linear = pytest.importorskip("sklearn.linear_model")
    X, Y = nn.datasets.iris()
    X, Y = X[50:], Y[50:] - 1
    reference = linear.LogisticRegression(C=1e12, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(X, Y)
    unit = nn.Neuron(4, "identity", rng=0)
    of_example = lambda x, y: nn.binary_cross_entropy_with_logits(unit(x), y)  # noqa: E731
    result = nn.minimize(of_example, unit.parameters(), by, data=(X, Y), reduction=reduction)
    assert result.success
    np.testing.assert_allclose(values(unit.w), reference.coef_[0], rtol=1e-6)
    loss = sum(of_example(x, y).data for x, y in zip(X, Y, strict=True)) / (100 if reduction == "mean" else 1)
    assert result.fun == pytest.approx(loss, rel=1e-12)


def test_softmax_regression_on_iris_reaches_scikit_learns_with_the_same_penalty():
    linear = pytest.importorskip("sklearn.linear_model")
    X, Y = nn.datasets.iris()
    X = standardised(X)
    reference = linear.LogisticRegression(C=2.0, tol=1e-12, max_iter=10_000).fit(X, Y)
    layer = nn.Layer(4, 3, "identity", rng=0)
    w = layer.w.ravel()

    def penalised(x, y):
        return nn.cross_entropy(layer(x), y) + dot(w, w) * (0.5 / 2.0 / len(X))

    assert nn.minimize(penalised, layer.parameters(), "Newton-CG", data=(X, nn.one_hot(Y, 3))).success
    np.testing.assert_allclose(values(layer.w), reference.coef_, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(nn.predict_proba(layer, X), reference.predict_proba(X), atol=1e-6)
    assert nn.accuracy(layer, X, Y) == reference.score(X, Y)


def test_a_sigmoid_unit_learns_the_posterior_of_two_gaussians():
    X, Y, posterior = nn.datasets.two_gaussians(4000, seed=1)
    unit = nn.Neuron(2, "sigmoid", rng=0)
    nn.fit(unit, X, Y, nn.binary_cross_entropy, nn.SGD(unit.parameters(), 1.0), 300, progress=False)
    # Equal unit variances and means ±1: log-odds are 2·x_1 exactly. The standard errors of the weights are those
    # of the Fisher information at the true ones.
    design = np.column_stack([X, np.ones(len(X))])
    p = np.asarray(posterior)
    error = np.sqrt(np.diag(np.linalg.inv(design.T @ (design * (p * (1 - p))[:, None]))))
    assert (abs(np.array([*values(unit.w), unit.b.data]) - [2.0, 0.0, 0.0]) < 3 * error).all()
    assert abs(nn.predict(unit, X) - p).max() < 3 * error.sum()


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_xor_is_learnt_by_two_layers_and_not_by_one(activation):
    X, Y = nn.datasets.xor()
    one = nn.Neuron(2, "identity", rng=0)
    nn.fit(one, X, Y, nn.binary_cross_entropy_with_logits, nn.SGD(one.parameters(), 1.0), 2000, progress=False)
    assert nn.accuracy(one, X, Y) <= 0.75
    np.testing.assert_allclose(nn.predict_proba(one, X), 0.5, atol=1e-3)  # the best a line can do
    two = nn.MLP(2, [2, 1], activation, rng=1)  # from half of the seeds: there are local minima
    nn.fit(two, X, Y, nn.binary_cross_entropy_with_logits, nn.Adam(two.parameters(), 0.1), 2000, progress=False)
    assert nn.accuracy(two, X, Y) == 1.0


def test_a_dead_relu_is_found_and_leaky_relu_recovers_it():
    X, Y = nn.datasets.two_moons(100)
    loss = nn.binary_cross_entropy_with_logits
    for activation in ("relu", "leaky_relu"):
        model = nn.MLP(2, [1, 1], activation, rng=0)
        model.layers[0].b[0].data = -5.0  # no row comes near
        found = [f.where for f in nn.diagnose(model, X, Y, loss) if f.kind == "dead"]
        assert found == ([("layer1/neuron1",)] if activation == "relu" else [])
        nn.fit(model, X, Y, loss, nn.SGD(model.parameters(), 0.1, momentum=0.9), 2000, progress=False)
        recovered = activation == "leaky_relu"
        assert (nn.predict(model.layers[0], X) > 0).any() == recovered
        assert (nn.accuracy(model, X, Y) > 0.8) == recovered


@pytest.mark.parametrize("loss", ["mse", "hinge", "binary", "with_logits", "cross_entropy"])
@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name not in ("step", "softmax")])
def test_loss_and_gradients_are_those_of_the_same_model_in_pytorch(activation, loss):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(3)
    x, classes = rng.normal(size=(9, 3)), rng.integers(0, 2, (9, 2)).astype(float)
    model = nn.MLP(3, [5, 4, 2], activation, output="sigmoid" if loss == "binary" else "identity", rng=1)
    losses = {
        "mse": (nn.mse, lambda a, y: 0.5 * ((a - y) ** 2).sum(), classes),
        "hinge": (nn.hinge, lambda a, y: torch.relu(1 - y * a).sum(), 2 * classes - 1),
        "binary": (
            nn.binary_cross_entropy,
            lambda a, y: torch.nn.functional.binary_cross_entropy(a, y, reduction="sum"),
            classes,
        ),
        "with_logits": (
            nn.binary_cross_entropy_with_logits,
            lambda a, y: torch.nn.functional.binary_cross_entropy_with_logits(a, y, reduction="sum"),
            classes,
        ),
        "cross_entropy": (
            nn.cross_entropy,
            lambda a, y: torch.nn.functional.cross_entropy(a, y, reduction="sum"),
            nn.one_hot(classes[:, 0].astype(int), 2),
        ),
    }
    ours, reference, y = losses[loss]
    g = {"identity": lambda a: a, "leaky_relu": torch.nn.functional.leaky_relu}.get(activation) or getattr(
        torch, activation
    )
    state = {name: torch.tensor(array, requires_grad=True) for name, array in model.state().items()}
    a = torch.tensor(x)
    for k in range(3):
        a = a @ state[f"layers.{k}.w"].T + state[f"layers.{k}.b"]
        a = g(a) if k < 2 else torch.sigmoid(a) if loss == "binary" else a
    whole = reference(a, torch.tensor(y)) / len(x)
    whole.backward()
    examples = [ours(model(row), target) for row, target in zip(x, y, strict=True)]
    for example in examples:
        example.backward(1 / len(x))
    assert np.mean(values(examples)) == pytest.approx(whole.item(), rel=1e-12)
    for k, layer in enumerate(model.layers):
        for name in ("w", "b"):
            theirs = state[f"layers.{k}.{name}"].grad.numpy()
            np.testing.assert_allclose(grads(getattr(layer, name)), theirs, rtol=1e-12, atol=1e-15)


def test_weights_of_pytorch_come_and_go_as_float_arrays():
    torch = pytest.importorskip("torch")
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)).double()
    ours = nn.MLP(3, [4, 2], "tanh", rng=0)
    names = {"layers.0.w": "0.weight", "layers.0.b": "0.bias", "layers.1.w": "2.weight", "layers.1.b": "2.bias"}
    ours.load_state({name: theirs.state_dict()[there].numpy() for name, there in names.items()})
    x = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_allclose(nn.predict(ours, x), theirs(torch.tensor(x)).detach().numpy(), rtol=1e-13)
    for layer in ours.layers:
        assign(layer.w, values(layer.w) * 0.5)
    theirs.load_state_dict({there: torch.tensor(ours.state()[name]) for name, there in names.items()})
    np.testing.assert_allclose(nn.predict(ours, x), theirs(torch.tensor(x)).detach().numpy(), rtol=1e-13)
