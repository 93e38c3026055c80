"""The memory of what was run."""

from extensions.tools.executions import Execution, Executions, Statistics


def execution(name: str, *, success: bool = True, seconds: float = 1) -> Execution:
    return Execution(
        tool_name=name,
        success=success,
        result="3",
        error_message=None if success else "no",
        execution_time=seconds,
    )


def test_failures_are_counted_apart() -> None:
    executions = Executions()
    assert executions.statistics() == Statistics(0, 0, 0, 0.0)
    for each in (execution("add"), execution("add", success=False, seconds=3), execution("sub")):
        executions.add(each)
    assert executions.statistics("add") == Statistics(2, 1, 1, 2.0)
    assert executions.statistics("div") == Statistics()
    total = executions.statistics()
    assert (total.total, total.successful, total.failed) == (3, 2, 1)


def test_the_last_hundred_are_kept_and_all_are_counted() -> None:
    executions = Executions()
    for number in range(150):
        executions.add(execution(f"tool{number}"))
    assert [each.tool_name for each in executions.last] == [f"tool{n}" for n in range(50, 150)]
    assert executions.statistics().total == 150
