"""Money as whole micro-dollars, read and written without a float."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.money import dollars, micros, times


@given(st.integers(0, 2**53))
def test_written_and_read_again_it_is_the_same(amount: int) -> None:
    """Also where a float would have lost a cent."""
    assert micros(dollars(amount).removeprefix("$")) == amount


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "$0.00"),
        (42_000, "$0.042"),
        (20_000, "$0.02"),
        (1_000_000, "$1.00"),
        (1_500_000, "$1.50"),
        (1, "$0.000001"),
        (123_456_789_012, "$123456.789012"),
        (-42_000, "-$0.042"),
    ],
)
def test_money_is_written_for_people(amount: int, text: str) -> None:
    """At least two decimals, no zeros after that, and never rounded."""
    assert dollars(amount) == text


@given(st.decimals(min_value=0, max_value=10**6, places=9))
def test_a_part_of_a_micro_dollar_is_rounded_up(amount: Decimal) -> None:
    """What is set aside is never less than what the provider bills."""
    exact = Fraction(amount) * 1_000_000
    assert exact <= micros(amount) < exact + 1


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (0.042, 42_000),
        (0.07, 70_000),
        ("0.042", 42_000),
        (0.1, 100_000),
        (1.1, 1_100_000),
        (3, 3_000_000),
        ("1e-7", 1),
    ],
)
def test_an_amount_from_json_is_read_as_it_is_written(amount: str | float, expected: int) -> None:
    """``0.07`` is seven cents, though no float is: it is read by its shortest text."""
    read = micros(amount)
    assert read == expected
    assert type(read) is int


@pytest.mark.parametrize("amount", ["", "free", "nan", "inf", float("nan"), float("inf"), "1,5"])
def test_what_is_no_amount_is_refused(amount: str | float) -> None:
    """Nothing is bought at it."""
    with pytest.raises(ValueError):
        micros(amount)


@pytest.mark.parametrize(
    ("prices", "text"),
    [
        ([60_000], "$0.06"),
        ([60_000] * 3, "3 × $0.06 = $0.18"),
        ([42_000, 63_000], "$0.105"),
        ([63_000] * 2, "2 × $0.063 = $0.126"),
    ],
)
def test_several_prices_are_added_up_before_your_eyes(prices: list[int], text: str) -> None:
    """Where each is the same; one alone needs no sum."""
    assert times(prices) == text
