"""A page in which a network learns, opened in Chromium, and data and networks for it."""

import pytest

import nn
import viz
from tests.conftest import SIZE


@pytest.fixture
def opened(page, tmp_path):
    """A function that opens a page in which a network learns, in place of the one before."""

    def open_(shown):
        page.goto(shown.save(tmp_path / "learning.html").as_uri())
        return page

    return open_


def until(page, true):
    """Wait for an expression to be true. (The page's own policy forbids Playwright's way to ask.)"""
    for _ in range(200):
        if page.evaluate(true):
            return
        page.wait_for_timeout(25)
    raise AssertionError(true)


def flowers():
    X, Y = nn.datasets.iris()
    return (X - X.mean(axis=0)) / X.std(axis=0), Y


def moons():
    return nn.datasets.two_moons(40, noise=0.2, seed=1)


NETWORKS = {  # activation, and whether softmax and cross-entropy or one logit
    "relu": ("relu", nn.cross_entropy),
    "tanh": ("tanh", nn.cross_entropy),
    "sigmoid and mse": ("sigmoid", lambda y_hat, y: nn.mse(y_hat, y)),
}


def network(name, X, Y):
    activation, loss = NETWORKS[name]
    return nn.MLP(X.shape[1], [4, int(Y.max()) + 1], activation=activation, rng=3), loss


def exclusive_or(lr=0.5):
    model = nn.MLP(2, [3, 1], activation="tanh", rng=0)
    return viz.live(model, *nn.datasets.xor(), nn.binary_cross_entropy_with_logits, nn.SGD(model.parameters(), lr=lr))


def cells(page):
    rows = page.evaluate(
        "[...document.querySelectorAll('#within tbody tr')].map(r => [...r.cells].map(c => c.textContent))"
    )
    return [[cell.replace("−", "-") for cell in row] for row in rows]


IRIS = nn.MLP(4, [5, 3], rng=0)


@pytest.fixture(scope="module")
def iris_page():
    return viz.live(IRIS, *flowers(), nn.cross_entropy, nn.SGD(IRIS.parameters(), 1.0))


@pytest.fixture(scope="module")
def iris_tab(chromium, iris_page, tmp_path_factory):
    """One page for many tests: to open one takes longer than most of them do."""
    context = chromium.new_context(offline=True, viewport=SIZE, reduced_motion="reduce")
    page, wrong = context.new_page(), []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(iris_page.save(tmp_path_factory.mktemp("iris") / "learning.html").as_uri())
    yield page, wrong
    context.close()


AS_NEW = """live.pause(); live.set({lr: 1, batch: 0, optimizer: "SGD", seed: 0}); for (let k = 0; k < P; k++) freeze(k, false);
choose(0); pickWeight(0); chooseUnit(null); live.zoom(0); document.getElementById("speed").value = 1; document.activeElement.blur();"""


@pytest.fixture
def iris(iris_tab):
    """The page of the flowers, with everything as at first; what goes wrong on it fails the test."""
    page, wrong = iris_tab
    page.evaluate(AS_NEW)
    yield page
    found = wrong.copy()
    wrong.clear()
    assert found == []
