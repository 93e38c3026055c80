"""Images in messages, and sounds."""

import base64
import struct
import zlib
from typing import Any
from urllib.parse import quote

import pytest

from conformance_tests.checks import completion, error_of, fold
from conformance_tests.wire import Server

TEXT = {"type": "text", "text": "What is in this image?"}


def png(width: int = 64, height: int = 64) -> str:
    """A grey square, in base64."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(height)))
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunks).decode()


PNG = "data:image/png;base64," + png()
URL_SAFE = png().replace("+", "-").replace("/", "_")


def image(url: Any = PNG, **more: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, **more}}


def shown(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(parts)}]


def read(server: Server, model: str, *parts: dict[str, Any]) -> int:
    """How many tokens of these parts the model reads."""
    whole = completion(server.chat(model=model, messages=shown(*parts), max_tokens=1))
    tokens: int = whole["usage"]["prompt_tokens"]
    return tokens


def without_images(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [part for part in parts if part["type"] == "text"] or [{"type": "text", "text": "."}]


GOOD: dict[str, list[dict[str, Any]]] = {
    "text first": [TEXT, image()],
    "image first": [image(), TEXT],
    "image alone": [image()],
    "two images": [TEXT, image(), image()],
    "text around": [TEXT, image(), TEXT],
    "detail auto": [TEXT, image(detail="auto")],
    "detail low": [TEXT, image(detail="low")],
    "detail high": [TEXT, image(detail="high")],
    "detail null": [TEXT, image(detail=None)],
    "upper-case scheme": [TEXT, image(PNG.replace("data:", "DATA:"))],
    "upper-case base64": [TEXT, image(PNG.replace("base64", "BASE64"))],
    "no type": [TEXT, image(PNG.replace("image/png", ""))],
    "wrong type": [TEXT, image(PNG.replace("image/png", "image/jpeg"))],
    "lines of 76": [TEXT, image("\n".join(PNG[i : i + 76] for i in range(0, len(PNG), 76)))],
    "line break at the end": [TEXT, image(PNG + "\r\n")],
    "percent-encoded": [TEXT, image("data:image/png;base64," + quote(png(), safe=""))],
    "alphabet of URLs": [TEXT, image("data:image/png;base64," + URL_SAFE)],
    "no padding": [TEXT, image("data:image/png;base64," + URL_SAFE.rstrip("="))],
    "upper-case type": [TEXT, image(PNG.replace("image/png", "IMAGE/PNG"))],
    "type parameter": [TEXT, image(PNG.replace(";base64", ";name=a.png;base64"))],
}


@pytest.mark.parametrize("parts", GOOD.values(), ids=GOOD.keys())
def test_data_images_are_seen(
    server: Server, vision_model: str, parts: list[dict[str, Any]]
) -> None:
    """OpenAI's vision guide: images as data URLs (RFC 2397), mixed with text in any order."""
    whole = completion(server.chat(model=vision_model, messages=shown(*parts)))
    assert whole["choices"][0]["message"]["content"]
    assert whole["usage"]["prompt_tokens"] > read(server, vision_model, *without_images(parts))


def test_images_go_with_streams(server: Server, vision_model: str) -> None:
    """OpenAI's vision guide: the same content parts, streamed or not."""
    counted = {"stream_options": {"include_usage": True}}
    answer = server.stream(model=vision_model, messages=shown(TEXT, image()), **counted)
    message = fold(answer)
    assert message.content
    assert message.usage
    assert message.usage["prompt_tokens"] > read(server, vision_model, TEXT)


def test_images_stay_in_the_history(server: Server, vision_model: str) -> None:
    """OpenAI's vision guide: the model has no memory, so images are sent again with each turn."""
    messages = [
        *shown(TEXT, image()),
        {"role": "assistant", "content": "A square."},
        {"role": "user", "content": "Which colour?"},
    ]
    whole = completion(server.chat(model=vision_model, messages=messages))
    assert whole["choices"][0]["message"]["content"]
    assert whole["usage"]["prompt_tokens"] > read(server, vision_model, TEXT, TEXT) + 20


