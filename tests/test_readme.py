"""README: each block runs alone and prints what stands below it; links lead somewhere; names are there."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
import nn
import viz

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SCRIPTS = re.findall(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", README, re.DOTALL)
SHELL = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
COMMANDS = [line for line in "".join(SHELL).splitlines() if line.startswith("python -m viz ")]


def run(command, folder):
    return subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "PATH": "", "HOME": str(folder)},
        capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(("script", "printed"), SCRIPTS, ids=range(len(SCRIPTS)))
def test_a_block_runs_alone_and_prints_what_stands_below_it(script, printed, tmp_path):
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    done = run([sys.executable, "script.py"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.rstrip() for line in done.stdout.splitlines()] == printed.splitlines()
    for name in re.findall(r'\.save(?:_source)?\("(.*?)"\)', script):
        assert (tmp_path / name).stat().st_size > 500


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_for_the_terminal_runs(command, tmp_path):
    shutil.copy(ROOT / "nn" / "data" / "iris.csv", tmp_path / "data.csv")
    words = shlex.split(command.partition("#")[0])
    done = run([sys.executable, *words[1:]], tmp_path)
    assert done.returncode == 0, done.stderr
    if "-o" in words:
        assert (tmp_path / words[words.index("-o") + 1]).is_file()


def test_readme_has_its_blocks_and_at_most_220_lines():
    assert (len(SCRIPTS), len(COMMANDS)) >= (4, 3)
    assert len(README.splitlines()) <= 220


def test_every_link_and_every_picture_leads_somewhere():
    headings = re.findall(r"^## (.*)$", README, re.MULTILINE)
    anchors = {"#" + re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    targets = re.findall(r"\]\(([^)]+)\)", README) + re.findall(r'src="([^"]+)"', README)
    assert len(targets) > len(headings)
    for target in targets:
        assert target in anchors or (ROOT / target).exists(), target
    contents = README.partition("## ")[0]
    assert [h for h in headings if f"[{h}](" not in contents] == []


def measured():
    """What the last run of the bench printed: of each line of its tables the cells, without the ratios in brackets."""
    found = {}
    for block in (ROOT / ".docs" / "measured.md").read_text(encoding="utf-8").split("\n\n"):
        lines = [
            [cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines() if line[:1] == "|"
        ]
        for line in lines[2:]:
            cells = [cell.partition(" (")[0] for cell in line[1:]]
            found.setdefault(line[0], dict(zip(lines[0][1:], cells, strict=True)))
    return found


def test_the_times_are_those_of_the_last_run_of_the_bench():
    lines, rows = measured(), README.partition("| beside it |")[2].partition("\n\n")[0].splitlines()[2:]
    assert len(rows) == 3
    for row in rows:
        work, ours, in_c, others = (cell.strip() for cell in row.strip("|").split("|"))
        points = re.search(r"([\d,]+) points", work)[1]
        if work.startswith("on Values"):
            (cells,) = (cells for line, cells in lines.items() if line.startswith("training step of micrograd's demo"))
            assert (ours, others) == (cells["chainrule"], f"micrograd {cells['micrograd']}")
            continue
        assert (ours, in_c) == (lines["chainrule"][points], lines["chainrule in C"][points])
        for other in others.split(", "):
            name, time = re.fullmatch(r"(\D+) (\S+ \S+)", other).groups()
            assert time == lines[name][points], other


def test_what_the_dictionary_names_is_there():
    rows = re.findall(r"^\|.*\|(.*)\|$", README.partition("| there | here |")[2].partition("\n\n")[0], re.MULTILINE)
    named = {
        name for row in rows for code in re.findall(r"`([^`]+)`", row) for name in re.findall(r"([\w.]+)(?:\(|$)", code)
    }
    for name in named - {"w.grad", "loss.data", "__call__"}:
        package, _, part = name.rpartition(".")
        assert hasattr({"": autograd, "nn": nn, "viz": viz}[package], part), name
