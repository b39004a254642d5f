"""The page of steps as a document: its table, its facts, its safety and its size, and the animation without a script."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest

import nn
from autograd import Chain, Op, Value, array, grad, named, ops, scope, sigmoid, softmax
from autograd.languages.javascript import value_and_partials
from autograd.tape import wengert_list
from tests.pictures import everything, network, neuron
from tests.processes import run
from tests.staged import mlp
from viz import draw, steps
from viz.page.facts import gathered, level
from viz.picture.scene import Note

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


# --- the table in JavaScript ------------------------------------------------------------------------------------------


def points(op):
    """Operands inside the row's domain and at its special points."""
    rng = np.random.default_rng(0)
    n = op.arity or (6 if op.vectors == 2 else 4)
    inside = op.samples or ((-3.0, 3.0),) * n
    inside = inside if len(inside) == n else inside * n
    if op.leading:
        return [[float(i), *rng.uniform(-3.0, 3.0, n - 1).tolist()] for i in [*range(n - 1)] * 2]
    drawn = [[float(rng.uniform(low, high)) for low, high in inside] for _ in range(20)]
    special = [[x] * n for x in (0.0, 1.0, -1.0, 20.0, -20.0, 700.0, -700.0, 1e-9)]
    return drawn + special


def expected(op, x):
    try:
        y = float(op.value(*x))
        d = [float(v) for v in op.local(y, *x)]
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return [y, *d] if all(map(math.isfinite, [y, *d])) else None


def rows():
    for name in sorted(ops.BUILT_IN):
        op = ops.TABLE[name]
        yield from ((op.at(c) for c in range(3)) if op.indexed else (op,))


def test_every_row_computes_in_the_page_what_it_computes_in_python(page):
    for op in rows():
        inputs = [(x, expected(op, x)) for x in points(op)]
        inputs = [(x, y) for x, y in inputs if y is not None]
        assert len(inputs) >= 4, op
        f, d = value_and_partials(op, len(inputs[0][0]))
        script = f"(xs) => {{ const f = {f}, d = {d}; return xs.map(x => [f(...x), ...d(f(...x), ...x)]); }}"
        found = page.evaluate(script, [x for x, _ in inputs])
        np.testing.assert_allclose(
            np.array(found, dtype=float), [y for _, y in inputs], rtol=1e-12, atol=1e-300, err_msg=op.label
        )


def test_a_row_of_the_users_computes_there_too(page):
    swish = Op("steps_swish", lambda x: x * sigmoid(x), (lambda y, x: sigmoid(x) + y * sigmoid(-x),))
    f, d = value_and_partials(swish, 1)
    y, slope = page.evaluate(f"() => {{ const y = ({f})(0.7); return [y, ({d})(y, 0.7)[0]]; }}")
    v = Value(0.7)
    out = swish(v)
    out.backward()
    assert (y, slope) == (pytest.approx(out.data, rel=1e-12), pytest.approx(v.grad, rel=1e-12))


# --- the facts of the page --------------------------------------------------------------------------------------------


def reworded(scene):
    """The same scene with other words wherever the page needs none of them, and other ids in the same order."""
    ids = {card.id: f"card{card.id}" for card in scene.cards}
    words = {"glyph": "?", "value": "?", "gradient": "?", "title": "?"}
    panel = {"title": "?"}
    cards = []
    for card in scene.cards:
        new = replace(card, id=ids[card.id], **(panel if scene.staged else words))
        if scene.staged:
            new = replace(
                new, grids=[replace(g, heading="?", cells=[["?"] * len(r) for r in g.cells]) for g in new.grids]
            )
        cards.append(new)
    wires = [replace(w, tail=ids[w.tail], head=ids[w.head], quotient="?", title="?") for w in scene.wires]
    if not scene.staged:
        wires = [replace(w, derivative="?") for w in wires]
    return replace(scene, cards=cards, wires=wires, notes=[Note(note.kind, "?") for note in scene.notes])


