"""An array that remembers how it was made, so that gradients can flow back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

_recording = True


@contextmanager
def no_grad() -> Iterator[None]:
    """Inside, nothing is remembered: for predictions."""
    global _recording
    before, _recording = _recording, False
    try:
        yield
    finally:
        _recording = before


class Tensor:
    """An n-dimensional array with automatic differentiation.

    Args:
        data: numbers. Floats keep their precision, whole numbers stay whole.
        requires_grad: whether `backward` is to leave a gradient here.
    """

    def __init__(self, data, requires_grad: bool = False) -> None:
        if isinstance(data, Tensor):
            data = data.data
        is_array = isinstance(data, np.ndarray | np.generic)
        data = np.asarray(data)
        if data.dtype == object or data.dtype.kind not in "biuf":
            raise TypeError(f"A Tensor holds numbers, not {data.dtype}.")
        # Python's floats become 32-bit; a numpy array was given its precision on purpose.
        self.data = data.astype(np.float32) if data.dtype.kind == "f" and not is_array else data
        self.requires_grad = requires_grad
        self.grad: np.ndarray | None = None
        self._parents: tuple[Tensor, ...] = ()
        self._back: Callable[[np.ndarray], tuple] | None = None

    @classmethod
    def from_operation(cls, data: np.ndarray, parents: tuple, back: Callable) -> "Tensor":
        """The result of an operation.

        Args:
            parents: the tensors that it was made of.
            back: gives, from the gradient of the result, one gradient a parent (or None).
        """
        out = cls(np.asarray(data))
        if _recording and any(parent.requires_grad for parent in parents):
            out.requires_grad, out._parents, out._back = True, parents, back
        return out

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def ndim(self) -> int:
        return self.data.ndim

    @property
    def size(self) -> int:
        return self.data.size

    @property
    def dtype(self) -> np.dtype:
        return self.data.dtype

    def numpy(self) -> np.ndarray:
        return self.data

    def item(self) -> float:
        return self.data.item()

    def detach(self) -> "Tensor":
        return Tensor(self.data)

    def zero_grad(self) -> None:
        self.grad = None

    def backward(self, gradient=None) -> None:
        """Add the gradient of this tensor to every tensor it was made of that wants one."""
        if not self.requires_grad:
            raise RuntimeError("backward() needs a tensor that was made from parameters.")
        if gradient is None:
            if self.size != 1:
                raise RuntimeError("backward() without a gradient needs a single number.")
            gradient = np.ones_like(self.data)
        gradients = {id(self): np.asarray(getattr(gradient, "data", gradient))}
        for tensor in reversed(self._ancestors()):
            gradient = gradients.pop(id(tensor), None)
            if gradient is None:
                continue
            if tensor._back is None:
                tensor.grad = gradient.copy() if tensor.grad is None else tensor.grad + gradient
                continue
            for parent, part in zip(tensor._parents, tensor._back(gradient), strict=True):
                if parent.requires_grad and part is not None:
                    known = gradients.get(id(parent))
                    gradients[id(parent)] = part if known is None else known + part

    def _ancestors(self) -> list["Tensor"]:
        """All tensors that this one was made of and itself, in the order of their making."""
        order, seen, waiting = [], set(), [(self, False)]
        while waiting:
            tensor, done = waiting.pop()
            if done:
                order.append(tensor)
            elif id(tensor) not in seen:
                seen.add(id(tensor))
                waiting.append((tensor, True))
                waiting.extend((parent, False) for parent in tensor._parents)
        return order

    def __add__(self, other) -> "Tensor":
        other = as_tensor(other, self)
        a, b = self.shape, other.shape
        return Tensor.from_operation(
            self.data + other.data, (self, other), lambda g: (_summed_to(g, a), _summed_to(g, b))
        )

    def __mul__(self, other) -> "Tensor":
        other = as_tensor(other, self)
        a, b = self.data, other.data
        return Tensor.from_operation(
            a * b,
            (self, other),
            lambda g: (_summed_to(g * b, a.shape), _summed_to(g * a, b.shape)),
        )

    def __truediv__(self, other) -> "Tensor":
        other = as_tensor(other, self)
        a, b = self.data, other.data
        return Tensor.from_operation(
            a / b,
            (self, other),
            lambda g: (_summed_to(g / b, a.shape), _summed_to(-g * a / (b * b), b.shape)),
        )

    def __pow__(self, power: float) -> "Tensor":
        a = self.data
        return Tensor.from_operation(a**power, (self,), lambda g: (g * power * a ** (power - 1),))

    def __neg__(self) -> "Tensor":
        return self * -1.0

    def __sub__(self, other) -> "Tensor":
        return self + (-as_tensor(other, self))

    def __rsub__(self, other) -> "Tensor":
        return as_tensor(other, self) - self

    def __rtruediv__(self, other) -> "Tensor":
        return as_tensor(other, self) / self

    __radd__ = __add__
    __rmul__ = __mul__

    def __matmul__(self, other: "Tensor") -> "Tensor":
        other = as_tensor(other, self)
        a, b = self.data, other.data
        if a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
            raise ValueError(f"Shapes {a.shape} and {b.shape} cannot be multiplied.")

        def back(g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            if b.ndim == 2:
                columns = a.reshape(-1, a.shape[-1]), g.reshape(-1, g.shape[-1])
                return g @ b.T, columns[0].T @ columns[1]
            of_a = g @ b.swapaxes(-1, -2)
            return _summed_to(of_a, a.shape), _summed_to(a.swapaxes(-1, -2) @ g, b.shape)

        return Tensor.from_operation(a @ b, (self, other), back)

    def matmul(self, other: "Tensor") -> "Tensor":
        return self @ other

    def sum(self, axis=None, keepdims: bool = False) -> "Tensor":
        shape = self.shape

        def back(g: np.ndarray) -> tuple[np.ndarray]:
            if axis is not None and not keepdims:
                g = np.expand_dims(g, axis)
            return (np.broadcast_to(g, shape),)

        return Tensor.from_operation(self.data.sum(axis=axis, keepdims=keepdims), (self,), back)

    def mean(self, axis=None, keepdims: bool = False) -> "Tensor":
        total = self.sum(axis, keepdims)
        return total * (total.size / self.size)

    def reshape(self, *shape) -> "Tensor":
        shape = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        before = self.shape
        return Tensor.from_operation(
            self.data.reshape(shape), (self,), lambda g: (g.reshape(before),)
        )

    def transpose(self, *axes) -> "Tensor":
        axes = axes or tuple(reversed(range(self.ndim)))
        back = np.argsort(axes)
        return Tensor.from_operation(
            self.data.transpose(axes), (self,), lambda g: (g.transpose(back),)
        )

    @property
    def T(self) -> "Tensor":
        return self.transpose()

    def __getitem__(self, index) -> "Tensor":
        shape = self.shape

        def back(g: np.ndarray) -> tuple[np.ndarray]:
            out = np.zeros(shape, g.dtype)
            np.add.at(out, index, g)
            return (out,)

        return Tensor.from_operation(self.data[index], (self,), back)

    def exp(self) -> "Tensor":
        out = np.exp(self.data)
        return Tensor.from_operation(out, (self,), lambda g: (g * out,))

    def log(self) -> "Tensor":
        a = self.data
        return Tensor.from_operation(np.log(a), (self,), lambda g: (g / a,))

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        return f"Tensor({self.data}, requires_grad={self.requires_grad})"


def as_tensor(value, like: Tensor | None = None) -> Tensor:
    """The value itself where it is a tensor; a number takes the precision of `like`."""
    if isinstance(value, Tensor):
        return value
    if like is not None and like.dtype.kind == "f" and np.isscalar(value):
        return Tensor(np.asarray(value, like.dtype))
    return Tensor(value)


def _summed_to(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The gradient of a broadcast operand: summed over what was repeated."""
    if gradient.shape == shape:
        return gradient
    gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    repeated = tuple(
        axis for axis, (n, wide) in enumerate(zip(shape, gradient.shape, strict=True)) if n != wide
    )
    return gradient.sum(axis=repeated, keepdims=True)
