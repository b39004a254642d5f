"""What `.github/SECURITY.md` says: every line of it has a test that fails where it is not so."""

import ast
import os
import pickle
import pickletools
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import Value, array, constant, named, record, scope, values
from viz.expression import parsed

HERE = Path(__file__).parent
LINES = re.findall(r"^- (.*)$", (HERE.parent / ".github/SECURITY.md").read_text(encoding="utf-8"), re.MULTILINE)

# A phrase of each line, and the tests that show it.
PROOFS = {
    "Trusted is your own Python": ["test_security.test_a_callback_runs_as_it_is"],
    "none of them is run": [
        "test_security.test_a_file_with_a_pickle_in_it_runs_nothing",
        "test_security.test_names_titles_and_data_run_nothing",
        "test_expression.test_nothing_that_runs_text_is_in_the_module",
    ],
    "unpickles nothing": [
        "test_security.test_a_file_with_a_pickle_in_it_runs_nothing",
        "test_saved_models.test_a_hostile_file_is_refused_in_one_way_changes_nothing_and_takes_no_memory",
        "test_saved_models.test_whatever_is_damaged_is_loaded_as_saved_or_refused",
    ],
    "unpacks to gigabytes": [
        "test_saved_models.test_a_hostile_file_is_refused_in_one_way_changes_nothing_and_takes_no_memory",
    ],
    "under a fresh name": [
        "test_faults.test_what_lies_under_the_name_of_a_temporary_file_is_left_alone",
        "test_faults.test_a_file_keeps_its_mode_and_a_new_one_has_the_umasks",
        "test_faults.test_processes_killed_while_they_save_leave_a_whole_file",
        "test_interruptions.test_an_interruption_leaves_both_files_old_or_both_new_and_no_others",
    ],
    "only text in source code, SVG, DOT, HTML, Markdown, LaTeX and tables": [
        "test_source_names.test_no_name_no_title_and_no_formula_puts_code_into_the_source",
        "test_pictures_document.test_names_and_scopes_that_look_like_markup_are_only_text",
        "test_pictures_document.test_the_dot_text_escapes_quotes_backslashes_and_entities",
        "test_steps_page.test_names_that_look_like_code_are_only_text",
        "test_trace.test_names_that_look_like_markup_are_only_text",
        "test_paths.test_names_that_look_like_markup_are_only_text",
        "test_formula_words.test_a_name_that_looks_like_markup_is_only_text",
    ],
    "`9**9**9` overflows at once": [
        "test_security.test_an_expression_is_answered_or_refused_in_seconds",
        "test_expression.test_what_is_no_arithmetic_is_refused_with_its_place",
        "test_expression.test_what_is_nested_too_deep_is_refused",
        "test_expression.test_a_million_characters_are_refused_at_once_by_their_number",
        "test_expression.test_powers_that_would_take_forever_in_whole_numbers_overflow_at_once",
    ],
    "Content-Security-Policy of its own": [
        "test_steps_page.test_the_page_runs_no_script_but_its_own_and_asks_for_nothing",
        "test_steps_page.test_in_a_sandboxed_frame_as_in_jupyter_it_works",
        "test_steps_page.test_the_data_of_the_page_are_json_without_markup",
    ],
    "only what the rules of the table wrote": [
        "test_source_names.test_no_name_no_title_and_no_formula_puts_code_into_the_source",
        "test_source_names.test_arguments_may_be_called_as_the_code_calls_its_own",
        "test_source_names.test_how_a_row_of_a_user_is_written_puts_no_code_into_the_source",
        "test_refusals.test_a_row_whose_name_is_no_identifier_or_taken_is_refused",
    ],
    "a pickle can run anything": ["test_security.test_a_pickled_graph_is_a_pickle_that_calls_what_it_names"],
}


@pytest.mark.parametrize("line", LINES)
def test_every_line_has_its_proof(line):
    assert [phrase for phrase in PROOFS if phrase in line], "no test stands for this line"


