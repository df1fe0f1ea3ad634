"""A small Canvas on the loopback: the part of its API that is used, with its habits.

Form-encoded bracketed keys, pages by Link headers, throttling by 403, 429 and 503, ids of its own
for criteria, and text that comes back with HTML entities.
"""

import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN = "right-token"  # noqa: S105  of this server
PAGE = 2


@dataclass
class CanvasState:
    """What the server holds, and how it misbehaves.

    Attributes:
        troubles: (status, body) to answer with before anything else, one a request.
        requests: "METHOD path" of all that were carried out.
    """

    users: list[dict[str, Any]] = field(default_factory=list)
    rubrics: dict[int, dict[str, Any]] = field(default_factory=dict)
    assignments: dict[int, dict[str, Any]] = field(default_factory=dict)
    submissions: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    troubles: list[tuple[int, str]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    next_id: int = 100

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id

    def writes(self) -> list[str]:
        """The requests that changed something."""
        return [one for one in self.requests if not one.startswith("GET")]


@contextmanager
def canvas_server() -> Iterator[tuple[str, CanvasState]]:
    """The server's address and what it holds."""
    state = CanvasState()

    class Handler(_Handler):
        canvas = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    canvas: CanvasState

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""

    def _answer(self, method: str) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        fields = nested(self.rfile.read(length).decode())
        if self.canvas.troubles:
            status, body = self.canvas.troubles.pop(0)
            return self._send(status, body.encode(), {"X-Rate-Limit-Remaining": "0.0"})
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._send(
                401, b'{"errors": [{"message": "Invalid"}]}', {"WWW-Authenticate": "Bearer"}
            )
        self.canvas.requests.append(f"{method} {parts.path}")
        for pattern, handler in _ROUTES.get(method, []):
            found = re.fullmatch(f"/api/v1/courses/7{pattern}", parts.path)
            if found:
                content = handler(self.canvas, fields, *map(int, found.groups()))
                if isinstance(content, list):
                    return self._send_page(content, dict(parse_qsl(parts.query)), parts.path)
                return self._send(200, json.dumps(content).encode(), {})
        return self._send(404, b"{}", {})

    def _send_page(self, content: list, query: dict[str, str], path: str) -> None:
        page = int(query.get("page", "1"))
        headers = {}
        if page * PAGE < len(content):
            address = f"http://{self.headers['Host']}{path}?page={page + 1}"
            headers["Link"] = f'<{address}>; rel="next"'
        shown = content[(page - 1) * PAGE : page * PAGE]
        self._send(200, json.dumps(shown).encode(), headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PUT(self) -> None:
        self._answer("PUT")


def nested(body: str) -> dict[str, Any]:
    """`rubric[criteria][0][points]=5` as nested dictionaries."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        keys = re.findall(r"[^\[\]]+", name)
        place = found
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        if name.endswith("[]"):
            place.setdefault(keys[-1], []).append(value)
        else:
            place[keys[-1]] = value
    return found


def _criteria(canvas: CanvasState, sent: dict[str, Any]) -> list[dict[str, Any]]:
    # Only index-keyed hashes are understood, as by Canvas.
    return [
        {
            "id": one.get("id") or f"_{canvas.new_id()}",
            "description": one["description"],
            "long_description": html.escape(one["long_description"]),
            "points": float(one["points"]),
            "ratings": [
                {
                    "id": f"r{canvas.new_id()}",
                    "description": r["description"],
                    "points": float(r["points"]),
                }
                for _, r in sorted(one["ratings"].items(), key=lambda pair: int(pair[0]))
            ],
        }
        for _, one in sorted(sent.items(), key=lambda pair: int(pair[0]))
    ]


def _course(canvas: CanvasState, fields: dict) -> dict:
    return {"id": 7, "name": "Machine learning systems"}


def _rubrics(canvas: CanvasState, fields: dict) -> list:
    return list(canvas.rubrics.values())


def _new_rubric(canvas: CanvasState, fields: dict) -> dict:
    made = {
        "id": canvas.new_id(),
        "title": fields["rubric"]["title"],
        "data": _criteria(canvas, fields["rubric"]["criteria"]),
    }
    canvas.rubrics[made["id"]] = made
    return {"rubric": made, "rubric_association": {"id": canvas.new_id()}}


def _edit_rubric(canvas: CanvasState, fields: dict, rubric: int) -> dict:
    canvas.rubrics[rubric]["data"] = _criteria(canvas, fields["rubric"]["criteria"])
    canvas.rubrics[rubric]["title"] = fields["rubric"]["title"]
    return {"rubric": canvas.rubrics[rubric]}


def _associate(canvas: CanvasState, fields: dict) -> dict:
    sent = fields["rubric_association"]
    assignment = canvas.assignments[int(sent["association_id"])]
    assignment["rubric_settings"] = {"id": int(sent["rubric_id"])}
    assignment["use_rubric_for_grading"] = sent["use_for_grading"] == "true"
    return {"id": canvas.new_id(), "association_type": sent["association_type"]}


def _assignments(canvas: CanvasState, fields: dict) -> list:
    return list(canvas.assignments.values())


def _new_assignment(canvas: CanvasState, fields: dict) -> dict:
    sent = fields["assignment"]
    made = {
        "id": canvas.new_id(),
        "course_id": 7,
        "name": sent["name"],
        "points_possible": float(sent["points_possible"]),
        "published": sent["published"] == "true",
    }
    canvas.assignments[made["id"]] = made
    return made


def _assignment(canvas: CanvasState, fields: dict, assignment: int) -> dict:
    return canvas.assignments[assignment]


def _edit_assignment(canvas: CanvasState, fields: dict, assignment: int) -> dict:
    sent = fields["assignment"]
    canvas.assignments[assignment]["points_possible"] = float(sent["points_possible"])
    return canvas.assignments[assignment]


def _users(canvas: CanvasState, fields: dict) -> list:
    return canvas.users


def _held(canvas: CanvasState, assignment: int, user: int) -> dict:
    return canvas.submissions.setdefault(
        (assignment, user),
        {"id": canvas.new_id(), "assignment_id": assignment, "user_id": user, "score": None},
    )


def _submissions(canvas: CanvasState, fields: dict, assignment: int) -> list:
    return [_held(canvas, assignment, user["id"]) for user in canvas.users]


def _submission(canvas: CanvasState, fields: dict, assignment: int, user: int) -> dict:
    return _held(canvas, assignment, user)


def _grade(canvas: CanvasState, fields: dict, assignment: int, user: int) -> dict:
    held = _held(canvas, assignment, user)
    held["score"] = float(fields["submission"]["posted_grade"])
    held["rubric_assessment"] = {
        criterion: {"points": float(given["points"]), "comments": given["comments"]}
        for criterion, given in fields["rubric_assessment"].items()
    }
    if canvas.assignments[assignment].get("use_rubric_for_grading"):  # after the posted grade
        held["score"] = sum(one["points"] for one in held["rubric_assessment"].values())
    held.setdefault("submission_comments", []).append(fields["comment"]["text_comment"])
    return held


_ROUTES: dict[str, list[tuple[str, Any]]] = {
    "GET": [
        ("", _course),
        ("/rubrics", _rubrics),
        ("/assignments", _assignments),
        (r"/assignments/(\d+)", _assignment),
        ("/search_users", _users),
        (r"/assignments/(\d+)/submissions", _submissions),
        (r"/assignments/(\d+)/submissions/(\d+)", _submission),
    ],
    "POST": [
        ("/rubrics", _new_rubric),
        ("/rubric_associations", _associate),
        ("/assignments", _new_assignment),
    ],
    "PUT": [
        (r"/rubrics/(\d+)", _edit_rubric),
        (r"/assignments/(\d+)", _edit_assignment),
        (r"/assignments/(\d+)/submissions/(\d+)", _grade),
    ],
}
