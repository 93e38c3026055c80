"""Evaluates arithmetic by walking its syntax tree: what is not listed here cannot be run.

Every step is bounded before it is made, so that no expression takes long or fills the memory.
"""

import ast
import math
import operator
from collections.abc import Callable

__all__ = ["evaluated"]

Number = int | float

MOST_CHARACTERS = 500
MOST_DIGITS = 1000
MOST_BITS = int(MOST_DIGITS * math.log2(10))
TOO_LARGE = f"the value would have more than {MOST_DIGITS} digits"


def evaluated(expression: str) -> Number:
    """The value; a `ValueError` says what is wrong with the expression."""
    if len(expression) > MOST_CHARACTERS:
        raise ValueError(f"the expression is longer than {MOST_CHARACTERS} characters")
    text = expression.strip().translate(str.maketrans("×÷−", "*/-"))
    try:
        return value_of(parsed(text))
    except ZeroDivisionError:
        raise ValueError("division by zero") from None
    except OverflowError:
        raise ValueError("the value is too large") from None
    except RecursionError:
        raise ValueError("the expression is nested too deeply") from None


def parsed(text: str) -> ast.expr:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError):
        raise ValueError(f"'{text}' is not an arithmetic expression") from None


def value_of(node: ast.expr) -> Number:
    match node:
        case ast.Constant(int() | float() as number) if not isinstance(number, bool):
            return bounded(number)
        case ast.Name(name) if name in CONSTANTS:
            return CONSTANTS[name]
        case ast.UnaryOp(sign, operand) if type(sign) in SIGNS:
            return SIGNS[type(sign)](value_of(operand))
        case ast.BinOp(left, sign, right) if type(sign) in OPERATIONS:
            return bounded(OPERATIONS[type(sign)](value_of(left), value_of(right)))
        case ast.BinOp(_, ast.BitXor(), _):
            raise ValueError("write ** for a power, not ^")
        case ast.Tuple():
            raise ValueError("write numbers without thousands separators")
        case ast.Call(ast.Name(name), arguments, []) if name in FUNCTIONS:
            return bounded(called(name, [value_of(one) for one in arguments]))
        case ast.Call(ast.Name(name)):
            raise ValueError(f"there is no function '{name}'; there are {', '.join(FUNCTIONS)}")
        case ast.Name(name):
            raise ValueError(f"'{name}' is not known; there are {', '.join(CONSTANTS)}")
    raise ValueError(f"'{ast.unparse(node)[:80]}' is not arithmetic")


def bounded(value: object) -> Number:
    match value:
        case int() if value.bit_length() <= MOST_BITS:
            return value
        case int():
            raise ValueError(TOO_LARGE)
        case float() if math.isfinite(value):
            return value
        case float():
            raise OverflowError
    raise ValueError("the value is not a real number")


def called(name: str, arguments: list[Number]) -> Number:
    try:
        return FUNCTIONS[name](*arguments)
    except TypeError:
        raise ValueError(f"{name} does not take these arguments") from None
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int):
        grows = exponent > 0 and abs(base) > 1
        if grows and exponent * (base.bit_length() - 1) > MOST_BITS:
            raise ValueError(TOO_LARGE)
    value: Number = base**exponent
    return value


def factorial(number: Number) -> int:
    if not isinstance(number, int):
        raise ValueError("only of whole numbers")
    if number > MOST_DIGITS // 2:
        raise ValueError(TOO_LARGE)
    return math.factorial(number)


def rounded(number: Number, digits: Number = 0) -> Number:
    """Without the bound, Python would make the power of ten first."""
    if not isinstance(digits, int) or not -MOST_DIGITS <= digits <= MOST_DIGITS:
        raise ValueError(f"digits from -{MOST_DIGITS} to {MOST_DIGITS}")
    return round(number, digits) if digits else round(number)


CONSTANTS: dict[str, float] = {"pi": math.pi, "e": math.e, "tau": math.tau}
SIGNS: dict[type[ast.unaryop], Callable[[Number], Number]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
OPERATIONS: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: power,
}
FUNCTIONS: dict[str, Callable[..., Number]] = {
    "abs": abs,
    "ceil": math.ceil,
    "cos": math.cos,
    "degrees": math.degrees,
    "exp": math.exp,
    "factorial": factorial,
    "floor": math.floor,
    "gcd": math.gcd,
    "hypot": math.hypot,
    "lcm": math.lcm,
    "log": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "max": max,
    "min": min,
    "radians": math.radians,
    "round": rounded,
    "sin": math.sin,
    "sqrt": math.sqrt,
    "tan": math.tan,
}
