"""A GPT on scalars: eager, recorded and compiled it gives one loss, and the gradients are PyTorch's."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import grads, named, record, scope, values, wengert_list, zero_grad
from autograd.recorded import native
from nn import gpt

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "7_a_gpt_from_scalars.ipynb"


def descended(loss_of, weights, name, steps=20):
    """The losses of a descent by a function that gives a loss and leaves its gradient in the weights."""
    descent, losses = nn.Adam(weights.values(), lr=0.01), []
    for _ in range(steps):
        descent.zero_grad()
        losses.append(loss_of(weights, name))
        descent.step()
    return losses


def eager(weights, name):
    loss = gpt.loss(weights, name)
    loss.backward()
    return loss.data


def recorded(language):
    programs = {}

    def backward(weights, name):
        if not programs:
            programs[0] = record(lambda x: gpt.loss(weights, x), name, language=language)
        return programs[0].backward([name])

    return backward


@pytest.mark.parametrize(
    "language", ["numpy", pytest.param("c", marks=pytest.mark.slow)]
)  # it takes seconds to compile
def test_the_losses_of_twenty_steps_are_the_same_recorded_as_on_values(language):
    if language == "c":
        try:
            native.compiler()
        except RuntimeError as error:
            pytest.skip(str(error))
    name = gpt.tokens("eve")
    expected = descended(eager, gpt.parameters(), name)
    assert expected[-1] < 0.2 * expected[0]
    np.testing.assert_allclose(descended(recorded(language), gpt.parameters(), name), expected, rtol=1e-12)


def test_every_gradient_is_pytorchs():
    torch = pytest.importorskip("torch")
    weights, name = gpt.parameters(1), gpt.tokens("margaret")
    gpt.loss(weights, name).backward()
    w = {key: torch.tensor(values(W), requires_grad=True) for key, W in weights.items()}

    def scaled(x):
        return x * ((x * x).mean(dim=-1, keepdim=True) + 1e-5) ** -0.5

    n, d = len(name) - 1, gpt.WIDTH // gpt.HEADS
    x = scaled(w["token"][name[:-1]] + w["position"][:n])
    q, k, v = ((scaled(x) @ w[key].T).reshape(n, gpt.HEADS, d).transpose(0, 1) for key in ("query", "key", "value"))
    scores = (q @ k.transpose(1, 2) / d**0.5).masked_fill(torch.ones(n, n, dtype=bool).triu(1), -torch.inf)
    x = x + (scores.softmax(dim=-1) @ v).transpose(0, 1).reshape(n, gpt.WIDTH) @ w["mixed"].T
    x = x + torch.relu(scaled(x) @ w["up"].T) @ w["down"].T
    torch.nn.functional.cross_entropy(x @ w["logits"].T, torch.tensor(name[1:])).backward()
    for key, W in weights.items():
        np.testing.assert_allclose(np.nan_to_num(grads(W)), w[key].grad.numpy(), rtol=0, atol=1e-10, err_msg=key)


def test_many_names_at_once_give_the_mean_of_their_losses_and_gradients():
    weights, names = gpt.parameters(), [gpt.tokens(name) for name in ("anna", "omar", "lucy")]
    program = record(lambda x: gpt.loss(weights, x), names[0])
    losses = [eager(weights, name) for name in names]
    summed = {key: np.nan_to_num(grads(W)) for key, W in weights.items()}
    zero_grad(list(weights.values()))
    np.testing.assert_allclose(program(names), losses, rtol=1e-13)
    assert program.backward(names) == pytest.approx(np.mean(losses), rel=1e-13)
    for key, W in weights.items():
        np.testing.assert_allclose(np.nan_to_num(grads(W)), summed[key] / 3, rtol=0, atol=1e-14, err_msg=key)
    with pytest.raises(ValueError, match=r"row 1: the index of take is a whole number from 0 to 26; got 27"):
        program([names[0], [0, 27, 1, 1, 1, 0]])


def test_positions_attention_and_heads_are_scopes_in_each_other():
    loss = gpt.loss(gpt.parameters(), gpt.tokens("a"))
    paths = {str(v.scope) for v in wengert_list([loss]) if v.scope}
    assert {"pos2/embed", "pos2/attention/head4", "pos2/attention/mix", "pos1/dense", "pos1/loss"} <= paths


def test_a_function_is_a_scope_by_decorator_within_the_scope_that_calls_it():
    double = scope("double", "y = 2x")(lambda x: 2 * x)
    with scope("outer"):
        assert [v.scope for v in double(nn.engines.inputs([1.0]))] == ["outer/double"]


class Bare(ast.NodeTransformer):
    """Code without annotations."""

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_FunctionDef(self, node):
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node):
        return ast.Assign([node.target], node.value)

    def visit_Call(self, node):
        return self.generic_visit(node if ast.unparse(node) != "list[Any]()" else ast.List([], ast.Load()))


def functions(text):
    tree = Bare().visit(ast.parse(text))
    return {node.name: ast.dump(node) for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.skipif(not NOTEBOOK.exists(), reason="the notebooks are in a checkout")
def test_the_model_of_the_notebook_is_that_of_the_module():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    told = functions("\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"))
    model = functions(Path(gpt.__file__).read_text(encoding="utf-8"))
    del model["trained"]
    assert {name: told.get(name) for name in model} == model


def test_named_gives_each_part_of_a_dictionary_its_key():
    state = {"wte": [[nn.engines.inputs(1.0), nn.engines.inputs(2.0)]], "b": nn.engines.inputs(0.0)}
    assert named(state) is state
    assert [v.name for v in (*state["wte"][0], state["b"])] == ["wte[0,0]", "wte[0,1]", "b"]
    with pytest.raises(TypeError, match=r"expected Values; got float 1\.0"):
        named({"w": [1.0]})
    with pytest.raises(TypeError, match="a name is text; got 3"):
        named({3: state["b"]})


def test_the_names_are_words_of_small_letters_the_most_frequent_first_and_each_once():
    names = nn.datasets.names()
    assert len(names) == len(set(names)) == 2500
    assert all(name.isascii() and name.isalpha() and name.islower() for name in names)
    assert names[:5] == ["james", "john", "robert", "michael", "mary"]
    assert all(gpt.tokens(name)[0] == gpt.tokens(name)[-1] == 0 for name in names)


def test_training_follows_the_gradient_of_each_batch_alone(monkeypatch):
    found = []

    class Watched(nn.Adam):
        def zero_grad(self):
            super().zero_grad()
            found.append("cleared")

        def step(self):
            found.append("stepped")
            super().step()

    monkeypatch.setattr(gpt, "Adam", Watched)
    names = [name for name in nn.datasets.names() if len(name) == 4]
    losses = gpt.trained(gpt.parameters(), names, seconds=0.1)
    assert found == ["cleared", "stepped"] * len(losses)
    assert losses
