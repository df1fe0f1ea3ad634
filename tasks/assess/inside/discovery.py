"""Finds a student's tensors, layers, losses and the rest by what they do, not by one spelling."""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from .binding import NotOffered, call_bound
from .loading import Definition, Sources
from .values import storage, to_array

MOST_TRIED = 60


@dataclass(frozen=True)
class Role:
    """Something that a framework has.

    Attributes:
        names: matches bare names (lower case, no underscores).
        behaves: whether a candidate of another name does the same; None: only names count.
        classes_only: whether a function cannot fill it.
    """

    title: str
    names: re.Pattern
    behaves: Callable[["Framework", object], bool] | None = None
    classes_only: bool = False


@dataclass(frozen=True)
class Found:
    """A class or function of the student's that fills a role."""

    role: str
    name: str
    target: Any

    @property
    def is_class(self) -> bool:
        return isinstance(self.target, type)

    def make(self, given: dict[str, Any] | None = None, needed: tuple[str, ...] = ()) -> Any:
        """An object of the class; the function itself where it is one."""
        if not self.is_class:
            return self.target
        return call_bound(self.target, given or {}, needed)


class NotFound(Exception):
    """No class or function of the submission fills the role."""

    def __init__(self, role: str, framework: "Framework") -> None:
        super().__init__(role)
        self.values = {
            "found": False,
            "role": role,
            "looked_for": ROLES[role].title,
            "seen": [d.name for d in framework.sources.definitions if d.kind == "class"][:25],
            "problems": framework.sources.failures[:5],
        }


@dataclass
class Framework:
    """A submission's API, found lazily."""

    sources: Sources
    _found: dict[str, Found | None] = field(default_factory=dict)

    def find(self, role: str) -> Found | None:
        """What fills the role; None where nothing does."""
        if role not in self._found:
            self._found[role] = self._search(role) or self._method(role)
        return self._found[role]

    def need(self, role: str) -> Found:
        """What fills the role.

        Raises:
            NotFound: nothing does.
        """
        found = self.find(role)
        if found is None:
            raise NotFound(role, self)
        return found

    def tensor_classes(self, near: object = None) -> list[type]:
        """The student's tensors, those that the module of `near` uses first; may be empty."""
        # Both spellings live side by side in frameworks whose Variable wraps a Tensor.
        classes = [found.target for role in ("variable", "tensor") if (found := self.find(role))]
        classes = list(dict.fromkeys(classes))
        module = inspect.getmodule(near if hasattr(near, "__module__") else type(near))
        names = {cls.__name__ for cls in classes}
        local = [value for key, value in vars(module).items() if key in names] if module else []
        local = [cls for cls in local if isinstance(cls, type)]
        return list(dict.fromkeys([*local, *classes]))

    def wrap(self, array: np.ndarray, cls: type | None, requires_grad: bool = False) -> Any:
        """A copy of the array as the student's tensor; a plain copy where `cls` is None."""
        array = array.copy()  # a step in place must not reach the array that was sent
        if cls is None:
            return array
        if requires_grad:
            try:
                return cls(array, requires_grad=True)
            except TypeError:
                pass
        return cls(array)

    def _search(self, role: str) -> Found | None:
        """The first of the usual names that does what the role does; else the first of the names;
        without any, the first stranger that does it."""
        wanted = ROLES[role]
        fitting = [
            definition
            for definition in self._definitions()
            if definition.kind == "class" or not wanted.classes_only
        ]
        named = [d for d in fitting if wanted.names.fullmatch(_bare(d.name))]
        # Importing runs a file: for strangers only those that are likeliest the framework's.
        likeliest = min((d.file.rank[0] for d in fitting), default=0)
        strangers = [d for d in fitting if d not in named and d.file.rank[0] == likeliest]
        first: Found | None = None
        for definition in named:
            target = self.sources.get(definition)
            if target is None:
                continue
            found = Found(role, _full_name(definition), target)
            if wanted.behaves is None or len(named) == 1 or self._behaves(wanted, target):
                return found
            first = first or found
        if first is not None or wanted.behaves is None:
            return first
        for definition in strangers[:MOST_TRIED]:
            target = self.sources.get(definition)
            if target is not None and self._behaves(wanted, target):
                return Found(role, _full_name(definition), target)
        return None

    def _method(self, role: str) -> Found | None:
        """For frameworks in which a tensor itself does what elsewhere is a layer: x.relu()."""
        method = METHODS.get(role)
        if method is None:
            return None
        name, call = method
        for kind in ("variable", "tensor"):
            tensor = self.find(kind)
            if tensor is not None and callable(getattr(tensor.target, name, None)):
                return Found(role, f"{tensor.name}.{name}", call)
        return None

    def _behaves(self, wanted: Role, target: object) -> bool:
        try:
            return bool(wanted.behaves(self, target))
        except (Exception, SystemExit):  # noqa: BLE001  the student's code may raise anything
            return False

    def _definitions(self) -> Iterator[Definition]:
        """Classes before functions; a name's last definition in a file is the one that counts."""
        kept = {(d.file.path, d.name): d for d in self.sources.definitions}.values()
        yield from (d for d in kept if d.kind == "class" and not d.name.startswith("_"))
        yield from (d for d in kept if d.kind == "function" and not d.name.startswith("_"))


