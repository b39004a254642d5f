"""A loss or a step without a finite value ends a training at the last good parameters."""

import pickle
from functools import partial

import numpy as np
import pytest

import nn
from autograd import Value, values
from nn.train import DivergedError
from tests.training import X, Y, network

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


def cubic(a, y):
    return (a - y) * (a - y) * (a - y) * (a - y)


@pytest.mark.parametrize("batch_size", [None, 7])
@pytest.mark.parametrize("engine", ["recorded", "eager"])
def test_a_loss_without_a_value_ends_the_training_at_the_last_good_parameters(engine, batch_size):
    model, rate = nn.Neuron(2, "identity", rng=0), 1.0
    descent = nn.SGD(model.parameters(), rate, momentum=0.5)
    seen = []
    with pytest.raises(
        DivergedError, match=r"training stopped in epoch .*those of the step before.*rate below 1"
    ) as stop:
        nn.fit(
            model,
            100 * X,
            Y,
            cubic,
            descent,
            100,
            batch_size=batch_size,
            progress=False,
            engine=engine,
            callback=lambda h: seen.append(h.loss[-1]),
        )
    assert isinstance(stop.value, ValueError)
    assert stop.value.history.loss == seen
    theta = values(model.parameters())
    assert np.isfinite(theta).all()
    assert np.isfinite(descent.memory[0]).all()
    losses = [cubic(model(x), float(y)).data for x, y in zip(100 * X, Y, strict=True)]
    assert np.isfinite(losses).any()


def test_a_step_that_is_infinite_is_not_taken():
    class Wild(nn.SGD):
        def update(self, w, g, places):
            self._remember(places, g)
            return w - (0.1 * g if len(losses) < 3 else np.inf)

    losses, seen, w = [], [], Value(2.0, "w")
    descent = Wild([w], 0.1, momentum=0.9)

    def callback(history):
        losses.append(history.loss[-1])
        seen.append((w.data, descent.memory[0][0]))

    with pytest.raises(DivergedError, match=r"the step from there infinite. No step is taken"):
        nn.fit(lambda x: w * x[0], X, Y, nn.mse, descent, 9, progress=False, callback=callback)
    assert (w.data, descent.memory[0][0]) == seen[-1]
    assert len(seen) == 3


@pytest.mark.parametrize(
    "optimizer", [partial(nn.Adam, lr=1e200), partial(nn.SGD, lr=1e150), partial(nn.Adam, lr=1e80)]
)
def test_a_wild_rate_diverges_without_a_warning(optimizer):
    model = network("relu")
    with pytest.raises(DivergedError) as stop:
        nn.fit(model, X, Y, nn.mse, optimizer(model.parameters()), 30, progress=False)
    assert np.isfinite(nn.predict(model, X)).all()
    again = pickle.loads(pickle.dumps(stop.value))
    assert (str(again), again.history.loss) == (str(stop.value), stop.value.history.loss)


def test_an_error_of_the_rules_own_is_no_divergence():
    class Broken(nn.SGD):
        def update(self, w, g, places):
            raise ValueError("my own")

    model = network()
    with pytest.raises(ValueError, match=r"^my own$"):
        nn.fit(model, X, Y, nn.mse, Broken(model.parameters(), 0.1), 1, progress=False)


def test_a_validation_loss_that_has_no_value_later_keeps_the_history():
    w = Value(1.0, "w")
    with pytest.raises(DivergedError, match=r"validation: row 0: sqrt") as stop:
        nn.fit(
            lambda x: (x[1] - w * x[0]).sqrt(),
            np.array([[1.0, 20.0]] * 3),
            np.zeros(3),
            nn.mse,
            nn.SGD([w], 1.0),
            5,
            validation=(np.array([[1.0, 1.8]]), np.zeros(1)),
            progress=False,
        )
    assert len(stop.value.history.loss) == 2
    assert len(stop.value.history.validation) == 1


def test_after_a_divergence_training_goes_on_as_if_the_last_step_had_not_been():
    """Momentum too is that of the parameters."""
    w = Value(1.0, "w")
    descent = nn.SGD([w], 1.0, momentum=0.9)
    memory = []

    class Noted(nn.SGD):
        def update(self, w, g, places):
            memory.append((float(w[0]), float(self.memory[0][0])))
            return super().update(w, g, places)

    descent = Noted([w], 1e100, momentum=0.9)
    with pytest.raises(DivergedError):
        nn.fit(lambda x: w * x[0], X, Y, lambda a, y: (a - y) * (a - y), descent, 100, progress=False)
    assert (w.data, descent.memory[0][0]) in memory


def test_a_row_that_leaves_a_domain_is_named_as_the_data_count_it():
    w = Value(1.0, "w")
    shifted = X.copy()
    shifted[:, 0] = 1.0
    shifted[17, 0] = -1.0
    with pytest.raises(ValueError, match=r"^row 17: log is defined for x > 0"):
        nn.fit(lambda x: (w * x[0]).log(), shifted, Y, nn.mse, nn.SGD([w], 0.1), 2, batch_size=5, progress=False)


def test_a_first_loss_that_is_infinite_changes_nothing():
    w = Value(1e300, "w")
    with pytest.raises(DivergedError, match=r"epoch 1: .*Nothing has changed"):
        nn.fit(lambda x: w * w * x[0], X, Y, nn.mse, nn.SGD([w], 0.1), 2, progress=False)
    assert w.data == 1e300
