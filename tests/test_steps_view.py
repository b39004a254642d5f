"""The page of steps as one sees and touches it: what moves, zoom, what if, narrow windows, frames, keyboard."""

import pytest

import nn
from autograd import Value, array, named, scope, sum, tanh
from tests.pictures import network, neuron
from viz import steps

pytestmark = pytest.mark.unmeasured


def three_paths():
    x = Value(3.0, "x")
    return named("y", x * x + x * 2.0)


# --- what moves -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_sum_that_is_not_whole_is_hatched_and_says_how_many_terms_are_in(opened):
    lesson = opened(steps(three_paths()))
    lesson.page.emulate_media(reduced_motion="reduce")
    tags = lesson.page.locator(".moves .tag")
    lesson.press("b")
    seen = []
    for _ in range(3):
        lesson.press("ArrowRight")
        seen.append(
            ([text for text in tags.all_text_contents() if " in" in text], lesson.page.locator(".hatch").count())
        )
    assert seen == [([], 0), (["1 of 3 in"], 1), ([], 0)]
    assert "total 2, 1 of 3 in" in (lesson.go(6), lesson.told)[1][0]


def test_on_the_way_back_the_amber_head_points_back_and_the_number_travels_to_the_operand(opened):
    lesson = opened(steps(neuron()))
    lesson.press("b", "ArrowRight")
    page = lesson.page
    assert page.locator(".moves .head").count() == page.locator(".flow.back").count() == 1
    place = """() => { const line = svg.querySelector(".flow.back path"), long = line.getTotalLength(), text = svg.querySelector(".moves .tag");
      const far = share => { const at = line.getPointAtLength(share * long); return Math.hypot(at.x - Number(text.getAttribute("x")), at.y - Number(text.getAttribute("y"))); };
      return [...Array(101).keys()].reduce((best, k) => far(k / 100) < far(best / 100) ? k : best, 0); }"""
    page.evaluate("cancelAnimationFrame(running); moves()")
    start = page.evaluate(place)
    page.wait_for_timeout(400)
    assert page.evaluate(place) < start - 10
    lesson.press("Home", "ArrowRight")
    assert page.locator(".moves .head").count() == 0
    assert page.locator(".back").count() == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("motion", "detail"), [("reduce", "stages"), ("no-preference", "stages"), ("no-preference", "values")]
)
def test_what_travels_covers_no_words_of_a_label(motion, detail, opened):
    lesson = opened(steps(network(), detail=detail))
    page = lesson.page
    page.emulate_media(reduced_motion=motion)
    lesson.press("b")
    covered = """() => { const seen = it => getComputedStyle(it).visibility === "visible" && it.textContent, boxes = it => it.getBoundingClientRect();
      const words = [...svg.querySelectorAll("[id$=-label] text")].filter(seen).map(boxes), tags = [...svg.querySelectorAll(".moves .tag")];
      return [tags.length, words.filter(a => tags.map(boxes).some(b => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)).length]; }"""
    flew = 0
    for _ in range(4):
        lesson.press("ArrowRight")
        for _ in range(3):
            page.wait_for_timeout(60)
            tags, words = page.evaluate(covered)
            flew += tags
            assert words == 0
    assert bool(flew) == (motion != "reduce")  # with a label, nothing needs to stand there
    page.wait_for_timeout(900)
    assert page.locator(".under").count() == 0


def test_forward_and_backward_are_named_by_what_happens(opened):
    lesson = opened(steps(network(), detail="stages"))
    lesson.page.click("text=Go to backward")
    lesson.page.click("text=Next ▸")
    assert lesson.title == "Backward through f6: gradient of x6"
    lesson.page.click("text=◂ Previous")
    assert lesson.count == "backward 0/6"


def test_at_1280_pixels_the_toolbar_is_one_row_at_every_step(opened):
    lesson = opened(steps(network()))
    lesson.page.set_viewport_size({"width": 1280, "height": 800})
    for key in ("Home", "End"):
        lesson.press(key)
        assert (
            lesson.page.evaluate(
                "new Set([...document.querySelectorAll('.bar button')].filter(it => it.offsetWidth).map(it => it.offsetTop)).size"
            )
            == 1
        )


