"""Videos from a URL, with a real HTTP server on this machine."""

import functools
import http.server
import threading

import numpy as np
import pytest

from tasks.errors import StageFailed
from tasks.files import sha256_of
from tasks.nearmiss.encode import VideoWriter
from tasks.nearmiss.sources import url


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments):
        pass


@pytest.fixture
def server(tmp_path):
    """A folder with one video, served on loopback: its address."""
    folder = tmp_path / "www"
    folder.mkdir()
    with VideoWriter(folder / "night drive.mp4", 25, 64, 48) as writer:
        for index in range(10):
            writer.write(np.full((48, 64, 3), 20 * index, np.uint8), index / 25)
    (folder / "page.html").write_text("<html>no video here</html>")
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", folder
        running.shutdown()
        thread.join()


def test_a_video_is_downloaded_whole(server, tmp_path):
    address, folder = server
    path = url.download(f"{address}/night%20drive.mp4", tmp_path / "got")
    assert path.parent == tmp_path / "got"
    assert sha256_of(path) == sha256_of(folder / "night drive.mp4")


@pytest.mark.parametrize("name", ["missing.mp4", "page.html"])
def test_what_cannot_be_had_is_one_sentence(server, tmp_path, name):
    address, _ = server
    with pytest.raises(StageFailed) as caught:
        url.download(f"{address}/{name}", tmp_path / "got")
    assert "cannot be downloaded" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nobody_listens(tmp_path):
    with pytest.raises(StageFailed, match="cannot be downloaded"):
        url.download("http://127.0.0.1:9/video.mp4", tmp_path)
