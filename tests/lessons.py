"""A page of steps in Chromium, and graphs to step through."""

import math

from autograd import Value, named, sigmoid
from autograd.tape import reverse_sweep, wengert_list


class Lesson:
    """A page of steps in Chromium."""

    def __init__(self, page, shown, folder):
        self.page, self.shown = page, shown
        page.goto(shown.save(folder / "lesson.html").as_uri())

    @property
    def told(self):
        return self.page.locator("#told p").all_inner_texts()

    @property
    def title(self):
        return self.page.inner_text("#told h1")

    @property
    def count(self):
        return self.page.inner_text("#count")

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def go(self, step):
        self.page.evaluate(f"go({step})")

    def set(self, name, text):
        if self.page.is_hidden("#iffed"):
            self.page.click("#if")
        self.page.select_option("#leaf", label=name)
        self.page.fill("#number", text)
        self.page.press("#number", "Enter")

    def answer(self, question, text):
        self.page.select_option("#item", label=question)
        self.page.fill("#answer", text)
        self.page.press("#answer", "Enter")
        return self.page.inner_text("#verdict")


def gradients(out):
    order = wengert_list([out])
    return order, reverse_sweep(order, {out: 1.0})


def lecture_example():
    """f = (x + y) · x, in which x has two paths."""
    x, y, w = Value(2.0, "x"), Value(-5.0, "y"), Value(4.0, "w")
    s = x + y
    s.name = "s"
    out = s * x * w
    out.name = "f"
    return x, y, w, out


def unit():
    """L = (σ(w·x + b) − t)²."""
    w, x, b = Value(0.5, "w"), Value(2.0, "x", role="input"), Value(-0.7, "b")
    a = named("a", w * x + b)
    y = named("y", sigmoid(a))
    return w, x, b, a, y, named("L", (y - 0.25) ** 2)


def logistic(a):
    return 1 / (1 + math.exp(-a))


def slope(a):
    return logistic(a) * (1 - logistic(a))


# In the unit a is 0.3: ∂L/∂y, and the slope of σ there.
UP, DS = 2 * (logistic(0.3) - 0.25), slope(0.3)
