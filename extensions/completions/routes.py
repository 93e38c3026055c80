"""`/v1/chat/completions` beside its POST: the chat completions that were stored."""

from typing import Annotated

from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from extensions.completions.asked import CompletionsAsked, MessagesAsked, NewMetadata
from extensions.completions.record import Completion
from extensions.completions.shown import DeletedCompletion, completions_of, messages_of
from extensions.completions.store import CompletionStore
from gateway.http.extensions import error_responses, provided
from gateway.http.json_body import StrictJSON, demand_body
from gateway.http.openai.lists import After, Asking, Limit, ObjectList, read_query
from gateway.http.openai.mounting import Mounted

__all__ = ["completion_routes"]

PATH = "/chat/completions"

UNKNOWN = {404: "There is no such stored chat completion."}
STORAGE = {503: "The folder cannot be used: a full disk, a missing permission."}

Ordered = Annotated[str | None, QueryParameter(description="`asc`: the oldest first; or `desc`.")]
Model = Annotated[str | None, QueryParameter(description="Those of a model, as it was asked for.")]


def completion_routes(store: CompletionStore) -> Mounted:
    """The stored chat completions. Their list has the path that chats are posted to."""
    router = Router(
        PATH,
        route_handlers=HANDLERS,
        dto=StrictJSON,
        return_dto=None,
        before_request=demand_body,
        dependencies={"store": provided(store)},
    )
    return Mounted(handlers=[router], beside={f"/v1{PATH}": ["GET"]})


@get(
    operation_id="listChatCompletions",
    summary="List the stored chat completions",
    responses=error_responses(STORAGE),
)
async def list_completions(
    request: Asking,
    store: NamedDependency[CompletionStore],
    after: After = None,
    limit: Limit = None,
    order: Ordered = None,
    model: Model = None,
) -> ObjectList:
    """By age; with `metadata[KEY]=VALUE` only those that have it."""
    asked = read_query(CompletionsAsked, request.query_params.multi_items())
    return completions_of(await store.list(asked.query))


@get(
    "/{id:str}",
    operation_id="retrieveChatCompletion",
    summary="Read a stored chat completion",
    responses=error_responses(UNKNOWN | STORAGE),
)
async def retrieve_completion(
    id: FromPath[str], store: NamedDependency[CompletionStore]
) -> Response[bytes]:
    """As it was answered, a streamed one as a whole, and with the metadata of now."""
    return shown(await store.get(id))


@post(
    "/{id:str}",
    operation_id="updateChatCompletion",
    summary="Replace the metadata of a stored chat completion",
    status_code=200,
    responses=error_responses(UNKNOWN | STORAGE),
)
async def update_completion(
    id: FromPath[str], data: JSONBody[NewMetadata], store: NamedDependency[CompletionStore]
) -> Response[bytes]:
    """Nothing else of it can be changed."""
    return shown(await store.update(id, data.metadata or {}))


@delete(
    "/{id:str}",
    operation_id="deleteChatCompletion",
    summary="Delete a stored chat completion",
    status_code=200,
    responses=error_responses(UNKNOWN | STORAGE),
)
async def delete_completion(
    id: FromPath[str], store: NamedDependency[CompletionStore]
) -> DeletedCompletion:
    """For good; what was said in it is kept nowhere else."""
    await store.delete(id)
    return DeletedCompletion(id)


@get(
    "/{id:str}/messages",
    operation_id="listChatCompletionMessages",
    summary="List the messages of a stored chat completion",
    responses=error_responses(UNKNOWN | STORAGE),
)
async def list_messages(
    request: Asking,
    id: FromPath[str],
    store: NamedDependency[CompletionStore],
    after: After = None,
    limit: Limit = None,
    order: Ordered = None,
) -> ObjectList:
    """Those of the request, in its order."""
    asked = read_query(MessagesAsked, request.query_params.multi_items())
    return messages_of(await store.messages(id), asked)


HANDLERS = (
    list_completions,
    retrieve_completion,
    update_completion,
    delete_completion,
    list_messages,
)


def shown(completion: Completion) -> Response[bytes]:
    return Response(completion.shown(), media_type="application/json")
