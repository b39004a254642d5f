"""Mistakes of a newcomer: each is answered by a sentence that says what to do."""

from fractions import Fraction

import numpy as np
import pytest

import nn
import viz
from autograd import Value
from viz import __main__ as job

X, Y = nn.datasets.iris()


def model(outputs=3):
    return nn.MLP(4, [5, outputs], rng=0)


def fitted(m, x, y, optimizer=None):
    return nn.fit(m, x, y, nn.cross_entropy, optimizer or nn.SGD(model().parameters(), 0.1), 1, progress=False)


def shown(m, x, y):
    return viz.live(m, x, y, nn.cross_entropy, nn.SGD(model().parameters(), 0.1))


def divided_by_its_deviation():
    x = X.copy()
    x[:, 2] = np.nan
    return x


@pytest.mark.parametrize("used", [fitted, shown])
@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (lambda: (model(), X, Y + 1), r"got 1 to 3: np\.unique\(Y, return_inverse=True\)\[1\] counts them from 0"),
        (lambda: (model(2), X, Y), "got 0 to 2: 3 classes need as many outputs"),
        (lambda: (model(), X, Y.astype(str)), "names of classes become indices by np.unique"),
        (lambda: (None, X, Y), r"odel is a Module, such as nn\.MLP\(2, \[3, 1\]\), or a function of one example; got None"),
        (lambda: (nn.MLP, X, Y), r"or a function of one example; got .*MLP"),
        (lambda: (model(), divided_by_its_deviation(), Y), "column 2: no row has a number there; a constant column"),
    ],
    ids=["from one", "too few outputs", "names", "nothing", "a class", "a constant column"],
)  # fmt: skip
def test_training_and_its_page_say_what_to_do_about_data_and_model(used, arguments, advice):
    with pytest.raises((TypeError, ValueError), match=advice):
        used(*arguments())


def test_what_is_no_optimiser_is_named_in_a_few_words():
    m = model()
    with pytest.raises(TypeError, match="fit takes an optimiser") as error:
        fitted(m, X, Y, m.parameters())
    assert len(str(error.value)) < 200


def test_a_learning_rate_may_be_a_fraction():
    w = Value(1.0)
    w.backward()
    optimizer = nn.SGD([w], Fraction(1, 4))
    optimizer.step()
    assert (w.data, optimizer.lr) == (0.75, 0.25)


def test_a_step_whose_memory_overflows_is_refused():
    w = Value(0.0, "w")
    w.grad = 1e200
    optimizer = nn.Adam([w], 0.1)
    with pytest.raises(ValueError, match="or what the optimiser remembers would be infinite"):
        optimizer.step()
    w.grad = 1.0
    optimizer.step()
    assert w.data == pytest.approx(-0.1)


def test_a_history_that_rose_says_what_to_do():
    assert "take a smaller learning rate" in repr(nn.History([1.0, 3.0, 2.0]))
    assert "learning rate" not in repr(nn.History([2.0, 3.0, 1.0]))


@pytest.mark.parametrize("h", [[1.0, 2.0], nn.History([]), {"a": 3}], ids=["a list", "of no epoch", "a number"])
def test_what_is_no_history_is_not_drawn(h):
    pytest.importorskip("matplotlib")
    with pytest.raises(TypeError, match=r"history shows what nn\.fit returns"):
        viz.history(h)


def test_a_class_in_place_of_its_row_is_told_of_one_hot():
    with pytest.raises(ValueError, match=r"the row of a class is nn\.one_hot\(y, 3\)"):
        nn.mse(model()(X[0]), 0)


@pytest.mark.parametrize(
    ("rows", "said"),
    [("0.1,1,x\n0.1,2,y\n0.1,3,x", "'a' holds one number in all lines"), ("1e308,1,x\n-1e308,2,y\n3,3,x", "'a' is too large")],
)  # fmt: skip
def test_a_column_that_cannot_be_scaled_is_named(tmp_path, capsys, rows, said):
    (tmp_path / "own.csv").write_text(f"a,b,c\n{rows}\n")
    with pytest.raises(SystemExit):
        job.main([str(tmp_path / "own.csv"), "--target", "c"])
    assert said in capsys.readouterr().err


def test_a_page_that_learns_takes_no_example(capsys):
    with pytest.raises(SystemExit):
        job.main(["--live", "--example", "3"])
    assert "choose one in the page" in capsys.readouterr().err


@pytest.mark.parametrize(
    "row", [[Fraction(1, 2), 2**70], np.array([Fraction(1, 2), 2**70], object)], ids=["a list", "an array"]
)
def test_fractions_and_integers_beyond_64_bits_are_numbers(row):
    m = nn.MLP(2, [1], rng=0)
    assert nn.predict(m, [row]).tolist() == nn.predict(m, [[0.5, 2.0**70]]).tolist()
