"""The main job, as a user runs it: `python -m viz`."""

import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import nn
from viz import __main__ as job


def run(*arguments, cwd):
    command = [sys.executable, "-m", "viz", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120)


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("job")
    return run("--flower", 100, "--seed", 3, "--out", folder / "pictures", cwd=folder), folder / "pictures"


def numbers_after(label, text):
    line = next(line for line in text.splitlines() if label in line)
    return [float(x) for x in line.split("[")[-1].rstrip("]").split()]


def test_the_main_job_gets_145_flowers_right(walked):
    done, _ = walked
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split(" of 150 flowers right")[0].split()[-1]) >= 145
    assert "epoch" in done.stderr, "the progress bar"


def test_the_main_job_prints_the_chain_and_its_gradients(walked):
    done, _ = walked
    for label in ("x2 = W1·x", "x3 = x2 + w10", "x4 = σ(x3)", "x5 = W2·x4", "x6 = x5 + w20", "L = −log ŷ[2]"):
        assert label in done.stdout
    for name in ("w20", "W2", "w10", "W1"):
        assert f"∂L/∂{name} " in done.stdout
    error = np.array(numbers_after("  ŷ − y ", done.stdout))
    np.testing.assert_array_equal(numbers_after("∂L/∂x6 = ŷ − y", done.stdout), error)
    np.testing.assert_allclose(np.array(numbers_after("ŷ = softmax(x6)", done.stdout)) - [0, 0, 1], error, atol=1e-6)


def test_the_main_job_writes_its_stages_and_leaves_out_a_picture_too_small_to_be_read(walked):
    done, folder = walked
    root = ET.parse(folder / "f1-f6-stages.svg").getroot()
    text = "".join(root.itertext())
    assert all(name in text for name in ("x2 = W1·x", "∂L/∂W2 = ∂L/∂x5·x4ᵀ", "f6"))
    assert (folder / "f1-f6-stages.png").read_bytes().startswith(b"\x89PNG")
    assert "f1-f6.svg, value by value, is left out: 69 values would be too small to be read." in done.stdout
    assert sorted(path.name for path in folder.iterdir()) == ["f1-f6-stages.png", "f1-f6-stages.svg"]


def test_the_main_job_writes_a_small_network_value_by_value_too(tmp_path, monkeypatch):
    monkeypatch.setattr(job, "HIDDEN", 1)
    (tmp_path / "data.csv").write_text("a,class\n" + "\n".join(f"{k},{'xy'[k % 2]}" for k in range(6)))
    assert job.main([str(tmp_path / "data.csv"), "--target", "class", "--out", str(tmp_path / "out")]) == 0
    text = "".join(ET.parse(tmp_path / "out" / "f1-f6.svg").getroot().itertext())
    assert all(name in text for name in ("x2[0]", "W2[1,0]", "f6"))


def test_the_main_job_without_a_renderer_of_png_says_so_and_writes_the_rest(tmp_path, capsys, monkeypatch):
    for renderer in ("resvg_py", "typst"):
        monkeypatch.setitem(sys.modules, renderer, None)
    assert job.main(["--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f1-f6-stages.svg"]
    assert capsys.readouterr().out.count(".png is left out: PNG needs Typst: pip install") == 1


@pytest.mark.parametrize(
    "arguments",
    [("--flower", "150"), ("--flower", "-1"), ("--flower", "rose"), ("--seed", "1.5"), ("--colour", "red"), ("stray",)],
)
def test_a_wrong_option_is_one_line_and_exit_code_2(arguments, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        job.main(arguments)
    assert stop.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_an_output_folder_that_cannot_be_made_is_one_line_and_exit_code_2(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SystemExit) as stop:
        job.main(["--out", str(tmp_path / "file" / "folder")])
    assert stop.value.code == 2
    assert "cannot make the folder" in capsys.readouterr().err


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as stop:
        job.main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert all(option in text for option in ("--flower", "--seed", "--out"))


def test_training_is_repeatable():
    X, Y = nn.datasets.iris()
    few = X[::15], Y[::15]
    assert [p.data for p in job._train(*few, 1).parameters()] == [p.data for p in job._train(*few, 1).parameters()]
