"""What a reader types into the live page: it is taken as it is meant, or refused at once in words that quote it."""

import pytest

from tests.live import iris, iris_page, iris_tab

pytestmark = pytest.mark.unmeasured
__all__ = ["iris", "iris_page", "iris_tab"]


@pytest.fixture
def typing(iris):
    def type_(field, text):
        iris.fill(field, text)
        iris.press(field, "Enter")
        return iris

    return type_


def test_a_number_may_have_a_decimal_comma(typing):
    page = typing("#lr", "0,25")
    assert page.evaluate("[setting.lr, stopped]") == [0.25, ""]
    assert page.input_value("#lr") == "0.25"
    before, slope = page.evaluate("[live.theta[0], gradientNow()[0]]")
    page = typing("#guess", f"{before - 0.25 * slope:.5f}".replace(".", ","))
    assert page.inner_text("#verdict") == "A step will tell."
    page.click("#step")
    assert page.inner_text("#verdict").startswith("Right: ")


@pytest.mark.parametrize(("text", "words"), [("fast", "“fast” is no number."), ("1.000,5", "“1.000,5” is no number.")])
def test_a_learning_rate_that_is_no_number_is_quoted_as_it_was_typed(text, words, typing):
    page = typing("#lr", text)
    assert page.evaluate("[setting.lr, stopped]") == [1, words]
    assert page.input_value("#lr") == "1"


@pytest.mark.parametrize("text", ["999", "-3", "1.5", "150"])
def test_an_example_that_there_is_not_is_refused_and_none_takes_its_place(text, typing):
    typing("#example", "7")
    page = typing("#example", text)
    assert page.inner_text("#target") == f"an example is a whole number from 0 to 149; got {text}"
    assert page.evaluate("chosen") == 7
    assert page.input_value("#example") == "7"
    assert typing("#example", "149").inner_text("#target") == "target class 2"


def test_a_guess_that_is_no_number_is_answered_before_the_next_step(typing):
    page = typing("#guess", "abc")
    assert page.inner_text("#verdict") == "“abc” is no number."
    page.click("#step")
    assert page.inner_text("#verdict") == "“abc” is no number."
    assert typing("#guess", "").inner_text("#verdict") == "Type a number."
    page.click("#step")
    assert page.inner_text("#verdict") == ""


@pytest.mark.parametrize(
    ("text", "words"), [("−1.2e−5", "A step will tell."), ("Infinity", "“Infinity” is no number.")]
)
def test_a_number_as_the_page_writes_it_is_one_and_infinity_is_none(text, words, typing):
    assert typing("#guess", text).inner_text("#verdict") == words
