"""What every layer and model is: something with parameters, buffers and a forward pass."""

from collections.abc import Iterator

import numpy as np

from smalltorch.core.tensor import Tensor


class Parameter(Tensor):
    """A tensor that is learned."""

    def __init__(self, data) -> None:
        super().__init__(data, requires_grad=True)


class Module:
    """Base of layers and models. Attributes that are parameters or modules are found by name."""

    def __init__(self) -> None:
        self.training = True
        self._buffers: set[str] = set()

    def forward(self, *inputs):
        raise NotImplementedError(f"{type(self).__name__} has no forward pass.")

    def __call__(self, *inputs):
        return self.forward(*inputs)

    def register_buffer(self, name: str, value: np.ndarray) -> None:
        """An array that is saved with the weights but not learned."""
        self._buffers.add(name)
        setattr(self, name, value)

    def children(self) -> Iterator[tuple[str, "Module"]]:
        """The modules directly inside, with their names."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value
            elif isinstance(value, list | tuple):
                for number, entry in enumerate(value):
                    if isinstance(entry, Module):
                        yield f"{name}.{number}", entry

    def modules(self) -> Iterator["Module"]:
        """This module and all inside it."""
        yield self
        for _, child in self.children():
            yield from child.modules()

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        for name, value in vars(self).items():
            if isinstance(value, Parameter):
                yield prefix + name, value
        for name, child in self.children():
            yield from child.named_parameters(f"{prefix}{name}.")

    def parameters(self) -> list[Parameter]:
        return [parameter for _, parameter in self.named_parameters()]

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, np.ndarray]]:
        for name in sorted(self._buffers):
            yield prefix + name, getattr(self, name)
        for name, child in self.children():
            yield from child.named_buffers(f"{prefix}{name}.")

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all learned arrays and buffers, by name."""
        state = {name: parameter.data.copy() for name, parameter in self.named_parameters()}
        return state | {name: value.copy() for name, value in self.named_buffers()}

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Put saved arrays back.

        Raises:
            KeyError: names are missing or unknown.
            ValueError: a shape differs.
        """
        own = {name: parameter.data for name, parameter in self.named_parameters()}
        own |= dict(self.named_buffers())
        if own.keys() != state.keys():
            raise KeyError(f"missing or unknown: {sorted(own.keys() ^ state.keys())}")
        for name, array in own.items():
            given = np.asarray(state[name])
            if given.shape != array.shape:
                raise ValueError(f"{name} has shape {given.shape}, the model {array.shape}")
            array[...] = given

    def train(self, mode: bool = True) -> "Module":
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> "Module":
        return self.train(False)

    def zero_grad(self) -> None:
        for parameter in self.parameters():
            parameter.zero_grad()