# --- what if ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("open_stage", [False, True])
def test_an_edge_stays_without_a_number_only_where_its_derivative_is_1_after_every_change(open_stage, opened):
    W, x = array([[1.0, 0.5, 2.0], [0.3, 1.0, -1.0], [2.0, 3.0, 1.0]], "W"), array([1.0, 1.0, -2.0], "x", "input")
    with scope("layer"):
        h = tanh(W @ x + [0.0, 0.3, 0.0])
    with scope("loss"):
        lesson = opened(steps(named("L", sum(h - [1.0, 0.0, 0.0])), detail="stages" if open_stage else "values"))
    if open_stage:
        lesson.press("ArrowRight", "o")
    else:
        assert "An edge that stays without a number has the local derivative 1" in lesson.page.inner_text("#picture")
    bare = """page.wires.filter(w => (w.home || page.level === "values") && w.edges[0] && !element(`${w.id}-label`))
      .map(w => w.edges[0]).filter(([k, slot]) => nodes[nodes[k].parents[slot]].role !== "constant")
      .map(([k, slot]) => partial[k][slot])"""
    for data in ("node.data", "node.data + 1 / (k + 3)"):
        lesson.page.evaluate(f"set(nodes.map((node, k) => node.row === null ? {data} : null))")
        assert set(lesson.page.evaluate(bare)) == {1}


def test_the_slider_tells_cause_and_effect_against_the_numbers_before_it_was_taken(opened):
    lesson = opened(steps(three_paths()))
    lesson.page.click("#if")
    slide = "x => { $('slide').value = x; $('slide').dispatchEvent(new Event('input')); }"
    lesson.page.evaluate(slide, 4)
    lesson.page.evaluate(slide, 5)
    assert lesson.page.inner_text("#said") == "y 15 → 35, a change of +20; the gradient promised +16"
    lesson.page.evaluate("$('slide').dispatchEvent(new Event('change'))")
    lesson.page.evaluate(slide, 4)
    assert lesson.page.inner_text("#said") == "y 35 → 24, a change of −11; the gradient promised −12"
    assert lesson.page.input_value("#number") == "4"
    lesson.page.click("#reset")
    assert lesson.page.evaluate("value[last]") == 15


@pytest.mark.slow
@pytest.mark.parametrize("direction", ["right", "down"])
def test_the_heading_of_a_lane_stays_in_view_and_covers_no_card_of_the_step(direction, opened):
    lesson = opened(steps(network(), direction=direction))
    page = lesson.page
    page.set_viewport_size({"width": 900, "height": 450})
    page.emulate_media(reduced_motion="reduce")
    seen = """() => { const room = $("picture").getBoundingClientRect(), at = it => it.getBoundingClientRect(), [axis, heads] = headed.get(svg);
      const all = [...svg.querySelectorAll(":scope > g > rect:first-child + text[font-weight=bold]")].map(text => at(text.parentNode)), over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
      const cards = steps[now - 1].group?.nodes.map(k => at(element(cardOf.get(k)))) ?? [];
          const least = 20 * Math.min(1, svg.getScreenCTM().a); // of a heading, in pixels
          return [heads.length, all.filter(head => axis ? head.right > room.left && head.left < room.right && head.bottom < room.top + least : head.bottom > room.top && head.top < room.bottom && head.right < room.left + least).length, all.filter(head => cards.some(card => over(head, card))).length]; }"""
    for _ in range(20):
        lesson.press("ArrowRight")
        page.wait_for_timeout(20)
        assert page.evaluate(seen) == [7, 0, 0], lesson.title


# --- zoom, frames and narrow windows ----------------------------------------------------------------------------------


FRAME = "<!doctype html><body style='margin:0'><iframe sandbox='allow-scripts' style='width:900px;height:450px' srcdoc=\"{}\"></iframe><div style='height:3000px'></div>"


def framed(page, tmp_path, shown):
    from html import escape

    (tmp_path / "frame.html").write_text(FRAME.format(escape(shown.html)), encoding="utf-8")
    page.goto((tmp_path / "frame.html").as_uri())
    inside = page.frames[-1]
    inside.wait_for_selector("#told h1")
    return inside


def test_over_a_frame_the_wheel_scrolls_the_notebook_and_a_pinch_zooms(page, tmp_path):
    inside = framed(page, tmp_path, steps(neuron()))
    scale = inside.evaluate("svg.getScreenCTM().a")
    page.mouse.move(450, 350)
    page.mouse.wheel(0, 300)
    page.wait_for_function("scrollY > 0")
    assert inside.evaluate("svg.getScreenCTM().a") == scale
    inside.evaluate(
        "$('picture').dispatchEvent(new WheelEvent('wheel', { deltaY: -40, ctrlKey: true, cancelable: true }))"
    )
    assert inside.evaluate("svg.getScreenCTM().a") > 1.2 * scale
    assert inside.evaluate("getComputedStyle($('picture')).touchAction") == "pan-y"


def test_what_if_and_predict_work_in_the_frame_of_a_notebook(page, tmp_path):
    inside = framed(page, tmp_path, steps(neuron()))
    inside.click("#if")
    inside.fill("#number", "1")
    inside.click("#set")
    inside.press("#number", "Enter")
    assert inside.evaluate("leaves[chosen()]") == 1
    inside.click("#quiz")
    inside.fill("#answer", "123")
    inside.press("#answer", "Enter")
    inside.click("#check")
    assert inside.evaluate("asked[current].tries.length") == 2


