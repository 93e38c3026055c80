from gateway.core import errors
from gateway.core.faults import Fault, fault_of, let_go, word_of


def test_a_field_to_blame_is_listed() -> None:
    missing = errors.InvalidRequest("Missing.", param="model", limit=3)
    listed = [{"field": "model", "message": "Missing."}]
    assert fault_of(missing) == Fault(
        "VALIDATION_ERROR", "Missing.", {"limit": 3, "errors": listed}
    )


def test_another_error_tells_its_own_details() -> None:
    gone = errors.ModelNotFound("demo")
    assert fault_of(gone) == Fault("MODEL_NOT_FOUND", gone.message, {"model": "demo"})


def test_nothing_is_told_of_a_fault_of_ours() -> None:
    assert fault_of(KeyError("secret")) == Fault(
        "INTERNAL_ERROR", "The gateway failed unexpectedly.", {}
    )


def test_a_word_says_why_a_request_is_invalid_where_that_is_known() -> None:
    assert word_of(errors.ContextOverflow("Long.")) == "context_length_exceeded"
    assert word_of(errors.InvalidRequest("Missing.")) == "VALIDATION_ERROR"
    assert word_of(errors.ModelNotFound("demo")) == "MODEL_NOT_FOUND"
    assert word_of(KeyError("secret")) == "INTERNAL_ERROR"


def test_what_is_let_go_has_no_traceback_whatever_caused_what() -> None:
    first, second = ValueError(), KeyError()
    for error in (first, second):
        try:
            raise error
        except (ValueError, KeyError):
            pass
    first.__cause__, second.__context__ = second, first
    let_go(first)
    assert first.__traceback__ is second.__traceback__ is None
