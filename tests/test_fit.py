"""fit: the numbers of both engines, batches and reductions, what is told of it, and what it refuses or takes back."""

import pickle
import sys
import threading
from contextlib import nullcontext
from functools import partial

import numpy as np
import pytest

import nn
from autograd import Value, array, assign, constant, step, values, where
from nn.train import DivergedError, History, _batches

X, Y = nn.datasets.two_moons(30, seed=3)


def network(activation="tanh", n_out=1, seed=0, **options):
    return nn.MLP(2, [4, n_out], activation, rng=seed, **options)


def trained(model, loss, Y=Y, epochs=5, optimizer=nn.SGD, lr=0.1, **options):
    history = nn.fit(model, X, Y, loss, optimizer(model.parameters(), lr), epochs, progress=False, **options)
    return history, values(model.parameters())


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


@pytest.mark.parametrize("engine", ["recorded", "eager"])
@pytest.mark.parametrize("ends", [None, KeyboardInterrupt])
def test_the_parameters_hold_the_last_steps_data_in_callbacks_and_at_the_end(engine, ends):
    model, stepped, seen = network(), [], []

    class Noted(nn.SGD):
        def update(self, w, g, places):
            if ends and len(stepped) == 13:  # in the midst of an epoch
                raise ends
            stepped.append(np.empty(len(self.parameters)))
            stepped[-1][places] = super().update(w, g, places)
            return stepped[-1][places]

    def callback(history):
        seen.append((values(model.parameters()) == stepped[-1]).all())

    with pytest.raises(ends) if ends else nullcontext():
        trained(model, nn.mse, optimizer=Noted, batch_size=4, callback=callback, engine=engine)
    np.testing.assert_array_equal(values(model.parameters()), stepped[-1])
    assert seen == [True] * (1 if ends else 5)


def test_what_a_callback_has_written_stays_when_it_raises():
    model = network()

    def callback(history):
        assign(model.parameters(), np.full(len(model.parameters()), 7.0))
        raise LookupError

    with pytest.raises(LookupError):
        trained(model, nn.mse, batch_size=4, callback=callback)
    assert (values(model.parameters()) == 7.0).all()


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


# --- what is told -----------------------------------------------------------------------------------------------------


def test_the_validation_loss_is_that_after_the_epoch():
    model = network()
    history, _ = trained(model, nn.mse, validation=(X[:10], Y[:10]))
    expected = np.mean([nn.mse(model(x), float(y)).data for x, y in zip(X[:10], Y[:10], strict=True)])
    assert history.validation[-1] == pytest.approx(expected, rel=1e-12)
    assert len(history.validation) == len(history.loss) == 5


def test_a_callback_sees_every_epoch_may_change_the_rate_and_ends_the_training():
    model, seen = network(), []
    descent = nn.SGD(model.parameters(), 0.1)

    def callback(history):
        seen.append(history.loss[-1])
        descent.lr /= 2
        return len(seen) == 3

    history = nn.fit(model, X, Y, nn.mse, descent, 10, progress=False, callback=callback)
    assert history.loss == seen
    assert len(seen) == 3
    assert descent.lr == 0.1 / 8


@pytest.mark.parametrize("told", [True, np.True_])
@pytest.mark.parametrize("untold", [None, 1.0, "go on"])
def test_only_true_ends_the_training(told, untold):
    model = network()
    options = {"model": model, "X": X, "Y": Y, "loss": nn.mse, "progress": False, "epochs": 4}
    stopped = nn.fit(optimizer=nn.SGD(model.parameters(), 0.1), callback=lambda h: told, **options)
    went_on = nn.fit(optimizer=nn.SGD(model.parameters(), 0.1), callback=lambda h: untold, **options)
    assert (len(stopped.loss), len(went_on.loss)) == (1, 4)


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


@pytest.mark.parametrize("engine", ["recorded", "eager"])
def test_what_a_callback_writes_into_parameters_counts(engine):
    model = network()

    def reset(_):
        for v in model.parameters():
            v.data = 0.5

    trained(model, nn.mse, epochs=1, callback=reset, engine=engine)
    history, _ = trained(model, nn.mse, epochs=2, callback=reset, engine=engine)
    assert history.loss[0] == history.loss[1]


def test_a_history_is_a_table_of_chosen_epochs():
    history = History([1.0 / n for n in range(1, 101)], [2.0 / n for n in range(1, 101)])
    lines = repr(history).splitlines()
    assert lines[0].split() == ["epoch", "loss", "validation"]
    assert lines[1].split() == ["1", "1", "2"]
    assert lines[-1].split() == ["100", "0.01", "0.02"]
    assert len(lines) == 13
    assert repr(History([0.5])).splitlines()[1].split() == ["1", "0.5"]
    assert repr(History()) == "History of no epoch"


def test_a_history_draws_its_curves():
    figure = pytest.importorskip("matplotlib.figure").Figure()
    axes = History([3.0, 2.0], [4.0, 3.0]).plot(figure.subplots())
    assert [line.get_ydata().tolist() for line in axes.lines] == [[3.0, 2.0], [4.0, 3.0]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["loss", "validation"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss")
    points = History([3.0], [4.0]).plot(pytest.importorskip("matplotlib.figure").Figure().subplots())
    assert [line.get_marker() for line in points.lines] == ["o", "o"], "a line of one point is not seen"


def test_progress_shows_the_loss_on_standard_error_and_may_be_silenced(capsys):
    model = network()
    nn.fit(model, X, Y, nn.mse, nn.SGD(model.parameters(), 0.1), 3)
    told = capsys.readouterr()
    assert "epoch 3, loss 0." in told.err
    assert told.out == ""
    trained(model, nn.mse)
    assert capsys.readouterr().err == ""


def test_progress_is_shown_by_no_thread_of_its_own(monkeypatch):
    """A browser has none to give, and a process that forks would lose it."""
    monkeypatch.setattr(threading.Thread, "start", lambda thread: pytest.fail(f"{thread} starts"))
    model = network()
    assert len(nn.fit(model, X, Y, nn.mse, nn.SGD(model.parameters(), 0.1), 3).loss) == 3


def test_without_a_standard_error_training_goes_on_without_a_bar(monkeypatch):
    model = network()
    monkeypatch.setattr(sys, "stderr", None)  # as under pythonw
    assert len(nn.fit(model, X, Y, nn.mse, nn.SGD(model.parameters(), 0.1), 3).loss) == 3


# --- refusals ---------------------------------------------------------------------------------------------------------

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


# --- divergence -------------------------------------------------------------------------------------------------------


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


# --- examples of different lengths ------------------------------------------------------------------------------------

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
