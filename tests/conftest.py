"""Fixtures of several files."""

import importlib
import os
import pkgutil
import shutil
import sys
from collections import Counter
from contextlib import contextmanager

import pytest

import autograd
from autograd import Op, array, ops
from tests.lessons import Lesson

for part in pkgutil.walk_packages(autograd.__path__, "autograd."):  # no line of theirs runs first in an untraced test
    importlib.import_module(part.name)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
collect_ignore = ["data"]  # a user's script is read by type checkers there, and never run
SIZE = {"width": 1400, "height": 900}


# By default every k-th case of these tests runs, and none where no k stands; `.ci/run` runs all of them. A test stands here
# where it takes seconds and its cases are of one kind.
THINNED = {
    "test_browser": {
        "every_line_on_a_wire_lies_on_its_ground_and_over_no_other": 3,
        "every_line_of_text_lies_within_its_card": 4,
    },
    "test_c": {
        "every_activation_descends_with_every_loss_as_in_numpy": 5,
        "a_golden_program_gives_the_numbers_of_numpy": 3,
    },
    "test_c_text": {
        "a_program_whose_names_are_hostile_gives_the_numbers_of_numpy": 6,
    },
    "test_consoles": {
        "every_interpreter_and_console_gives_the_same_numbers_and_errors": 3,
    },
    "test_datasets": {
        "iris_is_fishers_data_as_scikit_learn_has_it": None,
        "spirals_stay_within_the_unit_circle_and_no_line_separates_them": None,
    },
    "test_doctor": {
        "a_gradient_that_underflows_has_vanished_and_tiny_weights_are_not_alike": None,
    },
    "test_every_way": {
        "every_way_to_a_derivative_gives_that_of_backward_or_refuses_with_it": 2,
    },
    "test_fit": {
        "both_engines_give_the_same_numbers": 3,
    },
    "test_formula": {
        "the_derivation_of_every_row_compiles_and_ends_in_its_partials": 3,
    },
    "test_formula_equations": {
        "a_deep_graph_is_split_into_equations_and_those_in_the_middle_are_counted": None,
    },
    "test_formula_words": {
        "a_name_that_looks_like_markup_is_only_text": 4,
    },
    "test_front_ends": {
        "the_page_has_the_theme_of_the_notebook_and_not_of_the_screen": 2,
        "a_picture_fits_its_column_as_a_part_of_the_page_and_is_never_wider_than_1000_pixels": 3,
        "a_picture_fits_its_column_as_an_image_without_any_style": 2,
        "a_message_that_names_no_colour_changes_nothing": 3,
        "nbconvert_keeps_everything_in_markdown_and_the_page_is_one_line": None,
    },
    "test_gpt": {
        "every_gradient_is_pytorchs": None,
    },
    "test_graphs": {
        "pytorch_agrees": None,
    },
    "test_hosted": {
        "a_notebook_that_lies_in_no_checkout_says_what_to_do": None,
    },
    "test_known_models": {
        "weights_of_pytorch_come_and_go_as_float_arrays": None,
        "loss_and_gradients_are_those_of_the_same_model_in_pytorch": None,
    },
    "test_languages": {
        "a_language_of_one_file_runs_every_golden_program": 3,
    },
    "test_lecture": {
        "a_formula_off_in_a_single_entry_is_found": 4,
        "a_formula_off_by_a_factor_is_found_at_each_of_its_points": 4,
    },
    "test_legible": {
        "the_type_of_what_auto_chooses_has_9_pixels_or_more_at_a_width_of_1000": 3,
    },
    "test_live": {
        "after_100_steps_the_page_has_the_parameters_of_fit": 2,
    },
    "test_live_page": {
        "the_command_writes_the_page_of_the_main_job": None,
    },
    "test_main": {
        "the_gpt_learns_names_for_a_second_and_makes_up_more": None,
        "the_gpts_loss_falls_without_a_compiler_too": None,
        "an_interruption_ends_the_gpts_training_and_it_still_makes_up_names": None,
    },
    "test_memory": {
        "a_deep_graph_is_walked_without_recursion": 3,
        "a_million_operations_build_differentiate_copy_pickle_and_are_freed": None,
    },
    "test_minimize": {
        "from_the_optimum_every_method_says_success": 3,
    },
    "test_numpy_ties": {
        "a_nan_wins_in_every_position": 6,
    },
    "test_optim": {
        "every_step_of_a_hundred_is_pytorchs": None,
    },
    "test_own_rows": {
        "a_comparison_in_a_rule_counts_as_a_number_in_every_reading": 2,
    },
    "test_pages_numbers": {
        "a_stage_has_the_jacobian_of_its_own_or_nan_where_there_is_none": 2,
        "the_jacobian_of_a_stage_of_arrays_is_named_in_the_picture_and_in_the_page": 3,
        "after_what_if_the_page_has_pythons_answer_or_a_refusal": 3,
        "a_refusal_of_the_page_names_the_operation_and_its_operand": 3,
    },
    "test_paths": {
        "numbers_too_long_to_read_are_rounded": None,
    },
    "test_pickled_programs": {
        "a_pickled_program_runs_the_same_code_on_leaves_of_its_own": 3,
    },
    "test_pictures_document": {
        "the_text_is_the_same_under_any_hash_seed": None,
    },
    "test_pictures_files": {
        "without_resvg_typst_makes_the_same_png": None,
    },
    "test_pictures_layout": {
        "a_number_on_a_wire_is_whole_and_covers_no_card_and_no_other_number": 3,
    },
    "test_readme": {
        "a_command_for_the_terminal_runs": 4,
    },
    "test_recorded_at_random": {
        "wild_numbers_go_through_a_recorded_graph_as_through_the_eager_one_or_are_refused_alike": 2,
        "a_graph_as_deep_as_you_like_is_recorded_without_recursion": None,
    },
    "test_recorded_graphs": {
        "where_the_eager_graph_is_content_with_inf_or_nan_the_recorded_one_is_too": 3,
    },
    "test_recorded_networks": {
        "every_activation_trains_with_every_loss_as_it_does_eagerly": 3,
    },
    "test_recorded_rows": {
        "at_kinks_ties_tails_and_edges_a_recorded_row_gives_what_the_eager_one_gives_or_refuses_as_it_does": 3,
        "a_recorded_row_is_the_eager_one_whatever_its_operands_are": 2,
    },
    "test_rounds": {
        "more_rounds_take_no_more_lines": 2,
    },
    "test_scopes_in_place": {
        "beside_its_code_a_graph_opens_whole_if_it_can_be_read_and_each_step_is_in_view_with_its_operands": 2,
    },
    "test_site": {
        "the_blocks_of_a_page_run_in_their_order_and_print_what_stands_below_them": 3,
    },
    "test_source_names": {
        "no_name_no_title_and_no_formula_puts_code_into_the_source": 3,
    },
    "test_steps": {
        "the_page_steps_through_every_value_and_back_with_the_numbers_put_in": 2,
        "a_large_graph_begins_where_it_can_be_read_and_the_view_goes_along": 2,
        "a_step_of_many_operands_is_a_step": None,
    },
    "test_steps_page": {
        "names_that_look_like_code_are_only_text": 6,
    },
    "test_steps_typed": {
        "an_answer_is_right_within_half_a_percent_and_close_within_five": 4,
    },
    "test_steps_view": {
        "the_heading_of_a_lane_stays_in_view_and_covers_no_card_of_the_step": 2,
        "what_travels_covers_no_words_of_a_label": 3,
    },
    "test_table": {
        "value_and_partials_keep_their_digits": 8,
        "computed_partials_keep_their_digits_on_floats_and_on_arrays_in_both_tails_and_at_0": 5,
    },
    "test_table_orders": {
        "forward_mode_is_reverse_mode": 2,
        "first_second_and_third_derivatives_are_those_of_the_formula": 9,
    },
    "test_take": {
        "compiled_indices_give_the_eager_numbers": 2,
        "indices_under_jax_give_numpys_numbers_and_nan_for_a_place_that_is_none": None,
    },
    "test_types": {
        "a_users_script_passes_mypy_strict": None,
        "a_users_script_passes_pyright": None,
    },
}