@pytest.mark.parametrize("detail", ["values", "stages"])
@pytest.mark.parametrize("make", [network, lambda: everything()[0], lambda: Value(-3.0, "x") ** 2])
def test_the_page_reads_facts_and_no_words_of_the_picture(make, detail):
    out = make()
    scene, order = draw(out, detail=detail, max_nodes=12).scene, wengert_list([out])
    facts, functions = gathered(order, [], level(scene, order, 4, {}))
    again, same = gathered(order, [], level(reworded(scene), order, 4, {}))
    assert functions == same
    for shown in (*again["cards"], *(group for group in again["groups"] if "id" in group)):
        shown["id"] = shown["id"].removeprefix("card")
    assert again == facts


# --- the page as a document -------------------------------------------------------------------------------------------


PAYLOADS = [
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", '"];}', "\\u003c", "a\u2028b", "{data}", "{script}",
    "' onload='alert(1)", "<!--", "]]>", "${alert(1)}", "`", "/*rows*/[]",
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_names_that_look_like_code_are_only_text(payload, opened):
    x = Value(2.0, payload)
    with scope(payload, payload):
        y = x * 3.0
    y.name = payload + "y"
    for detail in ("values", "stages"):
        lesson = opened(steps(y, detail=detail))
        lesson.press("End")
        assert lesson.page.evaluate("typeof alerted") == "undefined"
        assert lesson.page.evaluate("document.scripts.length") == 2
        assert lesson.page.evaluate("nodes.some(n => n.name.length > 1)")


def test_the_page_runs_no_script_but_its_own_and_asks_for_nothing(opened):
    lesson = opened(steps(neuron()))
    html = lesson.shown.html
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html).group(1)
    assert policy.startswith("default-src 'none'")
    assert "unsafe-eval" not in policy
    assert "script-src 'sha256-" in policy
    assert not re.search(r"https?://(?!www\.w3\.org)", html)


def test_in_a_sandboxed_frame_as_in_jupyter_it_works(page, tmp_path):
    bundle = steps(neuron())._repr_mimebundle_()
    assert bundle["text/plain"].startswith("<5 steps forward")
    assert "allow-same-origin" not in bundle["text/html"]
    (tmp_path / "notebook.html").write_text(f"<!doctype html><body>{bundle['text/html']}</body>", encoding="utf-8")
    page.goto((tmp_path / "notebook.html").as_uri())
    frame = page.frames[-1]
    frame.wait_for_selector("#told h1")
    frame.click("#step")
    assert frame.inner_text("#told h1") == "Forward: compute x1w1"


def test_a_head_of_attention_on_two_tokens_is_under_400_kb_with_all_of_its_scopes():
    X, W = array(np.ones((2, 2)), "x", "input"), [array(np.eye(2) + 0.1 * k, name) for k, name in enumerate("qkv")]
    with scope("project"):
        q, k, v = (named(name.upper(), X @ w) for name, w in zip("qkv", W, strict=True))
    with scope("scores", "S = Q·Kᵀ/√2"):
        s = named("S", q @ k.T / math.sqrt(2))
    with scope("mix"):
        y = named("Y", softmax(s) @ v)
    with scope("loss"):
        shown = steps(named("L", (y * y).sum()))
    assert len(shown.insides) == 4
    assert len(shown.html.encode()) < 400_000


def test_a_page_of_eighty_values_is_under_250_kb():
    out = mlp((4, 4, 3))
    assert 60 < len(wengert_list([out])) <= 80
    assert len(steps(out).html.encode()) < 250_000


@pytest.mark.slow
def test_a_long_graph_goes_by_stages_and_says_so_or_shows_what_is_near_the_output(opened):
    model = nn.MLP(2, [24, 24, 24, 24, 1], "tanh", rng=0)
    lesson = opened(steps(nn.mse(model([0.5, -1.0]), 1.0)))
    assert lesson.shown.data["level"] == "stages"
    assert "More than 400 steps: here they go by stages." in lesson.page.inner_text("#notes")
    x = Value(0.5, "x")
    for _ in range(300):
        x = x.sin()
    lesson = opened(steps(x))
    assert lesson.shown.data["level"] == "values"
    assert "values shown" in lesson.page.inner_text("#notes")
    lesson.press("End")
    assert len(lesson.shown.data["groups"]) <= 200
    assert lesson.page.evaluate("value.length") == 301


