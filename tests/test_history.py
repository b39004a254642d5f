"""What fit tells while it trains and afterwards: validation, callbacks, its history and its progress."""

import sys
import threading
from contextlib import nullcontext

import numpy as np
import pytest

import nn
from autograd import assign, values
from nn.train import History
from tests.training import X, Y, network, trained

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


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
