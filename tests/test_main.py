"""The main job, as a user runs it: `python -m viz`."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import nn
from nn import gpt
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
    assert f"cannot use {tmp_path / 'file'}" in capsys.readouterr().err


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as stop:
        job.main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert all(option in text for option in ("--flower", "--seed", "--out", "--gpt", "--seconds"))


@pytest.fixture
def of_four_letters(monkeypatch):
    """First names of one length, which take one program."""
    names = [name for name in nn.datasets.names() if len(name) == 4]
    monkeypatch.setattr(nn.datasets, "names", lambda: names)


def made_up(text):
    said, _, names = text.partition("\n\n")
    assert len(names.split()) == job.SAMPLES
    assert all(name.isalpha() and name.istitle() for name in names.split())
    return int(said.split()[1])


def test_the_gpt_learns_names_for_a_second_and_makes_up_more(of_four_letters, capsys):
    assert job.main(["--gpt", "--seconds", "1"]) == 0
    done = capsys.readouterr()
    assert made_up(done.out) > 5
    assert "for each length: 100%" in done.err
    assert re.search(r"training: .* of 1 s, step \d+, loss \d\.\d{3}", done.err)


def test_the_gpts_loss_falls_without_a_compiler_too(of_four_letters, monkeypatch, capsys):
    monkeypatch.setenv("CC", "no_such_compiler")
    losses = gpt.trained(gpt.parameters(), nn.datasets.names(), seconds=2)
    assert "a program in numpy for each length" in capsys.readouterr().err
    assert losses[0] > 3.2
    assert np.mean(losses[-5:]) < 2.9


def test_an_interruption_ends_the_gpts_training_and_it_still_makes_up_names(of_four_letters, monkeypatch, capsys):
    class Interrupted(nn.Adam):
        def step(self):
            super().step()
            if self.memory[2][0] == 3:
                raise KeyboardInterrupt

    monkeypatch.setattr(gpt, "Adam", Interrupted)
    assert job.main(["--gpt"]) == 0
    assert made_up(capsys.readouterr().out) == 3


def test_the_gpt_takes_no_data_and_no_expression(tmp_path, capsys):
    for words in (["data.csv"], ["--live"], ["x + 1", "x=1"]):
        with pytest.raises(SystemExit) as stop:
            job.main(["--gpt", *words])
        assert stop.value.code == 2
        assert "--gpt" in capsys.readouterr().err


def test_training_is_repeatable():
    X, Y = nn.datasets.iris()
    few = X[::15], Y[::15]
    assert [p.data for p in job._train(*few, 1).parameters()] == [p.data for p in job._train(*few, 1).parameters()]
