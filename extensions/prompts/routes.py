"""`/api/v1/system-prompts`."""

from litestar import delete, get, post, put
from litestar.config.app import AppConfig
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.plugins import InitPlugin
from msgspec import Struct

from extensions.prompts.store import PromptFiles, PromptItem
from gateway.http.extensions import error_responses, extension_router

__all__ = ["PromptsExtension"]

UNKNOWN = {404: "There is no such prompt file."}
STORAGE = {503: "The folder cannot be used: a full disk, a missing permission."}


class Prompt(Struct, frozen=True):
    """A prompt file. Its content is not blank and has fewer than 10 000 characters."""

    filename: str
    content: str


class PromptContent(Struct, frozen=True):
    content: str


class PromptList(Struct, frozen=True):
    """By name."""

    prompts: list[PromptItem]


class PromptsExtension(InitPlugin):
    """The prompt files."""

    def __init__(self, prompts: PromptFiles) -> None:
        self._prompts = prompts

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        router = extension_router(
            "/system-prompts", HANDLERS, tag="System prompts", prompts=self._prompts
        )
        app_config.route_handlers.append(router)
        return app_config


@get(
    operation_id="listPrompts", summary="List the prompt files", responses=error_responses(STORAGE)
)
async def list_prompts(prompts: NamedDependency[PromptFiles]) -> PromptList:
    """Files that cannot be read are left out."""
    return PromptList(await prompts.items())


@post(
    operation_id="createPrompt",
    summary="Write a new prompt file",
    status_code=201,
    responses=error_responses({409: "There is a file of this name."} | STORAGE),
)
async def create_prompt(data: JSONBody[Prompt], prompts: NamedDependency[PromptFiles]) -> Prompt:
    """Names end in `.md` and are no paths."""
    await prompts.create(data.filename, data.content)
    return data


@get(
    "/{filename:path}",
    operation_id="readPrompt",
    summary="Read a prompt file",
    responses=error_responses(UNKNOWN | STORAGE),
)
async def read_prompt(filename: FromPath[str], prompts: NamedDependency[PromptFiles]) -> Prompt:
    """Also one that is longer than the gateway would write it."""
    name = filename.removeprefix("/")
    return Prompt(name, await prompts.read(name))


@put(
    "/{filename:path}",
    operation_id="replacePrompt",
    summary="Replace the content of a prompt file",
    responses=error_responses(UNKNOWN | STORAGE),
)
async def replace_prompt(
    filename: FromPath[str], data: JSONBody[PromptContent], prompts: NamedDependency[PromptFiles]
) -> Prompt:
    """The file must be there. Sessions that began with it keep what they read."""
    name = filename.removeprefix("/")
    await prompts.replace(name, data.content)
    return Prompt(name, data.content)


@delete(
    "/{filename:path}",
    operation_id="deletePrompt",
    summary="Delete a prompt file",
    status_code=204,
    responses=error_responses(UNKNOWN | STORAGE),
)
async def delete_prompt(filename: FromPath[str], prompts: NamedDependency[PromptFiles]) -> None:
    """Sessions that began with it keep what they read."""
    await prompts.delete(filename.removeprefix("/"))


HANDLERS = (list_prompts, create_prompt, read_prompt, replace_prompt, delete_prompt)
