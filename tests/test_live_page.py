"""The live page as a document: its size, its speed, what it asks for and what it shows of any model."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

import nn
import viz
from autograd import Value, array, named, scope, tanh
from tests.live import cells, exclusive_or, flowers, iris_page, moons, opened, until
from viz import __main__ as job
from viz.page import assembly
from viz.page.example_graphs import _differences, places

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd
__all__ = ["iris_page", "opened"]


# --- size and speed ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_nothing_that_is_changed_during_play_breaks_it(iris_page, opened):
    page = opened(iris_page)
    page.select_option("#speed", "10")
    page.click("#play")
    rng = np.random.default_rng(0)
    for _ in range(40):
        page.evaluate(
            "changes => { live.set(changes); live.play(); }",
            [
                {"lr": float(10 ** rng.uniform(-3, 0))}, {"batch": int(rng.integers(0, 200))}, {"seed": int(rng.integers(0, 99))},
                {"optimizer": str(rng.choice(["SGD", "momentum", "Adam"]))},
            ][rng.integers(4)],
        )  # fmt: skip
        page.evaluate(
            ["live.rewind()", "live.travel(3)", "choose(20)", "setWeight(2, 0.5)", "pickWeight(11)"][rng.integers(5)]
        )
        page.evaluate("live.play()")
        page.wait_for_timeout(20)
        assert np.isfinite(page.evaluate("live.theta")).all()
        assert page.evaluate("live.epoch === live.losses.length && live.losses.every(Number.isFinite)")
    assert page.evaluate("live.stopped") == ""
    page.evaluate("live.set({seed: 0}); live.set({lr: 1, batch: 0, optimizer: 'SGD'}); live.step(3)")
    again = page.evaluate("live.theta")
    page.reload()
    page.evaluate("live.step(3)")
    assert page.evaluate("live.theta") == again


def demo():
    """Micrograd's network: 2-16-16-1 on 100 points, by the margin loss."""
    X, Y = nn.datasets.two_moons(100)
    model = nn.MLP(2, [16, 16, 1], "relu", rng=0)
    return viz.live(model, X, 2 * Y - 1, nn.hinge, nn.SGD(model.parameters(), 0.1))


@pytest.mark.slow
def test_the_demo_plays_ten_steps_a_frame_at_20_frames_a_second_or_more(opened):
    page = opened(demo())
    page.select_option("#speed", "10")
    page.evaluate("live.play()")
    until(page, "frames.length >= 20 && live.fps >= 20 && live.epoch >= 10 * frames.length")  # in the last second


def deep(outputs, loss):
    X, Y = nn.datasets.two_moons(100)
    model = nn.MLP(2, [16, 16, outputs], "relu", rng=0)
    return viz.live(model, X, Y, loss, nn.SGD(model.parameters(), 0.1))


SMALL = {
    "the demo": demo,
    "two outputs": lambda: deep(2, nn.cross_entropy),
    "two pictures": lambda: deep(1, nn.binary_cross_entropy_with_logits),
}


@pytest.mark.parametrize("of", SMALL)
def test_a_page_is_small_and_asks_nobody(of):
    page = SMALL[of]().html
    assert len(page.encode()) <= 200_000
    assert "default-src 'none'" in page
    assert not any(
        word in page for word in ("unsafe-eval", "innerHTML", "eval(", "new Function", "fetch(", "XMLHttp", "https://")
    )


def test_no_text_of_a_script_looks_like_a_comment():
    for path in sorted((Path(assembly.__file__).parent / "script").rglob("*.js")):
        for line in path.read_text(encoding="utf-8").splitlines():
            code = re.sub(r" +// .*$", "", line)
            assert all(code.count(quote) % 2 == 0 for quote in ('"', "`")), f"{path.name}: {line}"


# --- models without layers --------------------------------------------------------------------------------------------


def convolution():
    k, b, v = array([0.5, -0.2, 0.1], "k"), Value(0.1, "b"), array([0.3, -0.2], "v")

    def model(x):
        with scope("convolution"):
            h = [tanh(k[0] * x[i] + k[1] * x[i + 1] + k[2] * x[i + 2] + b) for i in range(2)]
        with scope("end"):
            return v[0] * h[0] * h[1] + v[1]

    return model, [*k, b, *v]


CONVOLVED = np.random.default_rng(0).normal(size=(12, 4))


def convolved():
    model, parameters = convolution()
    return viz.live(model, CONVOLVED, CONVOLVED[:, 0], nn.mse, nn.SGD(parameters, 0.1))


