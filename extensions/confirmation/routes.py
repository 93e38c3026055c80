"""`/api/v1/chat/{session_id}/confirm-tool`."""

from litestar import post
from litestar.config.app import AppConfig
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.plugins import InitPlugin
from msgspec import Struct

from extensions.confirmation.service import Confirmations
from gateway.http.extensions import error_responses, extension_router

__all__ = ["ConfirmationExtension"]

UNKNOWN = {
    404: "No such question is open in this session: it was answered already, its stream has ended, "
    "or it was never asked here."
}


class ConfirmationAnswer(Struct, frozen=True):
    """The answer to a `tool_call_confirmation_required` event, under the id that came with it."""

    confirmation_id: str
    approved: bool

    def __repr__(self) -> str:
        """Without the id, which must not get into a log."""
        return f"ConfirmationAnswer(approved={self.approved})"


class AnswerTaken(Struct, frozen=True, kw_only=True):
    """The answer was taken, which says nothing of how the call will end."""

    success: bool = True
    tool_name: str
    message: str


class ConfirmationExtension(InitPlugin):
    """The way back for the answers to these questions."""

    def __init__(self, confirmations: Confirmations) -> None:
        self._confirmations = confirmations

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        router = extension_router(
            "/chat", [confirm_tool], tag="Chat", confirmations=self._confirmations
        )
        app_config.route_handlers.append(router)
        return app_config


@post(
    "/{session_id:str}/confirm-tool",
    operation_id="confirmTool",
    summary="Approve or deny a tool call",
    status_code=200,
    responses=error_responses({**UNKNOWN, 422: "The input is not valid."}),
)
async def confirm_tool(
    session_id: FromPath[str],
    data: JSONBody[ConfirmationAnswer],
    confirmations: NamedDependency[Confirmations],
) -> AnswerTaken:
    """A stream of this session asks by an event, and waits. Each question can be answered once."""
    tool = confirmations.answer(session_id, data.confirmation_id, data.approved)
    return AnswerTaken(tool_name=tool, message="Approved." if data.approved else "Denied.")
