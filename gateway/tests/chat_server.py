"""A stand-in for `/api/v1`: real HTTP, a few sessions, and answers that follow a script."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["CONFIRMED", "DROP", "StandIn", "Step", "chat_server", "said"]

DROP = "drop"
"""In a script: the connection breaks."""
CONFIRMED = "confirmed"
"""In a script: wait for the answer to a confirmation."""

Step = tuple[str, dict[str, Any]] | float | str
NEW = "aaaaaaaaaa"
PATIENCE = 10


def said(*pieces: str) -> list[Step]:
    """A whole answer in these pieces."""
    return [
        *(("content_delta", {"content": piece, "role": "assistant"}) for piece in pieces),
        ("message_complete", {"message_id": "9a8b7c6d5e", "model": "demo:latest"}),
        ("done", {"session_id": NEW}),
    ]


class StandIn:
    """What the server knows, what it was asked, and what it will answer: a script each time."""

    def __init__(self, scripts: Sequence[Sequence[Step]], *, key: str = "") -> None:
        self.scripts = list(scripts)
        self.key = key
        self.url = ""
        self.sessions: dict[str, dict[str, Any]] = {}
        self.models = ["demo:latest", "demo-tools:latest"]
        self.toolbox: dict[str, Any] = {"tools": {}, "groups": {}, "rejected": []}
        self.agents: dict[str, Any] = {}
        self.asked: list[tuple[str, str, Any]] = []
        """Method, path and body of all requests that change something."""
        self.confirmed = threading.Event()
        self.left = threading.Event()
        """Set when somebody left before the end of an answer."""

    def keep(self, session: str, *messages: tuple[str, str], updated: str = "2026-01-02") -> None:
        self.sessions[session] = {
            "session_id": session,
            "model": "demo:latest",
            "created_at": updated,
            "updated_at": updated,
            "messages": [{"role": role, "content": content} for role, content in messages],
        }

    def offer(self, *tools: str, **groups: list[str]) -> None:
        """Have these tools, and groups of them."""
        for name in tools:
            self.toolbox["tools"][name] = tool(name)
        self.toolbox["groups"] = groups

    def put_agent(self, name: str, error: str | None = None) -> None:
        """An agent, which is not valid if there is an error."""
        self.agents[name] = agent(name, error)

    def bodies(self, method: str, ending: str) -> list[Any]:
        return [body for how, path, body in self.asked if how == method and path.endswith(ending)]


@contextmanager
def chat_server(*scripts: Sequence[Step], key: str = "") -> Iterator[StandIn]:
    stand_in = StandIn(scripts, key=key)
    handler = type("Handler", (Handler,), {"stand_in": stand_in})
    with Server(("127.0.0.1", 0), handler) as server:
        stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield stand_in
        finally:
            server.shutdown()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves is nothing to write to standard error, which a test may read."""


