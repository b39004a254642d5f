"""Data of the reader's own: a CSV file, and data frames of pandas and polars."""

import re
import subprocess
import sys

import numpy as np
import pytest

import nn
from nn.datasets import from_csv
from viz import __main__ as job

CSV = "age, height ,kind\n30,1.7,b\n20,1.6,a\n\n35,1.8,b\n25,1.5,a\n"


@pytest.fixture
def written(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "data.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"], ids=["plain", "with a byte order mark"])
def test_a_csv_file_becomes_numbers_and_classes(separator, end, start, written):
    X, Y, columns, classes = from_csv(written(start + CSV.replace(",", separator).replace("\n", end)), "kind")
    np.testing.assert_array_equal(X, [[30, 1.7], [20, 1.6], [35, 1.8], [25, 1.5]])
    assert (Y.tolist(), columns, classes) == ([1, 0, 1, 0], ("age", "height"), ("a", "b"))


def test_classes_that_are_numbers_stand_in_the_order_of_their_size(written):
    data = from_csv(written("x,y\n1,10\n2,9\n3,10\n4,9\n"), "y")
    assert (data.Y.tolist(), data.classes) == ([1, 0, 1, 0], ("9", "10"))


def test_a_quoted_cell_may_hold_the_separator_and_a_line_break(written):
    data = from_csv(written('x,"the, kind"\n1,"a,\nb"\n2,c\n3,c\n4,"a,\nb"\n'), "the, kind")
    assert data.classes == ("a,\nb", "c")


def test_iris_is_the_file_that_is_shipped():
    X, Y = nn.datasets.iris()
    assert (X.shape, X.dtype, Y.dtype.kind, np.bincount(Y).tolist()) == ((150, 4), float, "i", [50, 50, 50])
    np.testing.assert_array_equal(X[[0, 149]], [[5.1, 3.5, 1.4, 0.2], [5.9, 3.0, 5.1, 1.8]])


