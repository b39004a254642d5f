"""The evaluation trace: every node with its numbers, as text and in three languages that take nothing for markup."""

import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from autograd import Value, array, constant, dot, named, neg_log_softmax, scope
from autograd.tape import wengert_list
from tests.pictures import GRAPHS, PAYLOADS, network, neuron
from viz import Table, table
from viz.numbers import number


@pytest.fixture(params=GRAPHS)
def graph(request):
    return GRAPHS[request.param]()


def baydin():
    """The example of Baydin et al. 2018, tables 2 and 3."""
    x1, x2 = Value(2.0, "x1"), Value(5.0, "x2")
    v1, v2, v3 = named("a", x1.log()), named("b", x1 * x2), named("c", x2.sin())
    y = named("y", named("d", v1 + v2) - v3)
    y.backward()
    return x1, x2, y


# --- its numbers ------------------------------------------------------------------------------------------------------


def test_the_table_has_a_row_per_node_with_its_numbers():
    out = network()
    trace = table(out)
    nodes = {v.name: v for v in wengert_list([out])}
    assert isinstance(trace, Table)
    assert sorted(row.node for row in trace.rows) == sorted(nodes)
    for row in trace.rows:
        v = nodes[row.node]
        assert (row.value, row.adjoint) == (v.data, v.grad)
        assert row.partials == tuple((p.name, d) for p, d in zip(v.parents, v.partials, strict=True))
        assert number(v.data, 6) in str(trace)
    expressions = {row.node: row.expression for row in trace.rows}
    assert expressions["x6[1]"] == "x5[1] + w20[1]"
    assert expressions["x4[0]"] == "σ(x3[0])"
    assert expressions["x2[0]"] == "dot([W1[0,0], W1[0,1]], [x[0], x[1]])"
    assert expressions["L"] == "−ln softmax([x6[0], x6[1], x6[2]])[2]"


def test_every_operand_has_its_row_above_and_layers_stay_together():
    nodes = [row.node for row in table(network()).rows]
    for row in table(network()).rows:
        assert all(nodes.index(name) < nodes.index(row.node) for name, _ in row.partials)
    assert [name for name in nodes if name.startswith("x3")] == nodes[nodes.index("x3[0]") :][:3]


def test_nameless_nodes_are_numbered_and_no_two_names_are_alike():
    x, v1 = Value(2.0, "x"), Value(3.0, "v1")
    out = named("x", x * v1 + 2.5) * -1.0 + x.exp()
    rows = {row.node: row.expression for row in table(out).rows}
    assert rows == {
        "x#1": "parameter", "v1": "parameter", "v2": "x#1 · v1", "x#2": "v2 + 2.5", "v3": "x#2 · (−1)",
        "v4": "exp(x#1)", "y": "v3 + v4",
    }  # fmt: skip


def test_a_cross_entropy_without_a_name_is_called_L_and_any_other_output_y():
    a, L = array([1.0, 2.0], "a"), Value(1.0, "L")
    outputs = (neg_log_softmax(a)[1], neg_log_softmax(a)[1] * 2.0, neg_log_softmax([a[0], L])[1])
    assert [table(out).rows[-1].node for out in outputs] == ["L", "y", "output"]


def test_the_columns_of_a_table_stand_under_each_other():
    lines = str(table(neuron())).splitlines()
    starts = [lines[0].index(word) for word in ("expression", "value", "local", "adjoint")]
    for line in lines[2:]:
        assert all(line[k - 1] == " " for k in starts if k < len(line))


def test_a_table_before_backward_has_no_adjoints():
    assert {row.adjoint for row in table(neuron(backward=False)).rows} == {None}
    assert "–" in str(table(neuron(backward=False)))


# --- tangents ---------------------------------------------------------------------------------------------------------


def test_the_published_example_has_its_published_numbers():
    x1, _, y = baydin()
    rows = {row.node: row for row in table(y, tangents=x1).rows}
    forward = {
        "x1": (2, 1),
        "x2": (5, 0),
        "a": (0.693, 0.5),
        "b": (10, 5),
        "c": (-0.959, 0),
        "d": (10.693, 5.5),
        "y": (11.652, 5.5),
    }
    reverse = {"x1": 5.5, "x2": 1.716, "a": 1, "b": 1, "c": -1, "d": 1, "y": 1}
    for name, (value, tangent) in forward.items():
        assert (round(rows[name].value, 3), round(rows[name].tangent, 3)) == (value, tangent)
        assert round(rows[name].adjoint, 3) == reverse[name]


