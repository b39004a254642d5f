"""fit: both engines give the numbers of backward and step, in batches, with either reduction, for any model."""

from contextlib import nullcontext
from functools import partial

import numpy as np
import pytest

import nn
from autograd import Value, array, assign, constant, values
from tests.training import X, Y, network, trained

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

LOSSES = {
    "mse": (1, nn.mse, Y),
    "mse of a vector": (2, nn.mse, Y),
    "hinge": (1, nn.hinge, 2 * Y - 1),
    "with logits": (1, nn.binary_cross_entropy_with_logits, Y),
    "cross_entropy": (2, nn.cross_entropy, Y),
    "cross_entropy of one-hot rows": (2, nn.cross_entropy, nn.one_hot(Y, 2)),
    "cross_entropy of spread rows": (2, nn.cross_entropy, np.stack([0.9 - 0.8 * Y, 0.1 + 0.8 * Y], axis=1)),
}


@pytest.mark.parametrize("batch_size", [None, 1, 7])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("loss", LOSSES)
def test_both_engines_give_the_same_numbers(loss, reduction, batch_size):
    n_out, function, targets = LOSSES[loss]
    lr = 0.01 if reduction == "sum" else 0.1
    runs = [
        trained(
            network(n_out=n_out),
            function,
            targets,
            epochs=2,
            lr=lr,
            engine=engine,
            batch_size=batch_size,
            reduction=reduction,
            validation=(X[:9], targets[:9]),
        )
        for engine in ("recorded", "eager")
    ]
    (recorded, theta), (eager, theta_eager) = runs
    np.testing.assert_allclose(theta, theta_eager, rtol=1e-10, atol=1e-15)  # a sum that is 0 but for rounding
    np.testing.assert_allclose(recorded.loss, eager.loss, rtol=1e-10)
    np.testing.assert_allclose(recorded.validation, eager.validation, rtol=1e-10)


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "leaky_relu", "identity"])
@pytest.mark.parametrize("optimizer", [nn.SGD, nn.Adam])
def test_both_engines_give_the_same_numbers_for_every_activation(activation, optimizer):
    decaying = partial(optimizer, weight_decay=0.1)
    both = [
        trained(network(activation), nn.mse, optimizer=decaying, batch_size=4, engine=e)[1]
        for e in ("recorded", "eager")
    ]
    np.testing.assert_allclose(*both, rtol=1e-10, atol=1e-13)


def test_a_unit_that_is_dead_decays_in_both_engines_alike():
    thetas = []
    for engine in ("recorded", "eager"):
        model = network("relu")
        model.layers[0].b[0].data = -50.0
        descent = nn.SGD(model.parameters(), 0.1, weight_decay=0.5)
        nn.fit(model, X, Y, nn.mse, descent, 3, progress=False, engine=engine)
        thetas.append(values(model.parameters()))
    np.testing.assert_allclose(*thetas, rtol=1e-12)


def test_full_batch_descent_is_the_loop_of_backward_and_step():
    by_hand = network()
    descent = nn.SGD(by_hand.parameters(), 0.3, momentum=0.9)
    losses = []
    for _ in range(5):
        by_hand.zero_grad()
        examples = [nn.mse(by_hand(x), float(y)) for x, y in zip(X, Y, strict=True)]
        for example in examples:
            example.backward(1 / len(X))
        losses.append(float(np.mean(values(examples))))
        descent.step()
    history, theta = trained(network(), nn.mse, optimizer=partial(nn.SGD, momentum=0.9), lr=0.3)
    np.testing.assert_allclose(theta, values(by_hand.parameters()), rtol=1e-12)
    np.testing.assert_allclose(history.loss, losses, rtol=1e-12)


def test_a_sum_over_the_rows_is_the_mean_with_a_rate_so_much_larger():
    by_mean, theta = trained(network(), nn.mse, lr=0.3)
    by_sum, theta_sum = trained(network(), nn.mse, lr=0.3 / len(X), reduction="sum")
    np.testing.assert_allclose(theta, theta_sum, rtol=1e-12)
    np.testing.assert_allclose(np.array(by_mean.loss) * len(X), by_sum.loss, rtol=1e-12)


