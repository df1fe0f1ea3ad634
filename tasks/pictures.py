"""Pictures as text: for pages and artifacts that have to hold them."""

import base64
from pathlib import Path

import cv2


def data_uri(path: Path, max_bytes: int) -> str:
    """A picture as a data URI of at most `max_bytes` before base64, shrunk where needed."""
    content = path.read_bytes()
    kind = "png" if path.suffix == ".png" else "jpeg"
    if len(content) > max_bytes:
        content, kind = _shrunk(path, max_bytes), "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _shrunk(path: Path, max_bytes: int) -> bytes:
    image = cv2.imread(str(path))
    while True:
        for quality in (85, 70, 55):
            encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            if len(encoded) <= max_bytes:
                return encoded.tobytes()
        image = cv2.resize(image, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
