"""`/v1/conversations`."""

from typing import Annotated, Any

from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter

from extensions.conversations.asked import (
    ConversationPatch,
    NewConversation,
    NewItems,
    read_included,
    read_items,
)
from extensions.conversations.service import Conversations
from extensions.conversations.shown import (
    Conversation,
    DeletedConversation,
    conversation_of,
    items_of,
    page_of,
    shown,
)
from gateway.core.notes import Notes
from gateway.http.extensions import error_responses
from gateway.http.json_body import NotedJSON, demand_body, notes_on
from gateway.http.notes import noted
from gateway.http.openai.hot import Rules
from gateway.http.openai.lists import After, Asking, Limit, ObjectList, PageAsked, read_query
from gateway.http.openai.mounting import Mounted

__all__ = ["conversation_routes"]

UNKNOWN = {404: "There is no such conversation."}
UNKNOWN_ITEM = {404: "There is no such conversation or item."}
READ_ONLY = {409: "The session's file is of a later version, which must not be written."}
STORAGE = {503: "The folder cannot be used: a full disk, a missing permission."}

EMPTY = NewConversation()

Ordered = Annotated[str | None, QueryParameter(description="`desc`: the newest first; or `asc`.")]


def conversation_routes(conversations: Conversations, rules: Rules) -> Mounted:
    """The conversations, which are the sessions; items can hold images."""
    router = Router(
        "/conversations",
        route_handlers=HANDLERS,
        dto=NotedJSON,
        return_dto=None,
        before_request=demand_body,
        request_max_body_size=rules.max_body,
        dependencies={
            "conversations": Provide(lambda: conversations, sync_to_thread=False),
            "rules": Provide(lambda: rules, sync_to_thread=False),
        },
    )
    return Mounted(handlers=[router])


@post(
    operation_id="createConversation",
    summary="Begin a conversation",
    status_code=200,
    responses=error_responses(STORAGE),
)
async def create_conversation(
    request: Asking,
    conversations: NamedDependency[Conversations],
    rules: NamedDependency[Rules],
    data: JSONBody[NewConversation] = EMPTY,
) -> Response[Conversation]:
    """It is a session of the same id, without the `conv_`, and has no model before somebody has
    answered in it. An empty one needs no body."""
    notes = notes_on(request, rules)
    items = read_items(data.items or (), notes)
    session = await conversations.create(items, data.metadata or {})
    return Response(conversation_of(session), headers=noted(notes))


@get(
    "/{id:str}",
    operation_id="retrieveConversation",
    summary="Read a conversation",
    responses=error_responses(UNKNOWN | STORAGE),
)
async def retrieve_conversation(
    id: FromPath[str], conversations: NamedDependency[Conversations]
) -> Conversation:
    """When it began, and its metadata."""
    return conversation_of(await conversations.get(id))


@post(
    "/{id:str}",
    operation_id="updateConversation",
    summary="Replace the metadata of a conversation",
    status_code=200,
    responses=error_responses(UNKNOWN | READ_ONLY | STORAGE),
)
async def update_conversation(
    request: Asking,
    id: FromPath[str],
    data: JSONBody[ConversationPatch],
    conversations: NamedDependency[Conversations],
    rules: NamedDependency[Rules],
) -> Response[Conversation]:
    """The pairs that are sent take the place of all that there were."""
    notes = notes_on(request, rules)
    session = await conversations.update(id, data.metadata or {})
    return Response(conversation_of(session), headers=noted(notes))


@delete(
    "/{id:str}",
    operation_id="deleteConversation",
    summary="Delete a conversation",
    status_code=200,
    responses=error_responses(UNKNOWN | STORAGE),
)
async def delete_conversation(
    id: FromPath[str], conversations: NamedDependency[Conversations]
) -> DeletedConversation:
    """For good, and with it the session. Answers under way in it end; responses that are stored
    stay."""
    await conversations.delete(id)
    return DeletedConversation(id=id)


@post(
    "/{id:str}/items",
    operation_id="createConversationItems",
    summary="Add items to a conversation",
    status_code=200,
    responses=error_responses(UNKNOWN | READ_ONLY | STORAGE),
)
async def add_items(
    request: Asking,
    id: FromPath[str],
    data: JSONBody[NewItems],
    conversations: NamedDependency[Conversations],
    rules: NamedDependency[Rules],
) -> Response[ObjectList]:
    """At the end of it; but the result of a call stands behind the call. `include` shows what is
    not shown otherwise."""
    notes = notes_on(request, rules)
    included = read_included(request.query_params.multi_items(), notes)
    added = await conversations.add(id, read_items(data.items, notes))
    return Response(items_of(added, included), headers=noted(notes))


@get(
    "/{id:str}/items",
    operation_id="listConversationItems",
    summary="List the items of a conversation",
    responses=error_responses(UNKNOWN | STORAGE),
)
async def list_items(
    request: Asking,
    id: FromPath[str],
    conversations: NamedDependency[Conversations],
    rules: NamedDependency[Rules],
    after: After = None,
    limit: Limit = None,
    order: Ordered = None,
) -> Response[ObjectList]:
    """All that was said in it, by whichever door. `include` shows what is not shown otherwise."""
    notes = Notes(strict=rules.strict, counts=rules.counts)
    pairs = [*request.query_params.multi_items()]
    asked, included = read_query(PageAsked, pairs), read_included(pairs, notes)
    page = page_of(await conversations.items(id), asked, included)
    return Response(page, headers=noted(notes))


@get(
    "/{id:str}/items/{item_id:str}",
    operation_id="retrieveConversationItem",
    summary="Read an item of a conversation",
    responses=error_responses(UNKNOWN_ITEM | STORAGE),
)
async def retrieve_item(
    request: Asking,
    id: FromPath[str],
    item_id: FromPath[str],
    conversations: NamedDependency[Conversations],
    rules: NamedDependency[Rules],
) -> Response[dict[str, Any]]:
    """As it is now; what was said after it stays where it is."""
    notes = Notes(strict=rules.strict, counts=rules.counts)
    included = read_included(request.query_params.multi_items(), notes)
    return Response(shown(await conversations.item(id, item_id), included), headers=noted(notes))


@delete(
    "/{id:str}/items/{item_id:str}",
    operation_id="deleteConversationItem",
    summary="Remove an item from a conversation",
    status_code=200,
    responses=error_responses(UNKNOWN_ITEM | READ_ONLY | STORAGE),
)
async def remove_item(
    id: FromPath[str], item_id: FromPath[str], conversations: NamedDependency[Conversations]
) -> Conversation:
    """For good; with a call goes its result."""
    return conversation_of(await conversations.remove(id, item_id))


HANDLERS = (
    create_conversation,
    retrieve_conversation,
    update_conversation,
    delete_conversation,
    add_items,
    list_items,
    retrieve_item,
    remove_item,
)
