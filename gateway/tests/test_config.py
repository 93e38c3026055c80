"""Settings by value, and every mistake by its line."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.config import BadSetting, Config, load, ollama_url, unknown_variables


def refusal(flags: dict[str, Any], environ: dict[str, str], cwd: Path) -> str:
    with pytest.raises(BadSetting) as caught:
        load(flags, environ, cwd)
    return str(caught.value)


def test_nothing_given_means_the_defaults(tmp_path: Path) -> None:
    assert load({}, {}, tmp_path) == Config()


def test_flags_win_over_environment_over_file(tmp_path: Path) -> None:
    (tmp_path / "mochi.toml").write_text("port = 1\nmax_streams = 2\nlog_level = 'error'\n")
    environ = {"MOCHI_PORT": "3", "mochi_max_streams": "4"}
    config = load({"port": "5", "host": None}, environ, tmp_path)
    assert config == Config(port=5, max_streams=4, log_level="ERROR")


def test_a_file_that_is_named_is_read_instead_of_the_usual_one(tmp_path: Path) -> None:
    (tmp_path / "mochi.toml").write_text("port = 1\n")
    (tmp_path / "other.toml").write_text("port = 2\n")
    assert load({}, {}, tmp_path, "other.toml").port == 2


def test_values_of_every_kind_come_from_text(tmp_path: Path) -> None:
    environ = {
        "MOCHI_HOST": "[::1]",
        "MOCHI_OLLAMA_HOST": "gpu-box",
        "MOCHI_DATA_DIR": "data",
        "MOCHI_API_KEY": " sk-mochi ",
        "MOCHI_UPSTREAM_CONNECT_TIMEOUT_SECONDS": "2.5",
        "MOCHI_LOG_LEVEL": "debug",
        "MOCHI_LOG_JSON": "true",
        "MOCHI_DRAIN_SECONDS": "0",
    }
    assert load({}, environ, tmp_path) == Config(
        host="::1",
        ollama_host="http://gpu-box:11434",
        data_dir=tmp_path / "data",
        api_key="sk-mochi",
        upstream_connect_timeout_seconds=2.5,
        log_level="DEBUG",
        log_json=True,
        drain_seconds=0,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mochi.local, box", ("mochi.local", "box")),
        ('["mochi.local", "box"]', ("mochi.local", "box")),
        ("[::1]", ("[::1]",)),
        ("[]", ()),
    ],
)
def test_lists_are_json_or_commas(text: str, expected: tuple[str, ...], tmp_path: Path) -> None:
    assert load({}, {"MOCHI_ALLOWED_HOSTS": text}, tmp_path).allowed_hosts == expected


def test_lists_in_a_file_are_lists_or_text(tmp_path: Path) -> None:
    lines = 'allowed_hosts = ["A"]\ncors_origins = "loopback, https://chat.example"\n'
    (tmp_path / "mochi.toml").write_text(lines)
    config = load({}, {}, tmp_path)
    assert config.allowed_hosts == ("a",)
    assert config.cors_origins == ("loopback", "https://chat.example")


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    assert load({}, {"MOCHI_PORT": "", "MOCHI_API_KEY": " "}, tmp_path) == Config()


def test_ollamas_own_variable_is_not_read(tmp_path: Path) -> None:
    assert load({}, {"OLLAMA_HOST": "0.0.0.0", "PORT": "1"}, tmp_path) == Config()


@pytest.mark.parametrize(
    ("flags", "environ", "line"),
    [
        (
            {"port": "99999"},
            {},
            "--port: '99999' is not a number from 0 to 65535, 0 for any free port.",
        ),
        (
            {"ollama_host": "ftp://box"},
            {},
            "--ollama-host: 'ftp://box' is not an address such as http://localhost:11434.",
        ),
        ({"host": "http://x"}, {}, "--host: 'http://x' is not a host name or an IP address"),
        ({}, {"mochi_port": "x"}, "mochi_port: 'x' is not a number from 0 to 65535"),
        ({}, {"MOCHI_METRICS": "maybe"}, "MOCHI_METRICS: 'maybe' is not true or false."),
        ({}, {"MOCHI_LOG_LEVEL": "loud"}, "MOCHI_LOG_LEVEL: 'loud' is not DEBUG, INFO, WARNING"),
        ({}, {"MOCHI_DRAIN_SECONDS": "inf"}, "MOCHI_DRAIN_SECONDS: 'inf' is not seconds, from 0"),
        ({}, {"MOCHI_MAX_STREAMS": "0"}, "MOCHI_MAX_STREAMS: '0' is not a number from 1 to"),
        ({}, {"MOCHI_ALLOWED_HOSTS": "*"}, "MOCHI_ALLOWED_HOSTS: '*' is not host names as"),
        ({}, {"MOCHI_CORS_ORIGINS": "null"}, "MOCHI_CORS_ORIGINS: 'null' is not 'loopback', '*'"),
        ({}, {"MOCHI_CORS_ORIGINS": "http://a/b"}, "MOCHI_CORS_ORIGINS: 'http://a/b' is not"),
        ({}, {"MOCHI_CORS_ORIGINS": "[1]"}, "MOCHI_CORS_ORIGINS: '[1]' is not 'loopback'"),
    ],
)
def test_a_bad_value_is_one_line(
    flags: dict[str, Any], environ: dict[str, str], line: str, tmp_path: Path
) -> None:
    said = refusal(flags, environ, tmp_path)
    assert said.startswith(line)
    assert "\n" not in said


def test_a_bad_key_is_not_repeated(tmp_path: Path) -> None:
    said = refusal({}, {"MOCHI_API_KEY": "sk secret"}, tmp_path)
    assert said == (
        "MOCHI_API_KEY: the value is not 1 to 512 printable ASCII characters without blanks."
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("ollama-host = 'x'", "mochi.toml has an unknown setting 'ollama-host'; did you mean"),
        ("PORT = 1", "mochi.toml has an unknown setting 'PORT'; did you mean 'port'?"),
        ("zzz = 1", "mochi.toml has an unknown setting 'zzz'; known are host, port, ollama_host"),
        ("port = true", "port in mochi.toml: True is not a number from 0 to 65535"),
        ("data_dir = 5", "data_dir in mochi.toml: 5 is not the path of a folder."),
        ("responses_days = -1", "responses_days in mochi.toml: -1 is not days, from 0 to 36500."),
        ("port 1", "mochi.toml is not valid TOML: "),
    ],
)
def test_a_bad_file_is_one_line(text: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "mochi.toml").write_text(text)
    assert refusal({}, {}, tmp_path).startswith(line)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"absent.toml cannot be read: No such file"):
        load({}, {}, tmp_path, "absent.toml")


def test_variables_of_other_versions_are_named_and_break_nothing(tmp_path: Path) -> None:
    environ = {
        "MOCHI_SUMMARIZATION_INTERVAL_SECONDS": "x",
        "mochi_typo": "y",
        "MOCHI_PORT": "1",
        "HOME": "z",
    }
    assert load({}, environ, tmp_path) == Config(port=1)
    assert unknown_variables(environ) == ["MOCHI_SUMMARIZATION_INTERVAL_SECONDS", "mochi_typo"]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("box", "http://box:11434"),
        ("box:1234", "http://box:1234"),
        (":1234", "http://127.0.0.1:1234"),
        ("http://box", "http://box:80"),
        ("https://box", "https://box:443"),
        ("HTTPS://box:8443/ollama/", "https://box:8443/ollama"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("http://0.0.0.0:5000", "http://127.0.0.1:5000"),
        ("::1", "http://[::1]:11434"),
        ("[::]:9", "http://[::1]:9"),
        ("  'box'  ", "http://box:11434"),
        ("https://me:a%40b@box/x", "https://me:a%40b@box:443/x"),
    ],
)
def test_an_ollama_host_is_read_as_ollama_reads_it(text: str, url: str) -> None:
    assert ollama_url(text) == url


@pytest.mark.parametrize(
    "text",
    ["ftp://box", "box:x", "box:0", "box:70000", "[::1", "a:b:c", "a b", "[x]"],
)
def test_an_ollama_host_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011, the caller says what is allowed
        ollama_url(text)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("LocalHost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.2", False),
        ("my-machine", False),
    ],
)
def test_what_counts_as_loopback(host: str, local: bool) -> None:
    assert Config(host=host).on_loopback is local


def test_secrets_are_never_shown() -> None:
    config = Config(api_key="sk-secret", ollama_host="https://me:secret@box:443")
    assert "secret" not in repr(config)
    assert "api_key='***'" in repr(config)
    assert config.ollama_shown == "https://box:443"


def test_a_password_in_a_bad_address_is_not_repeated(tmp_path: Path) -> None:
    said = refusal({"ollama_host": "ftp://me:secret@box"}, {}, tmp_path)
    assert said == "--ollama-host: the value is not an address such as http://localhost:11434."


def test_a_config_can_be_changed_by_value() -> None:
    changed = msgspec.structs.replace(Config(), ollama_host="http://127.0.0.1:1")
    assert changed == Config(ollama_host="http://127.0.0.1:1")


def test_the_example_file_shows_every_setting_at_its_default(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "examples" / "mochi.toml"
    config = load({}, {}, tmp_path, str(example))
    assert config == Config(data_dir=tmp_path)
    lines = example.read_text("utf-8").splitlines()
    shown = {line.removeprefix("# ").split(" = ")[0] for line in lines if " = " in line}
    assert shown == set(Config.__struct_fields__)
