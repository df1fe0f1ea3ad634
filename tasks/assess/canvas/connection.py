"""A connection to Canvas that waits where Canvas asks it to, and keeps its token to itself."""

import ipaddress
import logging
import os
import random
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from canvasapi import Canvas
from canvasapi.exceptions import (
    CanvasException,
    Forbidden,
    InvalidAccessToken,
    RateLimitExceeded,
    ResourceDoesNotExist,
    Unauthorized,
)
from requests.adapters import HTTPAdapter

from tasks.errors import BadInput, StageFailed

ADDRESS_VARIABLE = "CANVAS_API_URL"
TOKEN_VARIABLE = "CANVAS_API_TOKEN"  # noqa: S105  the variable's name
MOST_TRIES = 6
FIRST_WAIT_SEC = 1.0
LONGEST_WAIT_SEC = 60.0
TIMEOUT_SEC = (10.0, 60.0)
TROUBLE_OF_THE_SERVER = (500, 502, 503, 504)
# A request that changes something is not sent again after these: it may have been carried out.
HARMLESS_TWICE = ("GET", "HEAD")


class PoliteAdapter(HTTPAdapter):
    """Sends a request again, after a growing pause, where Canvas is throttling or in trouble.

    Canvas throttles with 429, or with 403 and "Rate Limit Exceeded" in the body
    (https://developerdocs.instructure.com/services/canvas/basics/file.throttling); what is
    throttled has not been carried out, so it is safe to send again.
    """

    def __init__(self, wait: Callable[[float], None] = time.sleep) -> None:
        super().__init__()
        self.wait = wait

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        options["timeout"] = options.get("timeout") or TIMEOUT_SEC
        for trial in range(MOST_TRIES):
            last = trial == MOST_TRIES - 1
            try:
                response = super().send(request, **options)
            except (requests.ConnectionError, requests.Timeout):
                if last or request.method not in HARMLESS_TWICE:
                    raise
                self.wait(_pause(trial, None))
                continue
            if last or not _worth_another(request, response):
                return response
            response.close()
            self.wait(_pause(trial, response.headers.get("Retry-After")))
        raise AssertionError("the last try returns or raises")


def connect(wait: Callable[[float], None] = time.sleep) -> Canvas:
    """Canvas at $CANVAS_API_URL with the token in $CANVAS_API_TOKEN.

    Raises:
        BadInput: one of them is missing, or the token would travel unencrypted.
    """
    address = os.environ.get(ADDRESS_VARIABLE, "").strip().rstrip("/").removesuffix("/api/v1")
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not address:
        raise BadInput(
            f"Where Canvas is, is not known: set {ADDRESS_VARIABLE} to its address, for example "
            "https://canvas.example.edu."
        )
    if not token:
        raise BadInput(
            f"There is no token for Canvas: make one in its account settings and set "
            f"{TOKEN_VARIABLE} (it is read from nowhere else)."
        )
    _check_address(address)
    # canvasapi writes every request's data, grades among it, to its log.
    logging.getLogger("canvasapi").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # canvasapi's advice against http://, allowed on loopback
        canvas = Canvas(address, token)
    session = canvas._Canvas__requester._session  # canvasapi offers no other way to its session
    for scheme in ("https://", "http://"):
        session.mount(scheme, PoliteAdapter(wait))
    return canvas


@contextmanager
def told_plainly() -> Iterator[None]:
    """Canvas' and the network's errors as sentences.

    Raises:
        BadInput: the token, the rights or an id are wrong.
        StageFailed: Canvas cannot be reached, is still throttling or refused.
    """
    try:
        yield
    except (InvalidAccessToken, Unauthorized) as error:
        raise BadInput(
            f"Canvas does not accept the token in {TOKEN_VARIABLE}: it may have expired or lack "
            "the rights of a teacher in this course."
        ) from error
    except ResourceDoesNotExist as error:
        raise BadInput(
            "Canvas does not know this course, or the token may not see it: check --course-id."
        ) from error
    except RateLimitExceeded as error:
        raise StageFailed(_still_throttled()) from error
    except Forbidden as error:
        if "Rate Limit Exceeded" in str(error):
            raise StageFailed(_still_throttled()) from error
        raise BadInput(
            "Canvas forbids this: the token's owner lacks the rights of a teacher in this course."
        ) from error
    except CanvasException as error:
        raise StageFailed(f"Canvas refused: {' '.join(str(error).split())[:300]}.") from error
    except requests.RequestException as error:
        raise StageFailed(
            f"Canvas cannot be reached ({type(error).__name__}): check {ADDRESS_VARIABLE} and the "
            "network, then run it again; what is done is not done twice."
        ) from error


def _still_throttled() -> str:
    return (
        f"Canvas is still throttling after {MOST_TRIES} tries: run it again later; what is done "
        "is not done twice."
    )


def _worth_another(request: requests.PreparedRequest, response: requests.Response) -> bool:
    if response.status_code == 429:
        return True
    if response.status_code == 403:
        return "rate limit exceeded" in response.text.lower()
    return response.status_code in TROUBLE_OF_THE_SERVER and request.method in HARMLESS_TWICE


def _pause(trial: int, asked: str | None) -> float:
    """Seconds: what Canvas asks for, or a doubled pause with jitter."""
    try:
        wanted = float(asked) if asked else 0.0
    except ValueError:
        wanted = 0.0
    doubled = FIRST_WAIT_SEC * 2**trial * random.uniform(0.5, 1.5)  # noqa: S311  no secret
    return min(max(wanted, doubled), LONGEST_WAIT_SEC)


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and _is_loopback(parts.hostname or ""):
        return
    raise BadInput(
        f"{ADDRESS_VARIABLE} is {address!r}: give an address that begins with https://, so that "
        "the token does not travel unencrypted."
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
