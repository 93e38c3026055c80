from gateway.core import errors
from gateway.core.faults import Fault, fault_of, let_go


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
