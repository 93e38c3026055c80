"""Arithmetic that is right, for models that guess at it."""

from .arithmetic import evaluated

__all__ = ["calculate"]

__arithmetic__ = ["calculate"]


def calculate(expression: str) -> str:
    """Calculate the value of an arithmetic expression.

    Use this for every calculation instead of working it out yourself. It knows the numbers pi, e
    and tau, the signs + - * / // % and ** (power), parentheses, and the functions abs, ceil, cos,
    degrees, exp, factorial, floor, gcd, hypot, lcm, log, log10, log2, max, min, radians, round,
    sin, sqrt and tan. Angles are in radians.

    Args:
        expression: What to calculate, for example "sqrt(2) * (3 + 4) ** 2". Write numbers without
            thousands separators.

    Returns:
        The value. Whole numbers are exact, others have 15 digits.
    """
    value = evaluated(expression)
    return str(value) if isinstance(value, int) else f"{value:.15g}"
