"""Serve a clip over RTSP on loopback, as a camera would: run by the system's Python.

/usr/bin/python3 tests/nearmiss/rtsp_server.py CLIP PORT [USER PASSWORD]

Prints a line once it listens. Exit code 3: GStreamer or its server is not installed.
"""

import sys

NEEDED = ("filesrc", "qtdemux", "h264parse", "rtph264pay")

try:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer
except (ImportError, ValueError) as error:
    sys.exit(print(f"no GStreamer RTSP server: {error}", flush=True) or 3)


def allow(server: "GstRtspServer.RTSPServer", user: str, password: str) -> dict[str, str]:
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


def main(clip: str, port: str, *login: str) -> None:
    Gst.init(None)
    missing = [name for name in NEEDED if Gst.ElementFactory.find(name) is None]
    if missing:
        sys.exit(print(f"GStreamer lacks {', '.join(missing)}", flush=True) or 3)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f'( filesrc location="{clip}" ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 )'
    )
    if login:
        factory.set_permissions(allow(server, *login))
    server.get_mount_points().add_factory("/road", factory)
    if server.attach(None) == 0:
        sys.exit(print(f"cannot listen on port {port}", flush=True) or 1)
    print("listening", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(*sys.argv[1:])