def test_a_model_without_layers_shows_its_stages_with_maps_and_values(opened):
    X, page = CONVOLVED, opened(convolved())
    assert page.evaluate("net.map(s => [s.name, s.layer, s.size, s.own.map(k => names[k])])") == [
        ["x", 0, 4, []],
        ["convolution", 1, 2, ["k[0]", "k[1]", "k[2]", "b"]],
        ["end", 2, 1, ["v[0]", "v[1]"]],
    ]
    page.evaluate("live.step(3); choose(5)")
    assert page.inner_text("#h-net") == "Stages of the model"
    at = page.evaluate("net[1].own")
    theta = np.array(page.evaluate("live.theta"))
    h = [np.tanh(X[5, i : i + 3] @ theta[at[:3]] + theta[at[3]]) for i in (0, 1)]
    assert page.evaluate("judge() || [outputOf(1, 0), outputOf(1, 1)]") == pytest.approx(h, rel=1e-12)
    page.evaluate("live.zoom(1, 1)")
    until(page, "!document.getElementById('inside').hidden")
    assert [row[0] for row in cells(page)] == ["k[0]", "k[1]", "k[2]", "b", "0", "1"]
    page.evaluate("live.zoom(2, 2)")
    until(page, "document.querySelectorAll('.card').length > 0")
    (last,) = page.locator(".card").all_inner_texts()[-1:]
    assert float(last.splitlines()[1].replace("−", "-")) == pytest.approx(page.evaluate("outputOf(2)"), rel=1e-3)


def test_above_40_stages_the_parameters_are_bars(opened):
    w = Value(0.5, "w")

    def long(x):
        y = x[0]
        for _ in range(21):
            y = tanh(w * y)
        return y

    page = opened(viz.live(long, [[1.0]], [0.5], nn.mse, nn.SGD([w], 0.1)))
    assert page.evaluate("[net.length, $('h-net').textContent, $('zoom').hidden]") == [0, "Parameters", True]


# --- what it shows ----------------------------------------------------------------------------------------------------


def test_the_tints_of_a_graph_are_on_a_scale_that_decays_slowly(opened):
    w = Value(100.0, "w")
    page = opened(viz.live(lambda x: w * x[0], [[1.0]], [0.0], nn.mse, nn.SGD([w], 0.9)))
    strongest = """(() => { // the smallest gradient of which the tint is full: that of 0.95² of the scale
      let low = 1e-9, high = 1e9;
      for (let k = 0; k < 80; k++) { const x = Math.sqrt(low * high); if (graphOfChosen().tint(x).includes(" 100%")) high = x; else low = x; }
      return high / .95 ** 2;
    })()"""
    assert page.evaluate(strongest) == pytest.approx(1e4)
    for k in (1, 2):  # the largest gradient, that of x, is 100, and then 1
        page.evaluate("live.step(1)")
        until(page, "graphVersion === version")
        assert page.evaluate(strongest) == pytest.approx(1e4 * 0.9**k)
    page.evaluate("choose(0)")  # what the reader chooses is measured by itself
    assert page.evaluate(strongest) == pytest.approx(1)
    page.evaluate("live.rewind()")
    until(page, "graphVersion === version")
    assert page.evaluate(strongest) == pytest.approx(1e4)


@pytest.mark.slow
def test_the_badges_name_the_units_that_diagnose_names(opened):
    X, Y = moons()
    model = nn.MLP(2, [6, 1], "relu", rng=0)
    model.layers[0].b[1].data = model.layers[0].b[4].data = -50.0
    loss = nn.binary_cross_entropy_with_logits
    page = opened(viz.live(model, X, Y, loss, nn.SGD(model.parameters(), 0.1)))
    page.wait_for_timeout(200)
    found = [f for f in nn.diagnose(model, X, Y, loss) if f.kind == "dead"]
    assert (
        page.evaluate("live.troubles")
        == [name for f in found for name in f.where]
        == ["layer1/neuron2", "layer1/neuron5"]
    )
    assert "dead" in page.inner_text("#findings")


def test_numbers_that_were_0_or_1_at_the_start_find_room_on_their_edges(opened):
    page = opened(exclusive_or())  # at the first example, (0, 0), every unit gives 0 and has the slope 1
    page.evaluate("live.step(50)")
    outside = """[...document.querySelectorAll("#picture [id$=-label]")].filter(label => { const ground = label.querySelector("rect").getBBox();
      return [...label.querySelectorAll("text")].some(it => it.getBBox().width > ground.width); }).map(label => label.textContent)"""
    assert page.evaluate("document.querySelectorAll('#picture [id$=-label]').length") > 12
    assert page.evaluate(outside) == []


WIDE = pytest.param(1920, marks=pytest.mark.slow)


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("width", [390, pytest.param(768, marks=pytest.mark.slow), 1280, WIDE])
def test_the_page_is_never_wider_than_the_screen(width, scheme, iris_page, opened, page):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    opened(iris_page)
    page.wait_for_timeout(100)
    room, x = (
        page.locator("#picture").bounding_box(),
        page.locator("#picture text >> text=/^x$/ >> nth=0").bounding_box(),
    )
    assert room["x"] < x["x"] < room["x"] + room["width"]  # the inputs are in view
    page.click("#forward")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("graphOfChosen().now") == page.evaluate("graphOfChosen().seed") - 1  # at once