def test_grad_is_neither_read_nor_changed():
    out = network(backward=False)
    steps(out)
    assert all(v.grad is None for v in wengert_list([out]))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: steps([Value(1.0), Value(2.0)]), TypeError, "one Value; got 2: take one of them, or their sum"),
        (lambda: steps(3.0), TypeError, "what is shown is the graph of a Value; got float"),
        (lambda: steps(Value(1.0) * 2, predict=[Value(3.0)]), ValueError, "no part of this graph"),
        (lambda: steps((x := Value(2.0, "x")).exp().log(), predict=[(x, x)]), ValueError, "no operand"),
        (lambda: steps(Value(0.0).sqrt()), (ValueError, ZeroDivisionError), "no derivative"),
        (lambda: steps(Value(1.0) * 2).save("lesson.png"), ValueError, r"saved as \.html.*or \.svg"),
        (lambda: steps(Value(1.0) * 2, detail="all"), ValueError, "detail is one of"),
        (lambda: steps(Value(1.0) * 2, direction="left"), ValueError, "direction is one of"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_what_is_to_be_predicted_is_the_operand_itself_not_another_of_the_same_number():
    a, b = Value(2.0, "a"), Value(2.0, "b")
    y = a / b
    (asked,) = steps(y, predict=[(b, y)]).data["asked"]
    assert asked["edge"] == 1


def test_a_leaf_that_has_changed_is_named():
    x = Value(2.0, "x")
    y = x * x
    x.data = 5.0
    with pytest.raises(ValueError, match=r"x.*changed"):
        steps(y)


def test_a_screen_reader_hears_what_happens():
    html = steps(neuron()).html
    assert 'role="toolbar"' in html
    assert 'role="status" aria-live="polite"' in html
    for control in re.findall(r"<(?:input|select|button)[^>]*>(?:[^<]*)", html):
        assert "aria-label" in control or re.search(r">[\s◂]*\w", control), control


def test_steps_take_what_a_chain_or_a_module_of_one_output_gave():
    chain = Chain(double=lambda x: 2.0 * x, out=lambda x: x.tanh())
    y = chain(Value(0.5, "x"))
    assert steps(chain).html == steps([y]).html == steps(y).html


def test_the_steps_of_a_graph_are_shown_inside_a_transform_too():
    assert grad(lambda x: steps(x * x) and x * x)(3.0) == 6.0


@pytest.mark.slow
def test_the_page_is_the_same_under_any_hash_seed():
    program = "from tests.pictures import network; import viz; s = viz.steps(network()); print(s.html, s.svg)"
    assert len({run(program, PYTHONHASHSEED=seed) for seed in ("0", "5")}) == 1


def test_the_data_of_the_page_are_json_without_markup():
    data = re.search(
        r'<script type="application/json" id="data">(.*?)</script>', steps(network()).html, re.DOTALL
    ).group(1)
    assert "<" not in data
    assert json.loads(data)["nodes"]


# --- the animation ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("detail", ["values", "stages"])
def test_the_animation_is_the_finished_picture_without_its_style_sheet(detail):
    shown = steps(network(), detail=detail)
    bare = re.sub(r"<style>@media \(prefers-reduced-motion.*?</style>", "", shown.svg)
    assert bare == shown.picture.svg
    assert "<script" not in shown.svg


def test_the_animation_plays_forward_and_then_back(page, tmp_path):
    page.goto(steps(neuron()).save(tmp_path / "lesson.svg").as_uri())
    script = """(t) => { for (const a of document.getAnimations()) { a.pause(); a.currentTime = t; }
      return [...document.querySelectorAll('g[id] text')].filter(e => getComputedStyle(e).opacity === '1').map(e => e.textContent); }"""
    start, middle, end = (page.evaluate(script, t) for t in (10, 4100, 8900))
    assert not any(text.startswith("∂ ") for text in start)
    assert len(start) < len(middle) < len(end)
    assert "∂ 1" in end
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate("document.getAnimations().length") == 0