METHODS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "relu": ("relu", lambda x: x.relu()),
    "sigmoid": ("sigmoid", lambda x: x.sigmoid()),
    "tanh": ("tanh", lambda x: x.tanh()),
    "softmax": ("softmax", lambda x: x.softmax()),
    "flatten": ("reshape", lambda x: x.reshape(x.shape[0], -1)),
}


@lru_cache(maxsize=4)
def framework(submission: Path) -> Framework:
    """The framework of a submission, discovered once a process."""
    found = Framework(Sources(Path(submission)))
    switch = found.find("enable_autograd")
    if switch is not None:
        # Some frameworks patch gradients into their tensors when the package's top is imported.
        call_bound(switch.target, {})
    return found


def _bare(name: str) -> str:
    return name.lower().replace("_", "")


def _full_name(definition: Definition) -> str:
    return f"{definition.file.imports[0][1]}.{definition.name}"


def _names(pattern: str) -> re.Pattern:
    return re.compile(pattern)


def _is_elementwise(expected: Callable[[np.ndarray], np.ndarray]) -> Callable:
    def behaves(framework: Framework, target: object) -> bool:
        x = np.array([[-1.5, -0.25, 0.5], [2.0, 0.75, -3.0]])
        made = target() if isinstance(target, type) else target
        return np.allclose(_output(framework, made, x), expected(x), atol=1e-5)

    return behaves


def _is_dense(framework: Framework, target: object) -> bool:
    if not isinstance(target, type):
        return False
    layer = call_bound(target, {"in": 5, "out": 3}, ("in", "out"))
    shapes = {held.shape for value in vars(layer).values() if (held := storage(value)) is not None}
    return bool(shapes & {(5, 3), (3, 5)}) and _gives(framework, layer, np.ones((2, 5)), (2, 3))


def _is_convolution(framework: Framework, target: object) -> bool:
    """With channels, or of one channel and made with the kernel's size alone."""
    if not isinstance(target, type):
        return False
    try:
        layer = call_bound(target, {"in": 2, "out": 3, "kernel": 2}, ("in", "out", "kernel"))
    except NotOffered:
        layer = call_bound(target, {"kernel": (2, 2)}, ("kernel",))
        return _gives(framework, layer, np.ones((5, 4)), (4, 3))
    return _gives(framework, layer, np.ones((1, 2, 5, 4)), (1, 3, 4, 3))


def _is_pool(reduce: Callable[..., np.ndarray]) -> Callable[[Framework, object], bool]:
    def behaves(framework: Framework, target: object) -> bool:
        if not isinstance(target, type):
            return False
        layer = call_bound(target, {"kernel": 2, "stride": 2}, ("kernel",))
        image = np.arange(24.0).reshape(1, 1, 4, 6)
        expected = reduce(image.reshape(1, 1, 2, 2, 3, 2), axis=(3, 5))
        return np.allclose(_output(framework, layer, image), expected)

    return behaves


def _gives(framework: Framework, layer: Any, array: np.ndarray, shape: tuple[int, ...]) -> bool:
    """Whether the layer's output has the shape."""
    return _output(framework, layer, array).shape == shape


def _output(framework: Framework, layer: Any, array: np.ndarray) -> np.ndarray:
    """The output for an array, in the first of the student's tensors that the layer takes."""
    near = type(layer) if not hasattr(layer, "__code__") else layer
    for cls in [*framework.tensor_classes(near), None]:
        try:
            given = framework.wrap(array, cls)
            return to_array(layer(given) if callable(layer) else layer.forward(given))
        except (Exception, SystemExit):  # noqa: BLE001, S112  it may raise anything
            continue
    raise TypeError("gives no array")


def _is_tensor(framework: Framework, target: object) -> bool:
    if not isinstance(target, type):
        return False
    rows = np.array([[1.0, 2.0], [3.0, 4.0]])
    held = storage(target(rows))
    one, two = target(rows), target(rows)
    return held is not None and np.allclose(storage(one + two), 2 * rows)


