"""The exercises of the notebooks: `check("1.2", answer, …)` says whether an answer is right, or gives a hint.

Try an exercise before you read this file: it knows the answers.

An exercise is a function of the reader's answers. It returns a hint where they are wrong, and None where they are right.
What a notebook has made itself is given by keyword, as in `check("6.1", 0.0, program=program)`.
"""

import inspect
import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

import nn
from autograd import (
    Value,
    array,
    check_grad,
    exp,
    grad,
    gradients,
    hessian,
    jvp,
    log,
    record,
    relu,
    sigmoid,
    softmax,
    step,
    value_and_grad,
    values,
)

EXERCISES: dict[str, Callable[..., str | None]] = {}


def check(number: str, *answers: object, **given: object) -> None:
    """Print whether `answers` are right for the exercise `number`."""
    if number not in EXERCISES:
        raise KeyError(f"there is no exercise {number!r}; a number is text, such as '1.2'")
    exercise = EXERCISES[number]
    asked = [name for name in inspect.signature(exercise).parameters if name not in given]
    if any(answer is ... for answer in answers):
        print(f"Exercise {number}: put your answer in place of the dots, and run this cell again.")
    elif len(answers) != len(asked):
        print(f"Exercise {number} asks for {len(asked)} answers: {', '.join(asked)}.")
    else:
        print(judged(exercise, answers, given))


def judged(exercise: Callable[..., str | None], answers: tuple[object, ...], given: dict[str, object]) -> str:
    """The sentence about these answers. It replaces the traceback of one that fails, which would show the solution."""
    try:
        hint = exercise(*answers, **given)
    except Exception as error:
        return f"Your answer cannot be tried. {type(error).__name__}: {error}"
    return f"Not yet. {hint}" if hint else "Right."


def exercise(number: str) -> Callable[[Callable[..., str | None]], Callable[..., str | None]]:
    """Enter a function into the list of exercises."""

    def enter(function: Callable[..., str | None]) -> Callable[..., str | None]:
        EXERCISES[number] = function
        return function

    return enter


def near(answer: object, truth: object) -> bool:
    """Whether an answer is right to four digits: nobody has to type more."""
    answer, truth = np.asarray(answer, float), np.asarray(truth, float)
    return answer.shape == truth.shape and np.allclose(answer, truth, rtol=1e-4, atol=1e-4)


# --- 1. A value and its graph -----------------------------------------------------------------------------------------


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


@exercise("1.9")
def _(eta):
    if not near(eta, 0.2):
        return "Write down the factor by which one step multiplies w. When is its size at most 1?"


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


# --- 2. f1 to f6 ------------------------------------------------------------------------------------------------------


@exercise("2.1")
def _(count):
    if count != 5 * 4 + 5 + 3 * 5 + 3:
        return "W1 has a row for each hidden unit and a column for each input. What are the shapes of the other three?"


@exercise("2.2")
def _(change):
    if not near(change, 0):
        return "What happens to softmax when the same number is added to each of its operands?"


@exercise("2.3")
def _(direction):
    if direction != "down":
        return 'Look at the sign of ∂L/∂W1[0,1]. The answer is "up" or "down".'


@exercise("2.4")
def _(product):
    W2, d = np.arange(6.0).reshape(3, 2) ** 2, np.array([1.0, -3.0, 2.0])
    if not near(product(W2, d), W2.T @ d):
        return "Compare the shapes: W2 has a row for each class, and the result has an entry for each hidden unit."


@exercise("2.5")
def _(matrix):
    if not near(matrix, np.eye(3)):
        return "Does x6[0] change when only w20[1] changes? And how fast does it change with w20[0]?"


@exercise("2.6")
def _(matrix, x4):
    if not near(np.array(matrix, float), [0 * x4, x4, 0 * x4]):
        return "Which row of W2 does x5[1] use? With respect to all other weights the derivative is 0."


@exercise("2.7")
def _(matrix):
    z = np.array([0.2, 0.5, 0.9])
    if not near(matrix(z), np.diag(z * (1 - z))):
        return "Each x4[j] depends on x3[j] only, so the matrix is diagonal. Write σ′ with x4."


@exercise("2.8")
def _(loss, gradient):
    if not near(loss, 1000):
        return "L = log Σ exp(a) − a_c. Which term of the sum is so large that the others do not count?"
    if not near(gradient, [1, -1, 0]):
        return "The gradient is ŷ − y. Class 0 has all of the probability."