def test_there_are_ten_lines_and_no_proof_without_a_line():
    assert len(LINES) == len(PROOFS) == 10
    assert [phrase for phrase in PROOFS if sum(phrase in line for line in LINES) != 1] == []


@pytest.mark.parametrize("proof", sorted({proof for proofs in PROOFS.values() for proof in proofs}))
def test_every_proof_is_a_test(proof):
    file, _, name = proof.partition(".")
    tree = ast.parse((HERE / f"{file}.py").read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


# --- proofs that stand nowhere else -----------------------------------------------------------------------------------


class Bomb:
    """A pickle of it makes a folder."""

    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return os.mkdir, (str(self.place),)


def test_a_callback_runs_as_it_is():
    model, seen = nn.Neuron(1, "identity", rng=0), []
    nn.fit(model, [[1.0]], [1.0], nn.mse, nn.SGD(model.parameters(), 0.1), 2, progress=False, callback=seen.append)
    assert len(seen) == 2


def test_a_file_with_a_pickle_in_it_runs_nothing(tmp_path):
    model, ran = nn.Neuron(2, rng=0), tmp_path / "ran"
    before = values(model.parameters())
    bombs = np.array([Bomb(ran), Bomb(ran)], dtype=object)
    np.savez(tmp_path / "member.npz", w=bombs, b=np.zeros(()))
    np.savez(tmp_path / "beside.npz", **model.state(), extra=bombs)
    (tmp_path / "whole.npz").write_bytes(pickle.dumps(Bomb(ran)))
    np.save(tmp_path / "array.npy", bombs, allow_pickle=True)
    (tmp_path / "array.npy").rename(tmp_path / "array.npz")
    for name in ("member", "beside", "whole", "array"):
        with pytest.raises(ValueError, match=rf"^{name}\.npz"):
            model.load(tmp_path / f"{name}.npz")
    assert not ran.exists()
    np.testing.assert_array_equal(values(model.parameters()), before)


def test_names_titles_and_data_run_nothing(tmp_path):
    payload = f"__import__('os').mkdir({str(tmp_path / 'ran')!r})"
    with scope(payload, payload):
        w, c = Value(2.0, payload), constant([1.0, 2.0], payload)
        program = record(lambda x: named(payload, array([w * x, c[1] * x]).sum()), 1.0)
    program.backward([1.0, 2.0])
    program.save_source(tmp_path / "network.py")
    command = [sys.executable, "-c", "import network; print(network.predict([3.0]))"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[12.]"]
    assert not (tmp_path / "ran").exists()


TAKES_LONG = {
    "a tower": "x + " + "**".join("9" * 40),
    "brackets": "(" * 25_000 + "x" + ")" * 25_000,
    "signs": "-" * 50_000 + "x",
    "digits": "x*" + "9" * 50_000,
    "hexadecimal digits": "x*0x" + "f" * 50_000,
    "calls": "exp(" * 12_000 + "x" + ")" * 12_000,
    "a long sum": "+".join(["x"] * 25_000),
    "a long list": f"sum([{','.join(['x'] * 25_000)}])",
    "a repeated text": "x*'a'*10**9",
}


@pytest.mark.parametrize("name", TAKES_LONG)
def test_an_expression_is_answered_or_refused_in_seconds(name):
    start = time.perf_counter()
    try:
        assert parsed(TAKES_LONG[name], {"x": 1.0}).data == 25_000
    except (ValueError, OverflowError) as error:
        said = str(error)
        assert len(said) < 300
    assert time.perf_counter() - start < 5


def test_a_pickled_graph_is_a_pickle_that_calls_what_it_names():
    names = {op.name for op, _, _ in pickletools.genops(pickle.dumps(Value(1.0) * 2.0))}
    assert {"STACK_GLOBAL", "REDUCE"} <= names