ROLES: dict[str, Role] = {
    "tensor": Role(
        "a tensor class (Tensor, Variable, …)", _names("tensor|ndtensor"), _is_tensor, True
    ),
    "variable": Role("a tensor with gradients (Variable)", _names("variable"), None, True),
    "enable_autograd": Role("a switch for gradients", _names("enableautograd")),
    "dense": Role(
        "a fully connected layer made with (inputs, outputs): Dense, Linear, FullyConnected, …",
        _names("(dense|linear|fullyconnected|fc|affine)(layer)?"),
        _is_dense,
        classes_only=True,
    ),
    "relu": Role(
        "a ReLU activation",
        _names("relu(layer|activation)?|activationrelu"),
        _is_elementwise(lambda x: np.maximum(x, 0)),
    ),
    "sigmoid": Role(
        "a Sigmoid activation",
        _names("(sigmoid|logistic)(layer|activation)?|activationsigmoid"),
        _is_elementwise(lambda x: 1 / (1 + np.exp(-x))),
    ),
    "tanh": Role(
        "a Tanh activation",
        _names("tanh(layer|activation)?|activationtanh"),
        _is_elementwise(np.tanh),
    ),
    "softmax": Role(
        "a Softmax activation",
        _names("softmax(layer|activation)?|activationsoftmax"),
        _is_elementwise(lambda x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)),
    ),
    "conv2d": Role(
        "a convolution layer made with (in, out, kernel) or (kernel): Conv2d, Conv2D, …",
        _names("(multichannel)?conv(olution)?(al)?2?d?(layer)?"),
        _is_convolution,
        classes_only=True,
    ),
    "max_pool": Role(
        "a max pooling layer: MaxPool2d, MaxPool2D, …",
        _names("maxpool(ing)?(2d)?(layer)?"),
        _is_pool(np.max),
    ),
    "average_pool": Role(
        "an average pooling layer: AvgPool2d, AveragePooling2D, …",
        _names("(avg|average|mean)pool(ing)?(2d)?(layer)?"),
        _is_pool(np.mean),
    ),
    "flatten": Role("a Flatten layer or a function flatten", _names("flatten(layer)?")),
    "sequential": Role(
        "a container of layers: Sequential, …",
        _names("sequential(network|model)?|neuralnetwork|network"),
        None,
        True,
    ),
    "mse": Role(
        "a mean squared error: MSELoss, MeanSquaredError, mse, …",
        _names("mse(loss)?|meansquarederror(loss)?|meansquareerror|loss?mse"),
    ),
    "cross_entropy": Role(
        "a cross-entropy over classes: CrossEntropyLoss, SoftmaxCrossEntropy, …",
        _names(
            "(categorical|softmax|sparsecategorical)?crossentropy(loss|withlogits|withsoftmax)?(loss)?"
            "|(softmax)?ce(loss)?|softmax(activation)?cceloss|cce(loss)?"
        ),
    ),
    "binary_cross_entropy": Role(
        "a binary cross-entropy: BinaryCrossEntropyLoss, BCELoss, …",
        _names("(bce|binarycrossentropy)(loss|withlogits|withlogitsloss)?|logloss"),
    ),
    "sgd": Role(
        "gradient descent: SGD, GradientDescent, …",
        _names("(sgd|gd)(optimizer|momentum)?|(stochastic)?gradientdescent|optimizersgd"),
        None,
        True,
    ),
    "momentum": Role(
        "gradient descent with momentum: SGD(…, momentum=…), Momentum, …",
        _names("(sgd)?(with)?momentum(sgd|optimizer)?"),
        None,
        True,
    ),
    "adam": Role("the Adam optimizer", _names("adam(optimizer)?|optimizeradam"), None, True),
    "dataset": Role(
        "a data set over arrays: TensorDataset, ArrayDataset, …",
        _names("(tensor|array|numpy|simple|inmemory)?dataset"),
        None,
        True,
    ),
    "data_loader": Role(
        "a data loader: DataLoader, BatchIterator, …",
        _names("(mini)?(data|batch)(loader|iterator|generator)|minibatch(es)?"),
    ),
    "seed": Role("a function that seeds", _names("(manual|set)?(random)?seed(s|all|everything)?")),
    "save": Role(
        "a function that saves a model: save_checkpoint, save_model, save, …",
        _names("save(checkpoint|model|weights|parameters|params|statedict)?"),
    ),
    "load": Role(
        "a function that loads a model: load_checkpoint, load_model, load, …",
        _names("load(checkpoint|model|weights|parameters|params|statedict)?"),
    ),
}