class Handler(BaseHTTPRequestHandler):
    stand_in: StandIn
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def log_message(self, *_: object) -> None:
        return

    def serve(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        if self.command != "GET":
            self.stand_in.asked.append((self.command, self.path, body))
        key = self.stand_in.key
        if key and self.headers.get("authorization") != f"Bearer {key}":
            self.refuse(401, "INVALID_API_KEY", "No.")
            return
        parts = self.path.removeprefix("/api/v1/").split("/")
        match self.command, parts:
            case "GET", ["models"]:
                self.tell(200, {"models": [model(name) for name in self.stand_in.models]})
            case "GET", ["sessions"]:
                self.tell(200, {"sessions": [item(it) for it in self.stand_in.sessions.values()]})
            case "GET", ["tools"]:
                self.tell(200, self.stand_in.toolbox)
            case "GET", ["agents"]:
                self.tell(200, {"agents": self.stand_in.agents})
            case "POST", ["sessions"]:
                self.create(body)
            case _, ["sessions" | "chat", session, *rest]:
                self.serve_session(session, rest, body)
            case _:
                self.refuse(404, "NOT_FOUND", "No such route.")

    def create(self, body: Any) -> None:
        if body["model"] not in self.stand_in.models:
            self.refuse(404, "MODEL_NOT_FOUND", f"No model '{body['model']}'.")
            return
        self.stand_in.keep(NEW)
        self.stand_in.sessions[NEW].update(body)
        self.tell(201, self.stand_in.sessions[NEW])

    def serve_session(self, session: str, rest: list[str], body: Any) -> None:
        if not (kept := self.stand_in.sessions.get(session)):
            self.refuse(404, "SESSION_NOT_FOUND", f"No session '{session}'.")
            return
        messages = kept["messages"]
        match self.command, rest:
            case "GET", []:
                self.tell(200, kept)
            case "GET", ["status"]:
                self.tell(200, status(kept))
            case "GET", ["summary"]:
                made = kept.get("summary") or {"summary": None, "topics": []}
                self.tell(200, made | {"summary_model": None})
            case "PATCH", []:
                kept.update(body)
                self.tell(200, kept)
            case "DELETE", []:
                del self.stand_in.sessions[session]
                self.tell(204)
            case "PUT", ["messages", index]:
                messages[int(index)]["content"] = body["content"]
                del messages[int(index) + 1 :]
                self.tell(200, {"message_count": len(messages)})
            case (("PUT" | "DELETE"), ["system-prompt"]):
                self.tell(200 if body else 204, body)
            case "POST", ["confirm-tool"]:
                self.stand_in.confirmed.set()
                self.tell(200, {"success": True, "tool_name": "", "message": "Taken."})
            case "POST", ["stream"]:
                if body["message"] is not None:
                    messages.append({"role": "user", "content": body["message"]})
                self.stream(messages)

    def stream(self, messages: list[dict[str, Any]]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        text = ""
        try:
            for step in self.stand_in.scripts.pop(0):
                match step:
                    case "drop":
                        self.close_connection = True
                        return
                    case "confirmed":
                        assert self.stand_in.confirmed.wait(PATIENCE)
                        self.stand_in.confirmed.clear()
                    case float():
                        time.sleep(step)
                    case (str(name), dict(payload)):
                        text += payload["content"] if name == "content_delta" else ""
                        self.chunk(f"event: {name}\ndata: {json.dumps(payload)}\n\n".encode())
            self.chunk(b"")
        except OSError:
            self.close_connection = True
            self.stand_in.left.set()
        finally:
            messages.append({"role": "assistant", "content": text})

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def tell(self, status: int, answer: Any = None) -> None:
        body = b"" if status == 204 else json.dumps(answer).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status: int, code: str, message: str) -> None:
        self.tell(status, {"error": {"code": code, "message": message, "details": {}}})


def model(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "size_mb": 4.5,
        "format": "gguf",
        "family": "demo",
        "parameter_size": "7B",
        "quantization_level": "Q4_K_M",
        "capabilities": ["completion"],
        "context_length": 8192,
    }


def tool(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "description": f"Do what {name} does.\nSlowly.",
        "parameters": {},
        "required": [],
    }


def agent(name: str, error: str | None) -> dict[str, Any]:
    return {
        "name": name,
        "description": "" if error else f"Does what a {name} does.",
        "model": None,
        "valid": error is None,
        "tool_count": 0 if error else 2,
        "tools": [] if error else ["jot", "wipe"],
        "error_message": error,
    }


def item(kept: dict[str, Any]) -> dict[str, Any]:
    users = [message["content"] for message in kept["messages"] if message["role"] == "user"]
    return {
        **{name: kept[name] for name in ("session_id", "model", "created_at", "updated_at")},
        "message_count": len(kept["messages"]),
        "summary": None,
        "preview": users[0] if users else "",
    }


def status(kept: dict[str, Any]) -> dict[str, Any]:
    return {
        "session_id": kept["session_id"],
        "model": kept["model"],
        "message_count": len(kept["messages"]),
        "context_window": {
            "dynamic_enabled": True,
            "current_window": 8192,
            "model_max_context": None,
            "last_adjustment_reason": "initial_setup",
            "manual_override": False,
        },
        "tools_enabled": True,
        "active_tools": ["add"],
        "execution_policy": "always_confirm",
        "agents_enabled": False,
        "enabled_agents": [],
        "system_prompt_file": None,
        "summary": None,
        "summary_model": None,
    }
