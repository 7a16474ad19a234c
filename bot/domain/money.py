"""Money is an integer of micro-US-dollars. Here it becomes text, and text becomes it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal

MICROS = 1_000_000


def dollars(micros: int) -> str:
    """``$0.042`` for 42 000: at least two decimals, no trailing zeros beyond them, never rounded."""
    sign = "-" if micros < 0 else ""
    whole, part = divmod(abs(micros), MICROS)
    decimals = f"{part:06d}".rstrip("0").ljust(2, "0")
    return f"{sign}${whole}.{decimals}"


def times(prices: Sequence[int]) -> str:
    """What several cost together: ``3 × $0.06 = $0.18`` where each costs the same."""
    total = dollars(sum(prices))
    if len(prices) == 1 or len(set(prices)) > 1:
        return total
    return f"{len(prices)} × {dollars(prices[0])} = {total}"


def micros(amount: str | float | Decimal) -> int:
    """A provider's amount in dollars as micro-dollars, rounded up; floats are read by their shortest text.

    Raises:
        ValueError: it is no finite number.
    """
    try:
        value = Decimal(str(amount))
        return int((value * MICROS).to_integral_value(rounding=ROUND_CEILING))
    except ArithmeticError as error:
        raise ValueError(f"not an amount of money: {amount!r}") from error