def test_two_fingers_zoom_by_what_they_ask_and_two_on_a_trackpad_move(opened):
    lesson = opened(steps(neuron()))
    scale = lesson.page.evaluate("svg.getScreenCTM().a")
    lesson.page.evaluate("""() => {
      const send = (type, pointerId, clientX) => $("picture").dispatchEvent(new PointerEvent(type, { pointerId, clientX, clientY: 400, buttons: 1, bubbles: true }));
      send("pointerdown", 1, 500); send("pointerdown", 2, 600); send("pointermove", 2, 700); send("pointerup", 1, 500); send("pointerup", 2, 700);
    }""")
    assert lesson.page.evaluate("svg.getScreenCTM().a") == pytest.approx(2 * scale, rel=0.01)
    left = lesson.page.evaluate("view[0]")
    lesson.page.evaluate(
        "$('picture').dispatchEvent(new WheelEvent('wheel', { deltaX: 30, deltaY: 3, cancelable: true }))"
    )
    assert lesson.page.evaluate("view[0]") > left
    assert lesson.page.evaluate("svg.getScreenCTM().a") == pytest.approx(2 * scale, rel=0.01)


@pytest.mark.slow
def test_in_a_frame_of_900_by_450_the_six_boxes_are_readable_with_what_they_take(page, tmp_path):
    W, b = array([[0.1, -0.2], [0.4, 0.3]], "W"), array([0.0, 0.1], "b")
    V, c = array([[0.3, -0.6], [0.7, 0.1]], "V"), array([0.0, 0.1], "c")
    inside = framed(page, tmp_path, steps(nn.lecture_chain(W, b, V, c, 1), [0.5, -1.0], detail="stages"))
    page.emulate_media(reduced_motion="reduce")
    outside = """() => { const room = $("picture").getBoundingClientRect(), { group } = steps[now - 1];
      return group ? [...group.nodes, ...group.nodes.flatMap(k => nodes[k].parents)].map(k => cardOf.get(k)).filter(Boolean).map(id => element(id).getBoundingClientRect())
        .filter(at => at.left < room.left - 1 || at.right > room.right + 1 || at.top < room.top - 1 || at.bottom > room.bottom + 1).length : 0; }"""
    smallest = "Math.min(...[...svg.querySelectorAll('text')].filter(t => t.getClientRects().length).map(t => parseFloat(getComputedStyle(t).fontSize))) * svg.getScreenCTM().a"
    for _ in range(13):
        inside.evaluate("go(now + 1)")
        page.wait_for_timeout(20)
        assert inside.evaluate(outside) == 0, inside.inner_text("#told h1")
        assert inside.evaluate(smallest) >= 9


def test_on_390_pixels_the_toolbar_has_two_rows_and_nothing_overflows(opened):
    lesson = opened(steps(network()))
    lesson.page.set_viewport_size({"width": 390, "height": 780})
    tops = lesson.page.evaluate(
        "[...document.querySelectorAll('.bar > :not(#rest)')].filter(e => e.offsetParent).map(e => Math.round((e.offsetTop + e.offsetHeight / 2) / 12))"
    )
    assert len({top // 2 for top in tops}) <= 2
    assert lesson.page.evaluate("document.querySelector('.bar').offsetHeight") < 80
    assert lesson.page.evaluate("document.documentElement.scrollWidth") <= 390
    lesson.page.click("text=More")
    lesson.page.click("#end")
    assert lesson.count.startswith("backward")


# --- keyboard and landmarks -------------------------------------------------------------------------------------------


def test_cards_are_reached_and_named_by_the_keyboard(opened):
    lesson = opened(steps(neuron()))
    cards = lesson.page.get_by_role("button", name="n: ")
    card = next(
        c for c in cards.all() if c.evaluate("e => e.querySelector('title').textContent").startswith("n: not computed")
    )
    card.focus()
    lesson.press("Enter")
    assert lesson.title == "Forward: compute n"
    lesson.press("Home")
    card.focus()
    lesson.press("Space")
    assert lesson.title == "Forward: compute n"


def test_there_is_one_main_landmark_and_everything_visible_stands_in_it(opened):
    lesson = opened(steps(neuron()))
    assert lesson.page.locator("main").count() == 1
    assert lesson.page.evaluate("[...document.body.children].map(e => e.tagName)") == ["MAIN", "SCRIPT", "SCRIPT"]


def test_without_a_script_the_finished_picture_remains_and_no_control_that_does_nothing(chromium, tmp_path):
    context = chromium.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(steps(network(), detail="stages").save(tmp_path / "lesson.html").as_uri())
    assert page.get_by_role("button").count() == 0
    assert page.locator("noscript p").bounding_box()["height"] > 10
    assert page.locator("#picture > svg text", has_text="0.971").first.is_visible()
    context.close()