@exercise("2.9")
def _(loss):
    if not near(loss, math.log(3)):
        return "Each class then has the probability 1/3."


# --- 3. One unit ------------------------------------------------------------------------------------------------------

CORNERS = [(0, 0), (0, 1), (1, 0), (1, 1)]


@exercise("3.1")
def _(w0, w1, w2):
    for p, q in CORNERS:
        if (w0 + w1 * p + w2 * q > 0) != bool(p or q):
            return f"With x1 = {p} and x2 = {q} this unit gives {int(w0 + w1 * p + w2 * q > 0)}."


@exercise("3.2")
def _(v0, v1, v2, v3):
    for h1, h2, h3 in ((1, 1, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1)):
        a = v0 + v1 * h1 + v2 * h2 + v3 * h3
        if (a > 0) == (h1 + h2 + h3 == 3):
            return f"With h = ({h1}, {h2}, {h3}) the output is {int(a > 0)}. The inside has h = (1, 1, 1)."


@exercise("3.3")
def _(a, mirrored):
    if not near(sigmoid(float(a)), 0.9):
        return f"At this a the unit gives {sigmoid(float(a)):.4f}."
    if not all(near(mirrored(sigmoid(z)), sigmoid(-z)) for z in (-3.0, 0.0, 0.5, 4.0)):
        return "Compare g(2) with g(−2). What is their sum?"


@exercise("3.4")
def _(w, w0):
    def density(x, mean):
        return math.exp(-((x - mean) ** 2) / 2)

    for x in (-3.0, 0.0, 1.0, 4.0):
        p1, p2 = 0.8 * density(x, 2.0), 0.2 * density(x, 0.0)
        if not near(sigmoid(w * x + w0), p1 / (p1 + p2)):
            return f"At x = {x:g} the posterior is {p1 / (p1 + p2):.4f} and your unit gives {sigmoid(w * x + w0):.4f}."


@exercise("3.5")
def _(dE_dw0, dE_dw1):
    u = array([0.0, 1.0], "u")
    truth = values(gradients(nn.mse(sigmoid(u @ [1.0, 0.0]), 1.0), u))
    if not near([dE_dw0, dE_dw1], truth):
        return "a = 0, so ŷ = ½ and g′(a) = ¼. Multiply the three factors; the last one is 1 for w0 and x1 for w1."


@exercise("3.6")
def _(dE_dyhat, dyhat_da, da_dwi, product):
    for p, y, x in ((p, y, x) for p in (0.1, 0.5, 0.9) for y in (0.0, 1.0) for x in (-2.0, 0.5)):
        slope = value_and_grad(lambda q, y=y: nn.binary_cross_entropy(q, y))(p)[1]
        if not near(dE_dyhat(p, y), slope):
            return "Differentiate −y log ŷ − (1 − y) log(1 − ŷ) with respect to ŷ, one term after the other."
        if not near(dyhat_da(p), p * (1 - p)):
            return "ŷ is g(a): write g′(a) as a function of ŷ."
        if not near(da_dwi(x), x):
            return "a is Σ w_i x_i."
        if not near(product(p, y, x), slope * p * (1 - p) * x):
            return "Multiply your three factors, and cancel ŷ(1 − ŷ)."


@exercise("3.7")
def _(new, best):
    slope = grad(lambda w: 0.5 * (3 * w - 6) ** 2)
    if not near(new, -0.1 * slope(0.0)):
        return "The new weight is 0 − η E′(0)."
    if not near(slope(-best * slope(0.0)), 0):
        return "The minimum is where 3w = 6. Which η leads from 0 to there?"


@exercise("3.8")
def _(steps, last):
    if (steps, last) != (5, 22):
        return "Take 32 examples at a time, until none is left."


@exercise("3.9")
def _(crossing):
    if not all(near(w[0] + w[2] * crossing(*w), 0) for w in ((1.0, 2.0, 4.0), (-3.0, 1.0, 0.5))):
        return "On the boundary a = w0 + w1·x1 + w2·x2 is 0, and here x1 is 0."


@exercise("3.10")
def _(steps, entry):
    if steps != 1:
        return "E is a quadratic function. What does Newton's method do on a quadratic function?"
    if not near(entry, 6.25):
        return "Differentiate twice with respect to w1: what remains is a sum over the five x."


# --- 4. One layer -----------------------------------------------------------------------------------------------------