def test_the_tangent_of_the_output_is_the_gradient_along_the_given_direction():
    out = network()
    leaves = [v for v in wengert_list([out]) if v.op is None]
    direction = dict(zip(leaves, np.random.default_rng(0).normal(size=len(leaves)), strict=True))
    rows = {row.node: row for row in table(out, tangents=direction).rows}
    assert rows["L"].tangent == pytest.approx(sum(v.grad * t for v, t in direction.items()), rel=1e-12)
    assert all(rows[v.name].tangent == t for v, t in direction.items())


def test_there_is_a_column_of_tangents_only_on_request():
    x1, x2, y = baydin()
    assert "tangent" not in str(table(y))
    assert {row.tangent for row in table(y).rows} == {None}
    for tangents in (x1, {x2: 3}, {}):
        head = str(table(y, tangents=tangents)).splitlines()[0]
        assert head.split()[-2:] == ["tangent", "adjoint"]


def test_tangents_of_what_has_none_are_refused():
    x1, _, y = baydin()
    z = y * constant(2.0, "two")
    for wrong in (y, {y: 1.0}, {Value(1.0): 1.0}, {"x1": 1.0}):
        with pytest.raises(ValueError, match="is no leaf of this graph"):
            table(z, tangents=wrong)
    with pytest.raises(ValueError, match="takes no tangent"):
        table(z, tangents=z.parents[1])
    for wrong in (1.0, [x1]):
        with pytest.raises(TypeError, match="a leaf, or a mapping of leaves to numbers"):
            table(z, tangents=wrong)
    with pytest.raises(TypeError, match="one real number"):
        table(z, tangents={x1: "1"})


def test_a_tangent_that_meets_a_missing_derivative_is_refused_and_a_tangent_of_0_is_not():
    x, y = Value(0.0, "x"), Value(1.0, "y")
    out = x.sqrt() + y
    with pytest.raises(ZeroDivisionError, match="sqrt has no derivative here"):
        table(out, tangents=x)
    assert table(out, tangents=y).rows[-1].tangent == 1.0


# --- for documents ----------------------------------------------------------------------------------------------------


class Cells(HTMLParser):
    """The cells of an HTML table, and its tags."""

    def __init__(self, text):
        super().__init__()
        self.cells, self.tags = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        assert not attributes
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, text):
        self.cells[-1] += text


def from_markdown(text):
    """The cells of a table in Markdown: split at bars that are not escaped, and without escapes."""
    for line in text.split("\n\n")[0].strip().splitlines():
        cells = re.split(r"(?<!\\)\|", line)[1:-1]
        yield [_plain(re.sub(r"\\(.)", r"\1", cell).strip()) for cell in cells]


def _plain(text):
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&#92;", "\\").replace("&amp;", "&")


def texts(trace):
    return [list(row) for row in trace.cells]


def test_every_cell_comes_back_from_html_and_markdown(graph):
    trace = table(graph, tangents={})
    rows = texts(trace)
    parsed = Cells(trace.html)
    assert parsed.cells == [text for row in rows for text in row]
    assert parsed.tags == {"table", "thead", "tbody", "tr", "th", "td"}
    head, rule, *body = from_markdown(trace.markdown)
    assert [head, *body] == rows
    assert set(rule) == {"---"}


def test_a_notebook_gets_the_same_table_set_to_the_left_whatever_its_style_sheet_says(graph):
    trace = table(graph, tangents={})
    shown = trace._repr_html_()
    assert re.sub(' style="[^"]*"', "", shown) == trace.html
    styles = re.findall("<t[dh](| [^>]*)>", shown)
    assert len(styles) == len(trace.cells) * len(trace.cells[0])
    assert all("text-align:left" in style and "padding:" in style for style in styles)


