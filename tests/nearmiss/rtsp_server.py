"""Serve a clip over RTSP on loopback, as a camera would: run by the system's Python.

/usr/bin/python3 tests/nearmiss/rtsp_server.py CLIP PORT [USER PASSWORD]
/usr/bin/python3 tests/nearmiss/rtsp_server.py --check     # is everything installed?

Prints a line once it listens. Exit code 3: GStreamer or a part of it is not installed.
"""

import sys

PACKAGES = "gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good python3-gi"
NEEDED = ("filesrc", "qtdemux", "rtph264pay", "rtpbin")
EXIT_MISSING = 3


def stop(sentence: str, code: int) -> None:
    print(sentence, flush=True)
    sys.exit(code)


try:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer
except (ImportError, ValueError) as error:
    stop(f"{error}; needed are the Debian packages {PACKAGES}", EXIT_MISSING)


def allow(
    server: "GstRtspServer.RTSPServer", user: str, password: str
) -> "GstRtspServer.RTSPPermissions":
    """Let only this user in.

    Returns:
        What a media factory has to say so that this user may see it.
    """
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    return permissions


def check() -> None:
    """Exit where an element of the pipeline is not installed."""
    Gst.init(None)
    missing = [name for name in NEEDED if Gst.ElementFactory.find(name) is None]
    if missing:
        stop(f"GStreamer lacks {missing}; needed are the packages {PACKAGES}", EXIT_MISSING)


def main(clip: str, port: str, *login: str) -> None:
    """Serve the clip at /road, from its beginning to each who asks."""
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f'( filesrc location="{clip}" ! qtdemux ! rtph264pay config-interval=-1 name=pay0 pt=96 )'
    )
    if login:
        factory.set_permissions(allow(server, *login))
    server.get_mount_points().add_factory("/road", factory)
    if server.attach(None) == 0:
        stop(f"cannot listen on port {port}", 1)
    print("listening", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    check()
    if sys.argv[1:] != ["--check"]:
        main(*sys.argv[1:])
