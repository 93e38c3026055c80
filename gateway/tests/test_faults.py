from gateway.core import errors
from gateway.core.faults import Fault, fault_of


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
