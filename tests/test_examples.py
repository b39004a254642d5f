"""Examples X with their targets Y: what is no such data is refused before anything runs."""

import numpy as np
import pytest

from autograd.recorded.examples import class_numbers, held_out, one_hot, rows, targets

X = np.arange(6.0).reshape(3, 2)
OUTPUT = np.zeros(2)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: rows([1.0, 2.0]), r"got \(2,\): a single column is X\[:, None\], a single row X\[None\]"),
        (lambda: rows(3.0), r"shape \(N, n_in\); got \(\)$"),
        (lambda: rows(np.ones((0, 2))), "X is empty"),
        (lambda: rows([[1.0, np.inf], [2.0, 1.0]]), "holds inf in row 0, column 1: leave such rows out"),
        (lambda: rows([[1.0, np.nan], [2.0, np.nan]]), "no row has a number there; a constant column"),
        (lambda: targets([0, 1], X, OUTPUT), "got 3 rows of X and 2 of Y"),
        (lambda: targets(np.float32([0, 1, 1]), X, OUTPUT), "X is float64 and Y is float32"),
        (lambda: targets([0.0, 1.0, 1.0], X, OUTPUT), r"the model has 2 outputs: Y is class indices, Y\.astype\(int\)"),
        (lambda: targets([[0], [1], [1]], X, OUTPUT), r"the model has 2 outputs and Y has shape \(3, 1\)"),
        (lambda: targets([[0], [1], [1]], X, 1.0), r"the model has one output and Y has shape \(3, 1\)"),
        (lambda: one_hot([0.5], 2), "one_hot takes whole-number class indices; got float64"),
        (lambda: one_hot([1, 2], 2), r"got 1 to 2: np\.unique"),
        (lambda: one_hot([0, 2], 2), "3 classes need as many outputs"),
        (lambda: class_numbers([[0, 1, 2]], 2), r"one class index per row, or a one-hot row; got shape \(1, 3\)"),
        (lambda: class_numbers([0, 5], 2), "the classes of 2 outputs are 0 to 1; got 5"),
        (lambda: class_numbers([0, 2], 0), "the classes of one output are 0 and 1, or −1 and 1; got 2"),
        (lambda: held_out(X, list, print), r"validation is a pair of rows and targets"),
        (lambda: held_out((X, [0, 1]), lambda x, y: targets(y, x, OUTPUT), print), "^validation: every row of X has its"),
    ],
)  # fmt: skip
def test_what_is_no_example_is_refused_with_its_place_and_remedy(made, said):
    with pytest.raises((TypeError, ValueError), match=said):
        made()


def test_classes_become_rows_and_rows_classes():
    rows_of_classes = targets([1, 0, 1], X, OUTPUT)
    assert rows_of_classes.tolist() == [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    assert class_numbers(rows_of_classes, 2).tolist() == [1, 0, 1]
    assert targets([0.5, 1.0, 2.0], X, 1.0).tolist() == [0.5, 1.0, 2.0]


def test_data_held_out_pass_the_checks_and_the_program():
    seen = []
    x, y = held_out((X, [0, 1, 1]), lambda x, y: (x, targets(y, x, OUTPUT)), lambda *data: seen.extend(data))
    assert seen[0] is x is X
    assert seen[1] is y
    assert y.shape == (3, 2)