@exercise("4.1")
def _(count):
    for d, K in ((2, 3), (4, 1), (7, 5)):
        if count(d, K) != K * (d + 1):
            return f"A layer of {d} inputs and {K} outputs has {K * (d + 1)} weights."


@exercise("4.2")
def _(bias, w21, w22):
    if not near([bias, w21, w22], [-0.125, -0.5, 0]):
        return "(ŷ − y)·g′(a) is the same number for all three. Then multiply it by x0 = 1, by x1 and by x2."


@exercise("4.3")
def _(one_number):
    for a1, a2 in ((0.0, 0.0), (3.0, -1.0), (-2.0, 5.0)):
        if not near(sigmoid(one_number(a1, a2)), values(softmax(array([a1, a2])))[0]):
            return "Divide numerator and denominator of softmax by exp(a1), and compare with 1/(1 + exp(−a))."


@exercise("4.4")
def _(difference, probability):
    if not near(difference, 0):
        return "a_k = w_k·x + w_k0. The priors are equal, so their logarithms cancel."
    if not near(probability, 0.5):
        return "P(C1|x) is the sigmoid of a1 − a2."


@exercise("4.5")
def _(w10, w21):
    if not near([w10, w21], [0.7, -2.4]):
        return "The gradient is (ŷ_k − y_k)·x_i. Which y_k is 1?"


@exercise("4.6")
def _(winner, probability):
    if winner != 1:
        return "The largest logit has the largest probability. Count from 0."
    if not near(probability, 0.6):
        return "Compute exp of the three logits, and divide by their sum."


# --- 5. Many layers ---------------------------------------------------------------------------------------------------


@exercise("5.1")
def _(w0, w1, w2, w3):
    for p, q, r in ((p, q, r) for p in (0, 1) for q in (0, 1) for r in (0, 1)):
        if step(float(w0 + w1 * p + w2 * q + w3 * r)) != (p + q + r >= 2):
            return f"The unit is wrong for the inputs {p}, {q}, {r}."


@exercise("5.2")
def _(v0, v1, v2):
    for p, q in CORNERS:
        if step(float(v0 + v1 * (p or q) + v2 * (p and q))) != (p == q):
            return f"The network is wrong for the inputs {p}, {q}: z1 = {p or q} and z2 = {p and q} there."


@exercise("5.3")
def _(number):
    if not near(number, (0.2 - 1) * 0.5):
        return "δ of the second output is ŷ − y of that output; the weight is multiplied by z1."


@exercise("5.4")
def _(count):
    for M1, M2, K in ((3, 2, 1), (2, 4, 3), (5, 3, 2)):
        if count(M1, M2, K) != M2 * K:
            return (
                f"With M1 = {M1}, M2 = {M2}, K = {K} your function gives {count(M1, M2, K)}. Follow one weight forward."
            )


@exercise("5.5")
def _(of_w10, of_w20):
    if (of_w10, of_w20) != ("b", "a"):
        return "Which pre-activation does each bias enter? Compare the shapes too."


@exercise("5.6")
def _(layers):
    if layers != 5:
        return "The product is at most ¼ to the power of the number of layers."


@exercise("5.7")
def _(first, second):
    if {first, second} != {"more starts", "the best η of each"}:
        return "Think of what may differ between two fair races."


@exercise("5.8")
def _(largest):
    if not near(largest, -0.7):
        return "Find the largest value of 0.5·p − 0.2·q for p and q between −1 and 1."


@exercise("5.9")
def _(units):
    if not units or math.pi / (units + 1) > 0.01:
        return "The bound is then larger than 0.01. What is the largest slope of sin πx?"
    if math.pi / units <= 0.01:
        return "Fewer units are enough."


@exercise("5.10")
def _(count):
    if count != len(nn.MLP(4, [6, 5, 3], rng=0).parameters()):
        return "A layer has (inputs + 1) · outputs parameters. Add the three layers."


# --- 6. From scalars to speed -----------------------------------------------------------------------------------------


@exercise("6.1")
def _(total):
    if not near(total, 0):
        return "The gradient is the mean of ŷ − y. What is the sum of the entries of ŷ, and of those of y?"


@exercise("6.2")
def _(product):
    numbers = np.random.default_rng(1)
    D, x = numbers.normal(size=(5, 7)), numbers.normal(size=(4, 7))
    if not near(product(D, x), D @ x.T):
        return "Each example adds one outer product, of a column of D and a column of x."


