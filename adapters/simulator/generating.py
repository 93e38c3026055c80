"""`/api/chat` and `/api/generate`: the checks in Ollama's order, then the model's answer."""

from collections.abc import Iterator, Sequence

from adapters.simulator.delivery import Delivery
from adapters.simulator.encoding import quote
from adapters.simulator.engine import Generation, answer_chat, answer_generate
from adapters.simulator.gojson import raw_member
from adapters.simulator.http import Exchange
from adapters.simulator.mistakes import Line
from adapters.simulator.models import Model
from adapters.simulator.names import parse, placed
from adapters.simulator.options import Options, read_options
from adapters.simulator.prompts import (
    conversation,
    fitted,
    rendered_messages,
    rendered_prompt,
    squeezed,
)
from adapters.simulator.refusals import EngineRefused, Refused, engine_error, exceeds_context
from adapters.simulator.replies import ChatReply, GenerateReply, Timing
from adapters.simulator.requests import (
    ChatRequest,
    GenerateRequest,
    Message,
    read_chat,
    read_generate,
)
from adapters.simulator.scheduler import Runner
from adapters.simulator.state import State, counted
from adapters.simulator.times import now
from adapters.simulator.tokens import count

__all__ = ["chat", "generate"]


async def chat(state: State, exchange: Exchange) -> None:
    asked = now()
    request = read_chat(exchange.request.body)
    model = _chat_model(state, request)
    reply = ChatReply(request.model)
    if not request.messages and request.keep_alive == 0:
        state.scheduler.unload(model)
        exchange.json(reply.ended("unload"))
        return
    _check_chat(model, request)
    options = read_options(model.parameters, request.options, request.shift)
    model.fault.check(engine=False)
    with counted(state, exchange):
        async with state.scheduler.use(model, options.load, request.keep_alive) as runner:
            timing = Timing(asked, now())
            if not request.messages:
                exchange.json(reply.ended("load"))
                return
            if request.debug_render_only:
                messages = conversation(model, request.messages)
                exchange.json(reply.rendered(rendered_messages(messages)))
                return

            def objects() -> Iterator[Line]:
                made = _chat_answer(model, request, exchange.request.body, options, runner)
                return reply.objects(made, timing)

            await Delivery(state, exchange, model, stream=request.stream).send(objects)


def _chat_model(state: State, request: ChatRequest) -> Model:
    if not request.model:
        raise Refused(400, "model is required")
    if parse(request.model) is None:
        raise Refused(400, "invalid model name")
    return _existing(state, request.model)


def _existing(state: State, name: str) -> Model:
    model = state.catalogue.find(placed(name))
    if model is None:
        raise Refused(404, f"model '{name}' not found")
    return model


def _check_chat(model: Model, request: ChatRequest) -> None:
    _check_thinking(model, request)
    if not model.can("completion"):
        raise Refused(400, f"{quote(request.model)} does not support chat")
    if request.tools and not model.can("tools"):
        raise Refused(400, f"{model.name.full} does not support tools")


def _check_thinking(model: Model, request: ChatRequest | GenerateRequest) -> None:
    if request.think and not model.can("thinking"):
        raise Refused(400, f"{quote(request.model)} does not support thinking")


def _chat_answer(
    model: Model, request: ChatRequest, body: bytes, options: Options, runner: Runner
) -> Generation:
    _check_format(request.format, body)
    _check_numbers(options, "chat" if model.path == "native" else "completion")
    messages, tokens = fitted(
        model,
        conversation(model, request.messages),
        request.tools,
        runner.window,
        truncate=request.truncate,
        shift=options.load.shift,
        keep=options.num_keep,
    )
    _check_images(model, messages)
    return answer_chat(model, request, messages, options, tokens, runner.window)


def _check_format(format: object, body: bytes) -> None:
    if format not in (None, "", "json") and not isinstance(format, dict):
        raw = quote(raw_member(body, "format"))
        raise EngineRefused(
            500, f'invalid format: {raw}; expected "json" or a valid JSON Schema object'
        )


def _check_numbers(options: Options, what: str) -> None:
    """Go cannot write an infinite number into the JSON that the engine is asked with."""
    if options.beyond:
        raise EngineRefused(
            500, f"failed to marshal {what} request: json: unsupported value: {options.beyond}"
        )


def _check_images(model: Model, messages: Sequence[Message]) -> None:
    if any(message.images for message in messages) and not model.can("vision"):
        raise engine_error(
            500,
            "image input is not supported - hint: if this is unexpected, you may need to provide "
            "the mmproj",
            "server_error",
        )


async def generate(state: State, exchange: Exchange) -> None:
    asked = now()
    request = read_generate(exchange.request.body)
    model = _generate_model(state, request)
    reply = GenerateReply(request.model, raw=request.raw)
    if not request.prompt and request.keep_alive == 0:
        state.scheduler.unload(model)
        exchange.json(reply.ended("unload"))
        return
    _check_generate(model, request)
    options = read_options(model.parameters, request.options, request.shift)
    model.fault.check(engine=False)
    with counted(state, exchange):
        async with state.scheduler.use(model, options.load, request.keep_alive) as runner:
            timing = Timing(asked, now())
            if not request.prompt:
                exchange.json(reply.ended("load"))
                return
            prompt = rendered_prompt(model, request)
            if request.debug_render_only:
                exchange.json(reply.rendered(prompt))
                return

            def objects() -> Iterator[Line]:
                body = exchange.request.body
                made = _generate_answer(model, request, body, prompt, options, runner)
                return reply.objects(made, timing)

            await Delivery(state, exchange, model, stream=request.stream).send(objects)


def _generate_model(state: State, request: GenerateRequest) -> Model:
    if parse(request.model) is None:
        raise Refused(404, f"model '{request.model}' not found")
    return _existing(state, request.model)


def _check_generate(model: Model, request: GenerateRequest) -> None:
    if request.width or request.height or request.steps:
        raise Refused(400, "image generation models are not currently supported")
    if request.raw and (request.template or request.system or request.context):
        raise Refused(400, "raw mode does not support template, system, or context")
    _check_thinking(model, request)
    if not model.can("completion"):
        raise Refused(400, f"{quote(request.model)} does not support generate")
    if request.suffix and not model.can("insert"):
        raise Refused(400, f"{model.name.full} does not support insert")


def _generate_answer(
    model: Model,
    request: GenerateRequest,
    body: bytes,
    prompt: str,
    options: Options,
    runner: Runner,
) -> Generation:
    _check_format(request.format, body)
    native = model.path == "native" and not request.raw
    _check_numbers(options, "chat template" if native else "completion")
    tokens = count(prompt) + len(request.context)
    if tokens >= runner.window:
        if not request.truncate:
            raise exceeds_context(tokens, runner.window)
        tokens = squeezed(runner.window, options.num_keep, shift=options.load.shift)
    _check_images(model, [Message(images=request.images)])
    return answer_generate(model, request, prompt, options, tokens, runner.window)
