"""`/api/v1/tools`."""

from contextlib import aclosing
from typing import Any

import msgspec
from litestar import get, post
from litestar.config.app import AppConfig
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.plugins import InitPlugin
from msgspec import Struct

from extensions.tools.catalogue import Catalogue, FoundTool, Rejected
from extensions.tools.service import FolderTools
from gateway.http.extensions import error_responses, extension_router

__all__ = ["ToolsExtension"]

UNKNOWN = {404: "There is no such tool."}
UNAVAILABLE = {500: "The process that has the tools cannot be started."}


class ToolItem(Struct, frozen=True, kw_only=True):
    """A tool; `parameters` has the JSON schema of each argument."""

    name: str
    description: str
    parameters: dict[str, dict[str, Any]]
    required: tuple[str, ...]


class ToolDetail(ToolItem, frozen=True, kw_only=True):
    """A tool, and the schema of all its arguments as models are shown it."""

    schema: dict[str, Any]


class ToolList(Struct, frozen=True):
    """Tools by name, groups of names, and what was found and is not offered, with the reason."""

    tools: dict[str, ToolItem]
    groups: dict[str, tuple[str, ...]]
    rejected: tuple[Rejected, ...]


class Reloaded(Struct, frozen=True, kw_only=True):
    success: bool = True
    tools_count: int
    message: str


class ToolsExtension(InitPlugin):
    """The tools of a folder, whose process ends with the gateway."""

    def __init__(self, folder: FolderTools) -> None:
        self._folder = folder

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        router = extension_router("/tools", HANDLERS, tag="Tools", folder=self._folder)
        app_config.route_handlers.append(router)
        app_config.lifespan.append(aclosing(self._folder))
        return app_config


@get(operation_id="listTools", summary="List the tools", responses=error_responses(UNAVAILABLE))
async def list_tools(folder: NamedDependency[FolderTools]) -> ToolList:
    """As they were when the folder was last looked through."""
    catalogue = await folder.catalogue()
    return ToolList(
        {name: item(tool) for name, tool in catalogue.tools.items()},
        catalogue.groups,
        catalogue.rejected,
    )


@get(
    "/{name:str}",
    operation_id="describeTool",
    summary="Describe a tool",
    responses=error_responses(UNKNOWN | UNAVAILABLE),
)
async def describe_tool(name: FromPath[str], folder: NamedDependency[FolderTools]) -> ToolDetail:
    """With the schema that models are shown."""
    tool = await folder.tool(name)
    return ToolDetail(**msgspec.structs.asdict(item(tool)), schema=msgspec.json.decode(tool.schema))


@post(
    "/reload",
    operation_id="reloadTools",
    summary="Look through the folder again",
    status_code=200,
    responses=error_responses(UNAVAILABLE),
)
async def reload_tools(folder: NamedDependency[FolderTools]) -> Reloaded:
    """Every module is imported anew. Calls that run meanwhile are not disturbed."""
    return reloaded(await folder.reload())


def item(tool: FoundTool) -> ToolItem:
    return ToolItem(
        name=tool.name,
        description=tool.description,
        parameters=tool.parameters,
        required=tool.required,
    )


def reloaded(catalogue: Catalogue) -> Reloaded:
    tools, rejected = len(catalogue.tools), len(catalogue.rejected)
    found = f"{tools} tool{'' if tools == 1 else 's'}"
    left_out = f", {rejected} left out" if rejected else ""
    return Reloaded(tools_count=tools, message=f"Found {found}{left_out}.")


HANDLERS = (list_tools, describe_tool, reload_tools)