@exercise("6.3")
def _(factor):
    if factor != 150:
        return "By which number is a sum divided to become a mean?"


@exercise("6.4")
def _(steps):
    if steps != 5:
        return "150 = 4 · 32 + 22, and the 22 are a batch as well."


@exercise("6.5")
def _(lead):
    if lead != "grow":
        return "The eager engine's time is proportional to the number of examples. A call of NumPy has a fixed price."


@exercise("6.6")
def _(combined):
    if not all(near(combined(*m), np.dot(m, [0.5, 0.3, 0.2])) for m in ([1.0, 2.0, 3.0], [4.0, 0.0, -1.0])):
        return "Each mean counts as often as it has rows."


@exercise("6.7")
def _(probabilities):
    for a in ([1.0, 2.0, 0.5], [-3.0, 0.0, 4.0]):
        if not near(probabilities(np.array(a)), values(softmax(array(a)))):
            return "They have to be positive, and their sum has to be 1."


@exercise("6.8")
def _(cut):
    program = record(lambda x: cut(x * x), 0.5)
    x = np.array([0.2, 0.9, 1.5, -3.0])
    if not near(program(x), np.minimum(x * x, 1.0)):
        return "Which function of two numbers gives the smaller one?"


@exercise("6.9")
def _(count, program):
    if count != len(program.parameters) + 1:
        return "Each device adds a gradient, with an entry for each parameter, and a loss."


# --- 7. A GPT from scalars --------------------------------------------------------------------------------------------


@exercise("7.1")
def _(loss):
    if not near(loss, math.log(27)):
        return "The cross-entropy is −log of the probability of the right token. Here each probability is 1/27."


@exercise("7.2")
def _(count):
    for n in (1, 4, 9):
        if count(n) != sum(range(1, n + 2)):
            return f"A name of {n} letters has {n + 1} positions. The first reads one position, the second two."


@exercise("7.3")
def _(position, count):
    if position != 1:
        return "Which task of a name begins with token 0?"
    if count != 32:
        return "Each of the names has one beginning."


@exercise("7.4")
def _(cold):
    for a in ([1.0, 3.0, 2.0], [0.5, -1.0, 0.4]):
        if not near(cold(np.array(a)), np.array(a) == max(a)):
            return "Divide [1, 2] by 0.01, and take the softmax."


# --- 8. Higher orders -------------------------------------------------------------------------------------------------


@exercise("8.1")
def _(number):
    derivative = lambda x: exp(2 * x)  # noqa: E731
    for _ in range(10):
        derivative = grad(derivative)
    if not near(number, derivative(0.0)):
        return "Each derivative brings one more factor 2."


@exercise("8.2")
def _(formula):
    if not all(near(formula(x), 6 * x) for x in (-1.0, 0.5, 2.0)):
        return "The first derivative is 3x². Differentiate it once more."


@exercise("8.3")
def _(f):
    for place in ([0.0, 0.0], [1.5, -2.0]):
        found = hessian(f)(np.array(place))
        if not near(found, [[2, 1], [1, 4]]):
            return f"Its Hessian at {place} is {np.asarray(found).tolist()}."


@exercise("8.4")
def _(x, y):
    if not near([x, y], [4, -2]):
        return "Both partial derivatives are 0 there: two linear equations."


@exercise("8.5")
def _(value, f, x):
    if not near(value, np.linalg.eigvalsh(hessian(f)(x))[-1]):
        return "Take more rounds: the other directions die out slowly."


@exercise("8.6")
def _(number):
    if not near(number, 1):
        return "g′(0) = ¼, and da/dw = 2 comes in twice."


@exercise("8.7")
def _(forward, reverse):
    if (forward, reverse) != (5 * 33, 3 * 33):
        return "The graph has 33 edges. Forward mode needs a sweep for each input, reverse mode one for each output."


@exercise("8.8")
def _(error):
    x, e = Fraction(1, 2), Fraction(1, 10**40)
    if error(x, e) != 4 * ((x + e) ** 3 - x**3) / e - 12 * x**2:
        return "Expand 4(x + ε)³, and subtract the true slope 12x²."


@exercise("8.9")
def _(f):
    if f is relu:
        return "relu is taken: find another function."
    if grad(f)(0.0) != 0.0:
        return f"The engine gives {grad(f)(0.0):g} at 0."
    try:
        check_grad(f, 0.0)
    except AssertionError:
        return None
    return "Its central difference at 0 is 0, too."