AXE = os.environ.get("CHAINRULE_AXE")  # the path of axe.min.js, from the npm package axe-core


@pytest.mark.slow
@pytest.mark.skipif(not AXE, reason="needs CHAINRULE_AXE, the path of axe.min.js")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("of", ["flowers", "convolution"])
def test_axe_finds_nothing_serious_at_any_level(of, width, scheme, iris_page, chromium, tmp_path):
    shown = iris_page if of == "flowers" else convolved()
    size = {"width": width, "height": 900}
    context = chromium.new_context(
        offline=True, viewport=size, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True
    )
    page = context.new_page()
    page.goto(shown.save(tmp_path / "learning.html").as_uri())
    page.evaluate("live.step(20)")
    page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    for level in (0, 1, 2):
        page.evaluate(f"live.zoom({level}, 2)")
        page.click("#updateact")
        page.wait_for_timeout(300)
        found = page.evaluate("axe.run()")["violations"]
        assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []
    context.close()


def test_names_from_outside_are_text(opened):
    w = named("<img src=x onerror=alert(1)>", Value(1.0))
    X, Y = [[1.0, 2.0], [2.0, 1.0]], [0, 1]
    strange = ["</script><b>", "{css}"]
    shown = viz.live(lambda x: w * x[0] - x[1], X, Y, nn.mse, nn.SGD([w], 0.1), columns=strange, classes=strange)
    page = opened(shown)
    page.evaluate("live.step(1)")
    assert page.locator("img, #legend b, #across b").count() == 0
    assert strange[0] in page.inner_text("#legend")


def test_in_a_notebook_it_is_a_frame_in_a_sandbox_over_a_note(iris_page):
    html = iris_page._repr_mimebundle_()["text/html"]
    assert 'sandbox="allow-scripts"' in html
    assert "Trust this notebook" in html


def test_the_command_writes_the_page_of_the_main_job(tmp_path, monkeypatch, capsys, page):
    monkeypatch.chdir(tmp_path)
    assert job.main(["--live"]) == 0
    assert job.main(["--live", "-o", "flowers.html", "--seed", "4"]) == 0
    assert capsys.readouterr().out.splitlines() == ["wrote learning.html", "wrote flowers.html"]
    page.goto((tmp_path / "flowers.html").as_uri())
    assert page.locator("#legend span").all_inner_texts() == ["setosa", "versicolor", "virginica"]
    X, Y = flowers()
    page.evaluate("live.step(200)")
    assert page.evaluate("live.theta") == pytest.approx([v.data for v in job._train(X, Y, 4).parameters()], rel=1e-9)


@pytest.mark.parametrize(
    "words", [["--live", "-o", "page.pdf"], ["--live", "--latex"], ["w*x", "w=1", "x=2", "--live"]]
)
def test_a_wrong_command_for_the_page_is_one_line_and_exit_code_2(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        job.main(words)
    assert stop.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_data_in_the_page_are_json_that_ends_no_script(iris_page):
    text = iris_page.html.partition('<script type="application/json" id="data">')[2].partition("</script>")[0]
    assert json.loads(text)["names"][0] == "w1[0,0]"


# --- what a page is written in short ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "a", "a\nb\nc", "b\na\nb\n\nc", "x\ny"])
def test_a_text_is_known_by_what_differs_from_another(text):
    first = "a\nb\nc"
    parts = [first.split("\n")[slice(*p)] if isinstance(p, list) else [p] for p in _differences(text, first)]
    assert "\n".join(line for part in parts for line in part) == text


def test_the_second_picture_has_ids_of_its_own_and_the_numbers_of_its_examples(opened):
    page = opened(deep(1, nn.binary_cross_entropy_with_logits))
    ids = page.evaluate("[...document.querySelectorAll('#picture [id]')].map(e => e.id)")
    assert len(set(ids)) == len(ids)
    assert page.locator("#picture svg").count() == 2
    labels = page.evaluate("page.labels")
    for k in (labels.index(0), labels.index(1)):
        page.evaluate(f"choose({k})")
        text = "graphOfChosen().texts(graphOfChosen().nodes.length - 1)"
        assert page.evaluate(f"{text}.closest('.graph').hidden") is False
        shown = float(page.evaluate(f"{text}.textContent").replace("−", "-"))
        assert shown == pytest.approx(page.evaluate(f"losses(state.theta)[{k}]"), rel=5e-3)


def test_places_are_runs_and_numbers_of_their_own():
    a, b, c, d = (Value(float(k)) for k in range(4))
    assert places([a, b, d, c], {a: 4, b: 5, c: 6}) == [[4, 2], [3.0], [6, 1]]
