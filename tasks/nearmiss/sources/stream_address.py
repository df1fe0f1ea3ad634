"""Addresses of live streams, and how the secrets in them stay out of everything that is kept.

An address may hold a login, as in rtsp://user:password@camera/road, or a token in its path or
query. `hide_secrets` moves them into this process's environment before anything is written
down; `${NAME}` in an address stands for the environment variable of that name, so that a user
can keep them out of the command line as well.
"""

import os
import re
from collections.abc import Callable

from tasks.errors import BadInput

MASK = "***"
VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}")
HIDDEN_NAME = "STREAM_SECRET"
DEVICE = re.compile(r"/dev/video\d+")
SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps")
# A value after any other name in an address is taken for a secret.
HARMLESS_NAMES = {
    "camera",
    "channel",
    "codec",
    "compression",
    "fps",
    "height",
    "profile",
    "resolution",
    "stream",
    "streamtype",
    "subtype",
    "transportmode",
    "unicast",
    "videocodec",
    "width",
}


def is_stream(location: str) -> bool:
    """Whether this names a live stream: RTSP, RTMP, MJPEG over HTTP, or a capture device.

    Other HTTP addresses are files to download. MJPEG is told by its name in the address, as in
    http://camera/axis-cgi/mjpg/video.cgi.
    """
    if is_device(location):
        return True
    scheme, separator, rest = location.partition("://")
    if not separator:
        return False
    if scheme.lower() in SCHEMES:
        return True
    path = rest.rpartition("@")[2].partition("?")[0]
    return scheme.lower() in ("http", "https") and bool(re.search(r"mjpe?g", path, re.IGNORECASE))


def is_device(location: str) -> bool:
    """Whether this names a capture device of Linux, such as /dev/video0."""
    return bool(DEVICE.fullmatch(location))


def masked(location: str) -> str:
    """The address with three stars for every secret: what may be shown and kept."""
    return _replace_secrets(VARIABLE.sub(MASK, location), lambda _secret: MASK)


def hide_secrets(location: str) -> str:
    """The address with every secret moved to the environment of this process.

    Returns:
        The address with `${STREAM_SECRET}`, `${STREAM_SECRET_2}`, ... in their places. Secrets
        that are written as variables already are left.
    """
    return _replace_secrets(location, lambda secret: "${" + _variable_holding(secret) + "}")


def reveal_secrets(location: str) -> str:
    """The address with the values of its variables: only for the program that connects.

    Raises:
        BadInput: the environment lacks a variable.
    """

    def value(match: re.Match) -> str:
        try:
            return os.environ[match[1]]
        except KeyError:
            raise BadInput(
                f"{masked(location)}: the address needs the environment variable {match[1]}, "
                "which is not set."
            ) from None

    return VARIABLE.sub(value, location)


def name_of(location: str) -> str:
    """A folder name for a stream: host, port, path and harmless parts of the query; or of a
    device its path."""
    before, separator, after = masked(location).partition("://")
    rest = after if separator else before
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", rest).strip("._")
    return name[:100] or "stream"


def _replace_secrets(location: str, replacement: Callable[[str], str]) -> str:
    parts, done = [], 0
    for start, end in _secret_spans(location):
        secret = location[start:end]
        is_variable = VARIABLE.fullmatch(secret)
        parts += [location[done:start], secret if is_variable else replacement(secret)]
        done = end
    return "".join([*parts, location[done:]])


def _secret_spans(location: str) -> list[tuple[int, int]]:
    """Where user, password, and values of other than harmless names stand, in order."""
    scheme = re.match(r"[a-z][a-z0-9+.-]*://", location, re.IGNORECASE)
    if scheme is None:
        return []
    at = location.rfind("@")  # the last one: an unescaped password may hold others
    spans = []
    if at >= scheme.end():
        colon = location.find(":", scheme.end(), at)
        spans = [(scheme.end(), colon), (colon + 1, at)] if colon >= 0 else [(scheme.end(), at)]
    values = re.compile(r"([^/?&;#=]+)=([^/?&;#]*)").finditer(location, max(at, scheme.end()))
    spans += [value.span(2) for value in values if value[1].lower() not in HARMLESS_NAMES]
    return [(start, end) for start, end in spans if end > start]


def _variable_holding(secret: str) -> str:
    """The name of an environment variable with this value, made where there is none."""
    value = VARIABLE.sub(lambda match: os.environ.get(match[1], match[0]), secret)
    number = 1
    while True:
        name = HIDDEN_NAME if number == 1 else f"{HIDDEN_NAME}_{number}"
        if os.environ.setdefault(name, value) == value:
            return name
        number += 1