@pytest.mark.parametrize(
    "payload", [*PAYLOADS, "a|b", "$x$", "[a](javascript:b)", "`a`", "*a*", "\\(x\\)", "%", "#1 & {x}"]
)
def test_names_that_look_like_markup_are_only_text(payload):
    with scope(payload):
        trace = table(named(payload, Value(1.0, payload).exp()), tangents={})
    rows = texts(trace)
    html = Cells(trace.html)
    assert html.cells == [text for row in rows for text in row]
    assert html.tags == {"table", "thead", "tbody", "tr", "th", "td"}
    head, _, *body = from_markdown(trace.markdown)
    assert [[" ".join(text.split()) for text in row] for row in [head, *body]] == [
        [" ".join(t.split()) for t in row] for row in rows
    ]
    assert not re.search(r"(?<!\\)[`*_$~\[\]]|<", trace.markdown)
    inert(trace.latex)


def inert(latex):
    """A tabular in which every command is one of ours, every brace is matched, and there are as many cells as columns."""
    known = {
        "begin",
        "end",
        "hline",
        "textbackslash",
        "textasciicircum",
        "textasciitilde",
        "textless",
        "textgreater",
        "textbar",
    }
    known |= {
        "textasciigrave",
        "ldots",
        "cdot",
        "partial",
        "Sigma",
        "sigma",
        "surd",
        "times",
        "div",
        "infty",
    }
    known |= {"to", "prime", "symbol"}
    lines = latex.splitlines()
    assert lines[0].startswith(r"\begin{tabular}{l")
    assert set(re.findall(r"\\([a-zA-Z]+)", latex)) <= known
    for line in lines[1:]:
        plain = re.sub(r"\\(?:[a-zA-Z]+|.)", "", line)
        assert plain.count("{") == plain.count("}")
        assert not re.search(r"[%#_^~\\]|^[\[*]", plain)
        assert plain.count("$") % 2 == 0
        if "&" in plain:
            assert plain.count("&") == lines[0].count("l") - 2


def test_the_latex_of_the_published_example():
    _, x2, y = baydin()
    lines = table(y, tangents=x2, digits=4).latex.splitlines()
    assert lines[:3] == [
        r"\begin{tabular}{llllll}",
        r"\hline",
        r"node & expression & value & local derivatives & tangent & adjoint \\",
    ]
    assert r"c & sin(x2) & $-$0.9589 & $\partial$/$\partial$x2 = 0.2837 & 0.2837 & $-$1 \\" in lines
    assert lines[-1] == r"\end{tabular}"


def test_a_caption_goes_with_the_table_into_every_language():
    x = Value(2.0, "x_1")
    y = x * x
    x.data = 3.0
    trace = table(y)
    assert "\nx_1 changed after" in str(trace)
    assert "<caption>x_1 changed after" in trace.html
    assert "\n\nx\\_1 changed after" in trace.markdown
    assert "\nx\\_1 changed after" in trace.latex


def test_numbers_that_are_not_finite_are_written():
    x = Value(math.inf, "x")
    assert "$\\infty$" in table(x * 1.0).latex
    assert "∞" in table(x * 1.0).markdown


def test_names_that_look_numbered_are_told_apart_from_numbers():
    a, b, c = Value(1.0, "x"), Value(2.0, "x"), Value(3.0, "x#1")
    nodes = [row.node for row in table(a * b * c).rows]
    assert len(set(nodes)) == len(nodes)


# --- readable ---------------------------------------------------------------------------------------------------------


def test_leaves_stand_before_the_layer_that_takes_them_in_the_order_of_its_expressions():
    w, x, b, c = (Value(0.5, name, role) for name, role in zip("wxbc", ["parameter", "input"] * 2, strict=True))
    for y, nodes in (
        (w * x + b, ["w", "x", "v1", "b", "y"]),
        (b + w * x, ["w", "x", "v1", "b", "y"]),
        ((x * w + b) * c + w * x, ["x", "w", "v1", "v4", "b", "v2", "c", "v3", "y"]),
        (dot([w, b], [x, c]), ["w", "b", "x", "c", "y"]),
        (w, ["w"]),
    ):
        assert [row.node for row in table(y).rows] == nodes
    nodes = [row.node for row in table(network()).rows]
    assert nodes[:4] == ["W1[0,0]", "W1[0,1]", "x[0]", "x[1]"]
    assert nodes[4:9] == ["W1[1,0]", "W1[1,1]", "W1[2,0]", "W1[2,1]", "x2[0]"]
