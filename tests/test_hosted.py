"""Colab and Kaggle, where another project is called autograd too: what is said, and what helps, there."""

import os
import runpy
import shutil
import subprocess
import sys

import pytest

from tests.test_notebooks import NOTEBOOKS, ROOT, code, read

LINES = [
    "%pip install --target ~/.chainrule CHAINRULE",
    'import os, sys; sys.path.insert(0, os.path.expanduser("~/.chainrule"))',
]


@pytest.fixture
def foreign(tmp_path):
    """A folder with another project called autograd."""
    return other(tmp_path / "others")


def other(folder):
    (folder / "autograd/numpy").mkdir(parents=True)
    (folder / "autograd/__init__.py").write_text("def grad(f): ...\n")
    (folder / "autograd/numpy/__init__.py").write_text("")
    return folder


def run(program, *path, home=None):
    """What a program prints, and its error, with these folders first on the path."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path)), "HOME": str(home), "USERPROFILE": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=path[0], env=env, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def says_the_two_lines(error):
    assert [line.strip() for line in error.strip().splitlines()[-2:]] == LINES
    assert "restart the session" in error


# --- what is said -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["nn", "viz"])
def test_where_the_other_one_is_found_first_ours_says_so(foreign, package):
    error = run(f"import {package}", foreign, ROOT)
    assert f"ImportError: {package} needs chainrule's autograd" in error
    says_the_two_lines(error)


@pytest.mark.parametrize("package", ["nn", "viz"])
def test_where_the_other_one_was_imported_before_ours_says_so(foreign, package):
    error = run(f"import autograd, sys; sys.path.insert(0, {str(ROOT)!r}); import {package}", foreign)
    assert f"ImportError: {package} needs chainrule's autograd" in error
    says_the_two_lines(error)


@pytest.mark.parametrize("package", ["autograd", "nn", "viz"])
@pytest.mark.parametrize("last", ["ours", "the other"])
def test_where_pip_has_mixed_the_two_whichever_came_last_ours_says_so(tmp_path, package, last):
    mixed = other(tmp_path)
    for name in ("autograd", "nn", "viz"):
        shutil.copytree(ROOT / name, mixed / name, dirs_exist_ok=True)
    if last == "the other":
        (mixed / "autograd/__init__.py").write_text("def grad(f): ...\n")
    error = run(f"import {package}", mixed)
    if (package, last) == ("autograd", "the other"):
        assert error == "", "this is not our file: nothing can be said"
        return
    assert "ImportError: " in error
    says_the_two_lines(error)
    if package == "autograd":
        assert "two projects called autograd are mixed in one folder" in error
        assert "pip uninstall -y autograd chainrule" in error, "without -y a notebook waits for an answer forever"


def test_beside_a_foreign_autograd_numpy_nothing_of_the_package_is_imported(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name == "autograd.numpy")
    with pytest.raises(ImportError, match=r"to which autograd\.numpy belongs"):
        runpy.run_path(str(ROOT / "autograd/__init__.py"))


def test_a_file_called_autograd_is_not_taken_for_the_other_project(tmp_path):
    (tmp_path / "autograd.py").write_text("")
    assert "'autograd' is not a package" in run("import nn", tmp_path, ROOT).splitlines()[-1]


# --- what helps ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_behind_the_second_line_everything_is_ours(foreign, tmp_path):
    own = tmp_path / "home/.chainrule"  # as pip makes it, of the first line
    for name in ("autograd", "nn", "viz"):
        shutil.copytree(ROOT / name, own / name)
    program = (
        f"{LINES[1]}\nimport viz, nn, autograd\nx = autograd.Value(3.0, 'x')\nprint(viz.draw(x * x), autograd.__file__)"
    )
    assert run(program, foreign, home=tmp_path / "home").split(">") == [
        "<Computation graph of 2 values",
        f" {own / 'autograd' / '__init__.py'}\n",
    ]


def test_getting_started_says_the_same_two_lines():
    assert "\n".join(LINES) in (ROOT / ".docs" / "start.md").read_text(encoding="utf-8")


# --- the first cell of a notebook -----------------------------------------------------------------------------------------


def test_the_first_cell_of_every_notebook_begins_in_the_same_way():
    sources = ["".join(code(read(path))[0]["source"]) for path in NOTEBOOKS]
    (head,) = {source.partition("sys.path.insert(0, str(root))\n\n")[0] for source in sources}
    assert head.startswith("try:\n    import viz\nexcept ImportError:")


@pytest.fixture
def kernel(foreign, monkeypatch):
    """A function that runs the first cell of a notebook in a folder, beside the other project, and then one more."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (foreign, ROOT))))
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # everything that is needed is there
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")

    def run(path, folder, more):
        notebook = nbformat.read(path, as_version=4)
        cells = code(notebook)
        notebook.cells = [cells[0], nbformat.v4.new_code_cell(more)]
        nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
        return [cell.outputs for cell in notebook.cells]

    return run


@pytest.mark.slow
def test_a_notebook_in_a_checkout_copes_with_the_other_project_and_prints_nothing(kernel):
    path = ROOT / "notebooks/1_a_value_and_its_graph.ipynb"
    said, (after,) = kernel(path, path.parent, "import autograd\nprint(autograd.__file__, viz.draw(Value(2.0)))")
    assert said == []
    assert after["text"] == f"{ROOT / 'autograd' / '__init__.py'} <Computation graph of 1 values>\n"


def test_a_notebook_that_lies_in_no_checkout_says_what_to_do(kernel, tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'another'\n")  # which is not to be installed
    (tmp_path / "work").mkdir()
    with pytest.raises(Exception, match="Clone chainrule, change to its folder notebooks") as caught:
        kernel(NOTEBOOKS[0], tmp_path / "work", "")
    assert type(caught.value).__name__ == "CellExecutionError"