def pytest_xdist_auto_num_workers():
    """One more than there are cores: a test in a browser waits for what it shows."""
    return 1 + (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


@pytest.hookimpl(tryfirst=True)  # before the marks are looked at
def pytest_collection_modifyitems(items):
    """Mark the cases that THINNED leaves out as slow."""
    met = Counter()
    for item in items:
        module, name = item.path.stem, getattr(item, "originalname", "").removeprefix("test_")
        if name in THINNED.get(module, ()):
            every = THINNED[module][name]
            if every is None or met[module, name] % every:
                item.add_marker("slow")
            met[module, name] += 1


@contextmanager
def untraced():
    """Without coverage's tracer; pytest-cov's own `no_cover` does nothing in a worker of xdist.

    There it has two measurements running, and the one goes on where the other pauses.
    """
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """The tracer would take half as long again as finding the tests does."""
    with untraced():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Take the tracer off what is marked `unmeasured`.

    Where every test is asked for the lines that it executes, as by tests/mutants.py, it stays on in files marked so as a whole.
    """
    alone = any(mark.name == "unmeasured" for mark in item.own_markers)
    if alone or (item.get_closest_marker("unmeasured") and not item.config.getoption("cov_context", None)):
        with untraced():
            return (yield)
    return (yield)


@pytest.fixture(scope="module")
def chromium():
    """An installed Chromium. It ends with the module: while Playwright runs, no other event loop can in this thread."""
    if not CHROMIUM:
        pytest.skip("needs Chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def tab(chromium):
    """A page without a network and what has gone wrong on it; to open one takes longer than most tests do."""
    context = chromium.new_context(offline=True, viewport=SIZE)
    page, wrong = context.new_page(), []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: request.url.startswith("file:") or wrong.append(request.url))
    yield page, wrong
    context.close()


@pytest.fixture
def page(tab):
    """A page that may not use the network, as if new; what goes wrong on it fails the test."""
    page, wrong = tab
    yield page
    page.goto("about:blank")
    page.set_viewport_size(SIZE)
    page.emulate_media(color_scheme="null", reduced_motion="null")
    found = wrong.copy()
    wrong.clear()
    assert found == []


@pytest.fixture
def opened(page, tmp_path):
    """A function that opens a lesson, in place of the one before."""
    return lambda shown: Lesson(page, shown, tmp_path)


@pytest.fixture
def row():
    """Rows made by a test, taken out of the table afterwards."""
    made = []

    def make(name, *args, **kwargs):
        made.append(Op(name, *args, **kwargs))
        return made[-1]

    yield make
    for op in made:
        ops.TABLE.pop(op.name)


@pytest.fixture
def W():
    """A matrix of parameters."""
    return array([[1.0, 2.0], [3.0, 4.0]], "W")
