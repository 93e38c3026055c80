"""Base64 in requests."""

import time
from base64 import b64encode, urlsafe_b64encode

import pytest

from gateway.core.errors import InvalidRequest
from gateway.core.media import MAX_MEDIA_BYTES
from gateway.dialects.openai.inline import data_of_uri, decoded

DATA = bytes(range(256)) + b"\xfb\xff\xfe?"
BASE64 = b64encode(DATA).decode()
"""Has both characters in which the alphabets differ, and padding."""


def test_right_base64_is_passed_on_as_it_is() -> None:
    given, data = decoded(BASE64, "at")
    assert given is BASE64
    assert data == DATA


MENDED = {
    "lines of 76": "\n".join(BASE64[i : i + 76] for i in range(0, len(BASE64), 76)),
    "CRLF": "\r\n".join(BASE64[i : i + 64] for i in range(0, len(BASE64), 64)),
    "a line break at the end": BASE64 + "\n",
    "blanks around": f"  {BASE64} ",
    "percent-encoded": BASE64.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
    "in lower case": BASE64.replace("+", "%2b").replace("/", "%2f").replace("=", "%3d"),
    "percent-encoded lines": BASE64[:76] + "%0D%0A" + BASE64[76:] + "%0a",
    "alphabet of URLs": urlsafe_b64encode(DATA).decode(),
    "no padding": BASE64.rstrip("="),
    "neither": urlsafe_b64encode(DATA).decode().rstrip("="),
    "too much padding": BASE64 + "==",
}


@pytest.mark.parametrize("given", MENDED.values(), ids=MENDED.keys())
def test_what_can_be_read_in_one_way_only_is_mended(given: str) -> None:
    assert len(DATA) % 3
    assert decoded(given, "at") == (BASE64, DATA)


WRONG = {
    "other characters": "@@@@",
    "no ASCII": BASE64[:-4] + "äääa",
    "one digit too many": "AAAAA",
    "padding inside": "AA==" + BASE64,
    "a lost plus": BASE64.replace("+", " "),
    "unknown escape": "AAA%41",
    "broken escape": "%%%",
    "surrogate": "\ud800AAA",
    "null": "AA\0A",
}


@pytest.mark.parametrize("given", WRONG.values(), ids=WRONG.keys())
def test_what_is_no_base64_is_refused(given: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        decoded(given, "at")
    assert (caught.value.param, caught.value.reason) == ("at", "invalid_value")


def test_a_lost_plus_is_named() -> None:
    with pytest.raises(InvalidRequest, match=r"was a '\+' lost on its way\?"):
        decoded(BASE64.replace("+", " "), "at")


def test_there_is_a_largest_size() -> None:
    largest = b64encode(bytes(MAX_MEDIA_BYTES)).decode()
    assert len(decoded(largest, "at")[1]) == MAX_MEDIA_BYTES
    with pytest.raises(InvalidRequest, match="larger than 10485760 bytes"):
        decoded(b64encode(bytes(MAX_MEDIA_BYTES + 1)).decode(), "at")


@pytest.mark.parametrize("piece", ["%41", "%2B", "%", "-", "\n", " ", "=", "A\n"])
def test_mending_takes_linear_time(piece: str) -> None:
    start = time.perf_counter()
    with pytest.raises(InvalidRequest):
        decoded(piece * (8_000_000 // len(piece)) + "@", "at")
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    "uri",
    [
        "data:image/png;base64,AAAA",
        "DATA:image/PNG;BASE64,AAAA",
        "data:;base64,AAAA",
        "data:image/x;name=a.b;base64,AAAA",
        "data:; Base64 ,AAAA",
    ],
)
def test_data_of_a_uri(uri: str) -> None:
    assert data_of_uri(uri, "at") == "AAAA"


@pytest.mark.parametrize(
    "uri",
    [
        "data:",
        "data:,AAAA",
        "data:image/png,AAAA",
        "data:;base64",
        "data:base64,AAAA",
        "data:;base64;x,A",
    ],
)
def test_a_uri_without_base64(uri: str) -> None:
    with pytest.raises(InvalidRequest, match="holds no base64") as caught:
        data_of_uri(uri, "at")
    assert (caught.value.param, caught.value.reason) == ("at", "invalid_value")
