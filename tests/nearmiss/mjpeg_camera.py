"""A camera on loopback that sends pictures over HTTP, which needs nothing but Python."""

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
from videos import picture


class MotionJpeg(http.server.BaseHTTPRequestHandler):
    """A camera that sends numbered pictures over HTTP, 10 a second."""

    def log_message(self, *_arguments):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        began = time.monotonic()
        for number in range(200):
            jpeg = cv2.imencode(".jpg", picture(number, (64, 48)))[1].tobytes()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            time.sleep(max(0, began + number / 10 - time.monotonic()))
            try:
                self.wfile.write(head.encode() + jpeg + b"\r\n")
            except OSError:
                return


@contextmanager
def mjpeg_camera() -> Iterator[str]:
    """The address of a camera that runs meanwhile."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), MotionJpeg) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/mjpg/video.cgi"
        finally:
            server.shutdown()
