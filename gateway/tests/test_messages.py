"""What messages hold."""

import pytest

from gateway.core.messages import (
    AssistantMessage,
    AudioPart,
    ContentPart,
    ImagePart,
    Message,
    RemoteImagePart,
    SystemMessage,
    TextPart,
    ToolMessage,
    UserMessage,
    has_images,
    has_sounds,
    text,
    text_of,
)

IMAGE = ImagePart("AAAA", "image/png")
REMOTE = RemoteImagePart("http://x/y.png", "at")
SOUND = AudioPart("AAAA", "wav")


@pytest.mark.parametrize(
    ("part", "seen", "heard"),
    [
        (TextPart("a"), False, False),
        (IMAGE, True, False),
        (REMOTE, True, False),
        (SOUND, False, True),
    ],
)
@pytest.mark.parametrize("kind", [UserMessage, SystemMessage, AssistantMessage])
def test_images_and_sounds_are_found_in_any_message(
    kind: type[UserMessage | SystemMessage | AssistantMessage],
    part: ContentPart,
    seen: bool,
    heard: bool,
) -> None:
    messages: tuple[Message, ...] = (UserMessage(text("a")), kind((TextPart("b"), part)))
    assert (has_images(messages), has_sounds(messages)) == (seen, heard)


def test_images_of_tools_are_found() -> None:
    assert has_images([ToolMessage((IMAGE,), "call_1", "look")])


def test_where_nothing_is_said_nothing_is_found() -> None:
    assert not has_images([UserMessage(())])
    assert not has_sounds([])


def test_images_and_sounds_have_no_text() -> None:
    assert text_of((TextPart("a"), IMAGE, REMOTE, SOUND, TextPart("b"))) == "a\nb"