REFUSED = {
    "a missing entry": (CSV.replace("1.6", ""), r"^data\.csv, line 3: the column 'height' is empty: fill it in"),
    "a missing class": (CSV.replace("1.5,a", "1.5,"), r"line 6: the column 'kind' is empty"),
    "nan": (CSV.replace("1.6", "nan"), r"line 3: the column 'height' holds 'nan', which has no value"),
    "an infinite number": (CSV.replace("1.6", "-inf"), r"line 3: .* holds '-inf', which has no value"),
    "a text": (
        CSV.replace("35,", "Rome,"),
        r"line 5: the column 'age' holds 'Rome', which is no number: leave the line or the",
    ),
    "a decimal comma": (CSV.replace(",", ";").replace("1.6", "1,6"), r"holds '1,6', which is no number.*with a point"),
    "a long line": (CSV.replace("1.6,a", "1.6,a,7"), r"line 3 has 4 entries, and the header 3"),
    "a short line": (CSV.replace("1.6,a", "1.6"), r"line 3 has 2 entries, and the header 3"),
    "no header": (CSV.partition("\n")[2], r"needs a first line with a name for every column.*got \['30', '1.7', 'b'\]"),
    "a name twice": (CSV.replace("age", "height"), r"a name for every column, each once"),
    "a column without a name": (CSV.replace("age", ""), r"a name for every column, each once"),
    "no data": ("age,kind\n", r"^data\.csv has no lines of data below a header"),
    "one line": ("x,kind\n1,a\n", r"the column 'kind' has 1 different entr"),
    "nothing": ("", r"^data\.csv has no lines of data below a header"),
    "no such column": (CSV.replace("kind", "sort"), r"no column 'kind'; its columns are age, height, sort"),
    "the target alone": ("kind\na\nb\na\nb\n", r"no column beside 'kind'"),
    "one class": (CSV.replace(",a", ",b"), r"the column 'kind' has 1 different entry in 4 lines, and is no column"),
    "a class a line": (
        "x,kind\n1,a\n2,b\n3,c\n4,d\n",
        r"'kind' has 4 different entries in 4 lines, and is no column of cl",
    ),
    "numbers as target": (
        "x,kind\n1,.5\n2,.6\n3,.7\n4,.8\n",
        r"to predict a number, train nn\.MLP\(d, \[5, 1\]\) with nn",
    ),
    "an open quote": (CSV.replace("1.6", '"1.6'), r"^data\.csv cannot be read as CSV: "),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_does_not_fit_is_refused_with_its_line_and_column(case, written):
    text, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        from_csv(written(text), "kind")


def test_a_file_that_is_no_text_in_utf_8_is_refused(written):
    with pytest.raises(ValueError, match=r"^data\.csv is no text in UTF-8"):
        from_csv(written(CSV.replace("kind", "Größe"), "latin-1"), "Größe")


# --- python -m viz data.csv -------------------------------------------------------------------------------------------


def test_the_main_job_trains_on_an_own_file_and_walks_one_of_its_examples(written, tmp_path):
    rng = np.random.default_rng(0)
    rows = "".join(
        f"{x:.3f},{y:.3f},{'inside' if x * x + y * y < 1 else 'outside'}\n" for x, y in rng.normal(size=(60, 2))
    )
    path = written("left,up,place\n" + rows)
    command = [
        sys.executable,
        "-m",
        "viz",
        str(path),
        "--target",
        "place",
        "--example",
        "7",
        "--out",
        str(tmp_path / "out"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    right, place = int(done.stdout.split(" of 60 examples right")[0].split()[-1]), rows.split("\n")[7].split(",")[2]
    assert right >= 50
    assert f"\nExample 7, {place}, in standard deviations from the mean: left, up\n" in done.stdout
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "f1-f6-stages.png", "f1-f6-stages.svg",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{}"], "which column of .*data.csv holds the classes"),
        (["{}", "--target", "sort"], "no column 'sort'; its columns are age, height, kind"),
        (["{}", "--target", "kind", "--example", "4"], "--example 4: the examples are 0 to 3"),
        (["{}.csv", "--target", "kind"], "cannot use .*data.csv.csv: No such file"),
        (["--target", "kind"], "--target is a column of a file of your own"),
        (["x*2", "x=1", "--target", "kind"], "for the main job, which takes no expression"),
    ],
)
def test_a_wrong_command_for_an_own_file_is_one_line_and_exit_code_2(arguments, words, written, capsys):
    path = written(CSV)
    with pytest.raises(SystemExit) as stop:
        job.main([argument.format(path) for argument in arguments])
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(words, line)


def test_a_column_of_one_number_throughout_is_refused_by_its_name(written, capsys):
    path = written(CSV.replace("1.7", "2").replace("1.6", "2").replace("1.8", "2").replace("1.5", "2"))
    with pytest.raises(SystemExit):
        job.main([str(path), "--target", "kind"])
    assert "the column 'height' holds one number in all lines: leave it out" in capsys.readouterr().err


# --- data frames ------------------------------------------------------------------------------------------------------


def of_pandas(columns):
    return pytest.importorskip("pandas").DataFrame(columns)


def of_pandas_with_its_own_types(columns):
    return of_pandas(columns).convert_dtypes()


def of_polars(columns):
    return pytest.importorskip("polars").DataFrame(columns)


def losses(X, Y):
    model = nn.MLP(2, [3, 2], rng=0)
    history = nn.fit(model, X, Y, nn.cross_entropy, nn.SGD(model.parameters(), 0.5), 3, progress=False)
    return history.loss, nn.predict(model, X).tolist(), nn.accuracy(model, X, Y)


FRAMES = pytest.mark.parametrize("frame", [of_pandas, of_pandas_with_its_own_types, of_polars])


@FRAMES
def test_columns_of_a_data_frame_go_into_fit_as_they_are(frame):
    X, Y = np.array([[0.5, 1.0], [-1.0, 2.0], [0.25, -3.0], [2.0, 0.0]]), np.array([0, 1, 1, 0])
    data = frame({"a": X[:, 0], "b": X[:, 1].astype(int), "inside": Y})
    assert losses(data[["a", "b"]], data["inside"]) == losses(X, Y)


@FRAMES
def test_a_missing_entry_of_a_data_frame_is_refused_with_its_place(frame):
    data = frame({"a": [1.0, None, 2.0, 3.0], "b": [1, 2, 3, 4], "y": [0, 1, 0, 1]})
    with pytest.raises((TypeError, ValueError), match=r"X holds nan in row 1, column 0|got NAType <NA> at \[1, 0\]"):
        losses(data[["a", "b"]], data["y"])


@FRAMES
def test_a_text_in_a_data_frame_is_refused_with_its_place(frame):
    data = frame({"a": [1.0, 0.0, 2.0, 3.0], "b": ["p", "q", "p", "q"], "y": [0, 1, 0, 1]})
    with pytest.raises(TypeError, match=r"got str 'p' at \[0, 1\]"):
        losses(data[["a", "b"]], data["y"])


def test_targets_of_one_column_are_refused_in_words():
    with pytest.raises(ValueError, match=r"the model has 2 outputs and Y has shape \(4, 1\): give it as \(N,\)"):
        losses(np.eye(4)[:, :2], np.array([[0], [1], [0], [1]]))
