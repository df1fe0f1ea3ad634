"""Prefect's own server for a run: started so that Ctrl-C does not end it before the flow."""

import contextvars
import signal
import threading
import time

from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_ALLOW_EPHEMERAL_MODE

from tasks.errors import StageFailed
from tasks.interruption import Interruption

# A terminal sends these to every process in it; they are for the flow alone to deal with.
KEPT_FROM_SERVER = (signal.SIGINT, signal.SIGHUP)


def start(interruption: Interruption) -> None:
    """Start Prefect's own server, where no other one is configured.

    It is started here and not by Prefect at its first need, with the terminal's signals blocked:
    it has to live to hear how an interrupted run ended. Prefect stops it when this process exits.

    Raises:
        StageFailed: it does not start.
    """
    if PREFECT_API_URL.value() or not PREFECT_SERVER_ALLOW_EPHEMERAL_MODE.value():
        return
    # Here, since it takes seconds that commands which need no server would wait for.
    from prefect.server.api.server import SubprocessASGIServer

    server = SubprocessASGIServer()
    failure: list[Exception] = []

    def run() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, KEPT_FROM_SERVER)  # the new process inherits it
        try:
            server.start()
        except Exception as error:  # noqa: BLE001 — said by the caller's thread
            failure.append(error)

    context = contextvars.copy_context()  # holds Prefect's settings
    thread = threading.Thread(target=context.run, args=(run,), name="server", daemon=True)
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt:
        while thread.is_alive() and server.server_process is None:
            time.sleep(0.01)
        if server.server_process:
            server.server_process.kill()
        raise
    if failure:
        reason = " ".join(str(failure[0]).split())
        raise StageFailed(f"Prefect's own server did not start: {reason}") from failure[0]
    interruption.child = server.server_process
