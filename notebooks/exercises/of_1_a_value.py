"""The exercises of notebook 1, A value and its graph: their answers and hints. Try them first."""

from fractions import Fraction

from autograd import Value, grad, jvp, log, sigmoid
from exercises import exercise, fact, near


@exercise("1.1")
def _(rate_of_y_hat, rate_of_E):
    if not near(rate_of_y_hat, 1):
        return "ŷ = w·x + b. By how much does this sum grow when b grows by 0.01?"
    if not abs(rate_of_E + 2.5) < 0.02:
        return "From ŷ on, everything is as it was for w, but a smaller nudge arrives at ŷ."


@exercise("1.2")
def _(p_to_u, q_to_u, u_to_z, p_to_z):
    if not near([p_to_u, q_to_u], [-4, 3]):
        return "The local derivative of a product is the other operand."
    if not near([u_to_z, p_to_z], [1, -1]):
        return "z = u − p. What happens to z when u grows, and what happens when only this p grows?"


@exercise("1.3")
def _(dw, dx, db):
    w, x, b = Value(-1.0), Value(2.0), Value(5.0)
    ((w * x + b) ** 2).backward()
    if not near([dw, dx, db], [w.grad, x.grad, b.grad]):
        return "Begin with a = w·x + b. The derivative of a² is 2a. Then multiply along the edges."


@exercise("1.4")
def _(paths, slope):
    if paths != 3:
        return "c = b·a has two operands, and b = a·a uses a twice."
    if not near(slope, 27):
        return "Multiply the local derivatives along each path, and add the three products."


@exercise("1.5")
def _(forward_error, central_error):
    for x in (Fraction(1, 3), Fraction(-5, 7)):
        for e in (Fraction(1, 10), Fraction(1, 10**30)):
            forward = ((x + e) ** 2 - x**2) / e - 2 * x
            central = ((x + e) ** 2 - (x - e) ** 2) / (2 * e) - 2 * x
            if forward_error(e) != forward:
                return "Forward: expand (x + ε)², and subtract the true slope 2x."
            if central_error(e) != central:
                return "Central: expand both squares, and subtract the true slope 2x."


@exercise("1.6")
def _(x):
    slope = grad(lambda x: log(x) / x)(float(x))
    if not abs(slope) < 1e-4:
        return f"The slope of h there is {slope:.4f}, and at the highest point it is 0."


@exercise("1.7")
def _(d1, d2):
    if d1 == d2 == 0:
        return "The direction must not be zero."
    change = jvp(lambda x: x[0] ** 3 * x[1] ** 2, ([1.0, 1.0],), ([float(d1), float(d2)],))[1]
    if not near(change, 0):
        return f"In this direction the rate of change is {change:.4f}."


@exercise("1.8")
def _(a):
    if not a > 0:
        return "a has to be positive."
    if not near(grad(sigmoid)(float(a)), 3 / 16):
        return "g(1 − g) = 3/16 is a quadratic equation for g. Which of its two solutions belongs to a positive a?"


fact("1.9", "Write down the factor by which one step multiplies w. When is its size at most 1?", eta=0.2)


@exercise("1.10")
def _(own_sigmoid, Own):
    for a in (-2.0, 0.5):
        v = Own(a)
        y = own_sigmoid(v)
        y.backward()
        if not near(y.data, sigmoid(a)):
            return f"The value at {a:g} is {y.data:.4f}, and the sigmoid is {sigmoid(a):.4f}."
        if not near(v.grad, grad(sigmoid)(a)):
            return f"The gradient at {a:g} is {v.grad:.4f}, and the slope of the sigmoid is {grad(sigmoid)(a):.4f}."