BAD: dict[str, dict[str, Any]] = {
    "wrong base64": image("data:image/png;base64,@@@@"),
    "cut base64": image(PNG[:-3]),
    "no image": image("data:image/png;base64," + base64.b64encode(b"hello, world").decode()),
    "text called an image": image("data:image/png;base64,aGVsbG8sIHdvcmxk"),
    "HTML called an image": image("data:image/png;base64,PGh0bWw+PC9odG1sPg=="),
    "another character": image(PNG[:60] + "*" + PNG[61:]),
    "blanks for plus": image(PNG[:60] + " " + PNG[61:]),
    "padding inside": image(PNG[:30] + "==" + PNG[32:]),
    "no base64": image("data:image/png,hello"),
    "empty data": image("data:image/png;base64,"),
    "no comma": image("data:image/png;base64"),
    "empty": image(""),
    "file": image("file:///etc/passwd"),
    "other scheme": image("gopher://127.0.0.1/1"),
    "a number": image(5),
    "null": image(None),
    "no url": {"type": "image_url", "image_url": {}},
    "no image_url": {"type": "image_url"},
    "image_url a list": {"type": "image_url", "image_url": [PNG]},
}


@pytest.mark.parametrize("part", BAD.values(), ids=BAD.keys())
def test_what_is_no_image_is_refused(
    server: Server, vision_model: str, part: dict[str, Any]
) -> None:
    """OpenAI API reference, image_url: a URL or base64 data of an image; `param` says which."""
    answer = server.chat(model=vision_model, messages=shown(TEXT, part))
    assert answer.status == 400
    assert (error_of(answer)["param"] or "").startswith("messages[0].content[1]")


def test_images_behind_urls(server: Server, vision_model: str) -> None:
    """OpenAI fetches them; who does not says so with 400, and which. This one is not public, and
    whoever fetched it could be led anywhere (CVE-2026-45401, GHSA-3f6c-7fw2-ppm4 of vLLM).
    """
    part = image("http://127.0.0.1:9/a.png")
    answer = server.chat(model=vision_model, messages=shown(TEXT, part))
    assert answer.status == 400
    assert error_of(answer)["param"] == "messages[0].content[1].image_url.url"


SOUND = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="
"""A WAV without a sample."""

SOUNDS: dict[str, tuple[Any, str]] = {
    "right": ({"data": SOUND, "format": "wav"}, "messages"),
    "no sound": ({"data": "aGVsbG8=", "format": "wav"}, ".data"),
    "wrong base64": ({"data": "@@@@", "format": "wav"}, ".data"),
    "other format": ({"data": SOUND, "format": "midi"}, ".format"),
    "no format": ({"data": SOUND}, ".format"),
    "no data": ({"format": "wav"}, ".data"),
    "null": (None, ""),
}


@pytest.mark.parametrize("case", SOUNDS)
def test_sounds_are_heard_or_refused(server: Server, vision_model: str, case: str) -> None:
    """OpenAI API reference, input_audio: base64 of a wav or an mp3, for models that listen."""
    sound, where = SOUNDS[case]
    part = {"type": "input_audio", "input_audio": sound}
    answer = server.chat(model=vision_model, messages=shown(TEXT, part))
    if case == "right" and answer.status == 200:  # the judged model may listen
        heard = completion(answer)["usage"]["prompt_tokens"]
        assert heard > read(server, vision_model, TEXT)
    else:
        assert answer.status == 400
        param = error_of(answer)["param"] or ""
        assert param.startswith("messages")
        assert where in param


def test_a_model_without_eyes_refuses(server: Server) -> None:
    """OpenAI answers 400 for images to a text model; some servers give 500, or drop the image."""
    answer = server.chat(messages=shown(TEXT, image()))
    if answer.status == 200:  # the judged model may see, and counts what it saw
        seen = completion(answer)["usage"]["prompt_tokens"]
        assert seen > read(server, server.model, TEXT) + 10
    else:
        assert answer.status == 400
        assert (error_of(answer)["param"] or "").startswith(("messages", "model"))
