"""How an answer may end, in the words that OpenAI has for it."""

__all__ = ["CHAT_REASONS", "REASONS", "reason_lacks", "status_lacks"]

REASONS = frozenset({"stop", "length", "content_filter"})
CHAT_REASONS = REASONS | {"tool_calls", "function_call"}
ANSWERED = ("completed", "incomplete")
UNANSWERED = ("failed", "cancelled", "in_progress", "queued")


def reason_lacks(reason: str | None, known: frozenset[str]) -> str:
    """What is wrong with the finish reason of a choice; `""` if nothing is."""
    if not reason:
        return "no finish reason"
    return "" if reason in known else "unknown finish reason"


def status_lacks(status: str) -> str:
    """What is wrong with the status of a response; `""` if nothing is."""
    if status in ANSWERED:
        return ""
    return f"response {status}" if status in UNANSWERED else "unknown status"
