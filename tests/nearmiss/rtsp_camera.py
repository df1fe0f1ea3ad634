"""A camera on loopback: a process that serves a clip over RTSP, to be killed and started again."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

SERVER = Path(__file__).with_name("rtsp_server.py")
SYSTEM_PYTHON = shutil.which("python3", path=os.defpath)


class Camera:
    """A process that serves a clip whose pictures show their numbers, at one address."""

    def __init__(self, clip, *login):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"rtsp://127.0.0.1:{self.port}/road"
        self._command = [SYSTEM_PYTHON, SERVER, clip, str(self.port), *login]

    def start(self):
        self.process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "listening\n"
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def skip_without_server():
    """Skip the test where the server's packages are not installed."""
    if SYSTEM_PYTHON is None:
        pytest.skip("the RTSP server needs the system's Python, and there is none")
    check = subprocess.run(
        [SYSTEM_PYTHON, SERVER, "--check"], capture_output=True, text=True, check=False
    )
    if check.returncode:
        pytest.skip(f"no RTSP server: {check.stdout.strip()}")
