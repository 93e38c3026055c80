"""The demonstration: what it offers to try works as it stands."""

import json
import signal
from http.client import HTTPConnection
from urllib.request import Request, urlopen

from gateway.commands.demo import invitation, simulated
from gateway.config import Config
from gateway.tests.processes import mochi, port_in, said_until


def test_the_demo_answers_what_its_banner_offers() -> None:
    with mochi("serve", "--demo", "--port", "0") as process:
        said = said_until(process, "--base-url")
        assert "there is no model" in said
        body = said.split("-d '")[1].split("'\n")[0].encode()
        url = f"http://127.0.0.1:{port_in(said)}/v1/chat/completions"
        assert f"curl -N {url} -H" in said
        request = Request(url, body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=10) as answer:
            frames = answer.read().decode().split("\n\n")
        assert frames[-2:] == ["data: [DONE]", ""]
        assert json.loads(frames[1].removeprefix("data: "))["choices"][0]["delta"]["content"]
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=10)[0] == ""
        assert process.returncode == 0


def test_a_stream_that_the_end_of_the_server_cuts_says_so() -> None:
    with mochi("demo", "--port", "0", MOCHI_DRAIN_SECONDS="0") as process:
        port = port_in(said_until(process, "--base-url"))
        client = HTTPConnection("127.0.0.1", port, timeout=10)
        question = {"role": "user", "content": "Hello! " * 100}
        body = json.dumps({"model": "demo", "stream": True, "messages": [question]})
        client.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
        answer = client.getresponse()
        answer.read(10)
        process.send_signal(signal.SIGTERM)
        frames = answer.read().decode().split("\n\n")
        assert json.loads(frames[-2].removeprefix("data: "))["error"]["type"] == "server_error"
        assert process.wait(10) == 0
        client.close()


def test_with_a_key_the_offer_holds_its_variable() -> None:
    said = invitation(Config(api_key="sk-secret"), "http://127.0.0.1:8000")
    assert 'completions -H "Authorization: Bearer $MOCHI_API_KEY" -H' in said
    assert 'api_key=os.environ["MOCHI_API_KEY"])' in said
    assert "sk-secret" not in said


def test_agents_run_on_a_simulated_model_that_calls_tools() -> None:
    demo = simulated(Config(), "http://127.0.0.1:1")
    assert (demo.ollama_host, demo.default_model) == ("http://127.0.0.1:1", "demo-tools")
    assert simulated(Config(default_model="demo"), demo.ollama_host).default_model == "demo"
