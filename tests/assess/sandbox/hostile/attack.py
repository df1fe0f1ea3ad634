"""A submission that tries everything; each function is one attack."""

import ctypes
import gc
import io
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time

import numpy as np

MEGABYTE = 1024**2


def connect(params, arrays):
    with socket.create_connection((params["host"], params["port"]), timeout=2) as connection:
        return {"received": connection.recv(100).decode()}


def read(params, arrays):
    with open(params["path"]) as file:
        return {"content": file.read()}


def read_in_submission(params, arrays):
    return read({"path": "/student/submission/" + params["path"]}, arrays)


def read_working_folder(params, arrays):
    with open("checkpoint.txt", "w") as file:
        file.write("kept")
    with open("checkpoint.txt") as file:
        return {"written": file.read(), "found": open("attack.py").readline()}


def look_around(params, arrays):
    """Every file but those of the system's libraries and the interpreter's."""
    known = ("/lib", "/usr", "/site", sys.base_prefix)
    found = []
    for folder, _, names in os.walk("/"):
        if not folder.startswith(known):
            found += [os.path.join(folder, name) for name in names]
    opened = [number for number in range(200) if _is_open(number)]
    told = {"variables": sorted(os.environ), "user": os.getuid(), "descriptors": len(opened)}
    return {"found": found, **told}


def _is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def write_outside(params, arrays):
    written = []
    for path in params["paths"]:
        try:
            with open(path, "ab") as file:
                file.write(b"\n# tampered")
            written.append(path)
        except OSError:
            continue
    return {"written": written}


def grader_files(params, arrays):
    """Paths of the code around this one, and of numpy and the standard library."""
    ours = [sys.modules["sandbox_child.answering"].__file__, sys.modules["__main__"].__file__]
    return {"paths": [*ours, sys.modules["inside.operations"].__file__, np.__file__, os.__file__]}


def gain_privileges(params, arrays):
    libc = ctypes.CDLL(None, use_errno=True)
    new_user_namespace, mount_namespace = 0x10000000, 0x00020000
    return {
        "user_namespace": libc.unshare(new_user_namespace),
        "mount_namespace": libc.unshare(mount_namespace),
        "mount": libc.mount(b"none", b"/tmp", b"tmpfs", 0, None),
        "writable": libc.mount(None, b"/", None, 32, None),
        "set_user": libc.setuid(0),
    }


def fork_until_refused(params, arrays):
    count = 0
    while True:
        try:
            if os.fork() == 0:
                time.sleep(30)
        except OSError as error:
            return {"count": count, "error": str(error)}
        count += 1


def fork_bomb(params, arrays):
    while True:
        try:
            os.fork()
        except OSError:
            continue


def leave_something_running(params, arrays):
    wait = "import time; time.sleep(300)"
    subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", wait, params["mark"]], start_new_session=True
    )
    return {}


def memory_bomb(params, arrays):
    held = []
    while True:
        held.append(np.ones(MEGABYTE, np.float64))


def memory_bomb_of_many(params, arrays):
    for _ in range(8):
        if os.fork() == 0:
            held = np.ones(params["mb"] * MEGABYTE, np.uint8)
            time.sleep(30)
            return {"held": held.sum()}
    time.sleep(30)
    return {}


def fill_the_folder(params, arrays):
    for number in range(10_000):
        with open(str(number), "wb") as file:
            file.write(bytes(MEGABYTE))
    return {}


def ten_gigabytes(params, arrays):
    with open("result.npy", "wb") as file:
        file.seek(10 * 1024**3)
        file.write(b"end")
    return {}


def loop_for_ever(params, arrays):
    while True:
        pass


def loop_unimpressed(params, arrays):
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    while True:
        pass


def sleep(params, arrays):
    time.sleep(300)


def print_for_ever(params, arrays):
    while True:
        print("x" * 100_000)


def print_fake_result(params, arrays):
    print(json.dumps({"status": "done", "score": 100, "passed": True}))
    return {"score": 0}


def large_answer(params, arrays):
    return {"large": np.zeros(params["mb"] * MEGABYTE, np.uint8)}


def objects(params, arrays):
    return {"objects": np.array([object()])}


def unusual_values(params, arrays):
    return {
        "nan": float("nan"),
        "scalar": np.float32(1.5),
        "text": "\ud800\x1b[2J\x00end",
        "big_endian": np.arange(3, dtype=">i4"),
        "wide": np.ones(2, np.longdouble),
        "nothing": np.empty((0, 3)),
    }


def a_function(params, arrays):
    return {"value": sleep}


def leave(params, arrays):
    os._exit(0)


def exit_politely(params, arrays):
    sys.exit(0)


def kill_itself(params, arrays):
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(10)


def kill_all(params, arrays):
    os.kill(-1, signal.SIGKILL)
    return {"alive": True}


def crash(params, arrays):
    ctypes.string_at(0)


def unspeakable(params, arrays):
    class Unspeakable(Exception):
        def __str__(self):
            raise RuntimeError("no")

    raise Unspeakable


def long_winded(params, arrays):
    raise ValueError("two\nlines " + "x" * 10_000)


def _answering():
    kind = sys.modules["sandbox_child.answering"].Answering
    return next(held for held in gc.get_objects() if isinstance(held, kind))


def _frame(header, body=b""):
    text = json.dumps(header).encode()
    return struct.pack("<QQ", len(text), len(body)) + text + body


def forge_for_another(params, arrays):
    """An answer written ahead, for a question whose token is not known yet."""
    forged = _frame({"token": "0" * 32, "status": "done", "values": {"score": 100}, "arrays": []})
    os.write(_answering().answers.fileno(), forged)
    return {}


def forge_pickle(params, arrays):
    """Under the right token, an array that would run a command where it is unpickled."""

    class Command:
        def __reduce__(self):
            return os.system, (f"touch {params['path']}",)

    buffer = io.BytesIO()
    np.save(buffer, np.array([Command()], dtype=object), allow_pickle=True)
    caller = sys._getframe()
    while "header" not in caller.f_locals:
        caller = caller.f_back
    header = {"token": caller.f_locals["header"]["token"], "status": "done", "values": {}}
    header["arrays"] = [["x", len(buffer.getvalue())]]
    os.write(_answering().answers.fileno(), _frame(header, buffer.getvalue()))
    time.sleep(30)


def forge_length(params, arrays):
    os.write(_answering().answers.fileno(), struct.pack("<QQ", 2**60, 2**60))
    time.sleep(30)


def flood_descriptors(params, arrays):
    os.set_blocking(_answering().answers.fileno(), True)
    while True:
        os.write(_answering().answers.fileno(), b"\0" * MEGABYTE)


def close_descriptors(params, arrays):
    os.closerange(0, 100)
    return {}


def patch_numpy(params, arrays):
    """Everything equals everything, and all that is written is ones."""
    np.allclose = np.array_equal = lambda *args, **kwargs: True
    np.lib.format.write_array = lambda file, *args, **kwargs: file.write(b"ones")
    return {"x": np.zeros(3)}


def patch_operations(params, arrays):
    operations = sys.modules["inside.operations"].OPERATIONS
    operations["double"] = lambda *args: {"doubled": np.full(3, 100.0), "sum": 100}
    return {}