def test_online_descent_takes_every_row_once_an_epoch_in_the_order_of_the_seed():
    seen = []

    def watched(a, y):
        seen.append(y)
        return nn.mse(a, y)

    marked = np.arange(30.0)
    trained(network(), watched, marked, epochs=2, lr=1e-4, batch_size=1, engine="eager", seed=5)
    first, second = seen[-60:-30], seen[-30:]
    assert sorted(first) == sorted(second) == marked.tolist()
    assert first != second
    assert first == [float(k) for k in np.random.default_rng(5).permutation(30)]


def test_the_same_seed_gives_the_same_training_and_another_one_another():
    one, two, other = (trained(network(), nn.mse, batch_size=4, seed=s)[1] for s in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


def test_parameters_the_optimiser_does_not_have_stay():
    model = network()
    before = values(model.layers[0].w)
    nn.fit(model, X, Y, nn.mse, nn.SGD(model.layers[1].parameters()[::-1], 0.1), 3, progress=False)
    np.testing.assert_array_equal(values(model.layers[0].w), before)
    other = network()
    other.layers[0].parameters()
    nn.fit(other, X, Y, nn.mse, nn.SGD(other.layers[1].parameters(), 0.1), 3, progress=False, engine="eager")
    np.testing.assert_allclose(values(model.parameters()), values(other.parameters()), rtol=1e-12)


def test_a_model_may_be_a_function_and_a_loss_may_hold_parameters():
    w, b = array([0.0, 0.0], "w"), Value(0.0, "b")
    history = nn.fit(
        lambda x: w @ x + b,
        X,
        X @ [1.0, -2.0] + 0.5,
        lambda y, t: nn.mse(y, t) + 1e-12 * (w @ w),
        nn.SGD([w, b], 0.3),
        2000,
        progress=False,
    )
    np.testing.assert_allclose([*values(w), b.data], [1.0, -2.0, 0.5], rtol=1e-8)
    assert history.loss[-1] < 1e-10


def test_a_model_that_branches_is_trained_by_the_eager_engine():
    w = array([0.1, 0.1], "w")

    def model(x):
        return w @ x if float(x[0]) > 0.5 else constant(0.0) + w[1]

    with pytest.raises(TypeError, match="asks for the number"):
        trained_function(model, w, "recorded")
    trained_function(model, w, "eager")
    assert (values(w) != 0.1).all()
    assert nn.predict(model, X, engine="eager").shape == (30,)


def trained_function(model, w, engine):
    nn.fit(model, X, Y, nn.mse, nn.SGD([w], 0.1), 2, progress=False, engine=engine)


@pytest.mark.parametrize("engine", ["recorded", "eager"])
def test_gradients_of_the_users_own_stay(engine):
    model = network()
    for v in model.parameters():
        v.grad = 5.0
    trained(model, nn.mse, engine=engine)
    assert {v.grad for v in model.parameters()} == {5.0}


def test_an_interruption_leaves_the_parameters_of_one_step(monkeypatch):
    model, seen = network(), []

    class Watched(nn.SGD):
        def update(self, w, g, places):
            seen.append(super().update(w, g, places))
            return seen[-1]

    descent = Watched(model.parameters(), 0.1)

    class Bar:
        def update(self):
            if len(seen) == 3:
                raise KeyboardInterrupt

    monkeypatch.setattr("nn.train.progress_bar", lambda *_: nullcontext(Bar()))
    with pytest.raises(KeyboardInterrupt):
        nn.fit(model, X, Y, nn.mse, descent, 5, batch_size=5)
    assert sorted(values(model.parameters())) == sorted(seen[-1])


def test_a_vector_of_one_output_is_one_output():
    w, b = array([[0.3, -0.2]], "w"), array([0.1], "b")
    one = nn.Neuron(2, "identity", rng=0)
    assign(one.w, [0.3, -0.2])
    one.b.data = 0.1
    vector = lambda x: w @ x + b  # noqa: E731
    nn.fit(vector, X, Y, nn.binary_cross_entropy_with_logits, nn.SGD([w, b], 0.5), 20, progress=False)
    nn.fit(one, X, Y, nn.binary_cross_entropy_with_logits, nn.SGD(one.parameters(), 0.5), 20, progress=False)
    np.testing.assert_allclose(values(w)[0], values(one.w), rtol=1e-12)
    assert nn.accuracy(vector, X, Y) == nn.accuracy(one, X, Y) > 0.7
    np.testing.assert_allclose(nn.predict_proba(vector, X), nn.predict_proba(one, X), rtol=1e-12)
