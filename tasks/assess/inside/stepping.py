"""A student's optimizer, in whichever style it takes its parameters and gradients."""

import contextlib
from typing import Any

import numpy as np

from .binding import NotOffered, call_bound
from .discovery import Found, Framework
from .parameters import LISTS, Parameter
from .values import storage


class Optimizer:
    """One optimizer over a network (or a bare tensor).

    Args:
        network: its layers or itself are what the optimizer may want; `parameters` are its arrays.
        settings: rate, momentum and the like, by the keys of `binding.ALIASES`.

    Raises:
        NotOffered: the optimizer does not take one of the settings.
    """

    def __init__(
        self,
        framework: Framework,
        found: Found,
        network: Any,
        parameters: list[Parameter],
        settings: dict[str, Any],
    ) -> None:
        self.framework = framework
        self.network = network
        self.parameters = parameters
        self.style: str | None = None
        tensors = _own_list(network) or [parameter.get() for parameter in parameters]
        try:
            self.made = call_bound(
                found.target, {"parameters": tensors, **settings}, ("parameters", "rate")
            )
            self.has_parameters = True
        except NotOffered as refusal:
            try:
                self.made = call_bound(found.target, settings, ("rate",))
            except NotOffered:
                raise refusal from None
            self.has_parameters = False

    def zero(self) -> None:
        """Forget the gradients, the student's way where there is one."""
        for thing in (self.made, self.network):
            method = getattr(thing, "zero_grad", None)
            if callable(method):
                with contextlib.suppress(TypeError):
                    method()
                    return
        for parameter in self.parameters:
            parameter.clear_gradient()

    def step(self) -> str:
        """Step once; the style that moved something is kept for the next steps.

        Returns:
            The style; empty where nothing moved in any.
        """
        for style in (self.style,) if self.style else self._styles():
            before = [parameter.read() for parameter in self.parameters]
            try:
                self._around("pre_update_params")
                getattr(self, style)()
                self._around("post_update_params")
            except (TypeError, AttributeError, KeyError, IndexError, ValueError):
                if self.style:
                    raise
                continue
            after = [parameter.read() for parameter in self.parameters]
            if self.style or any(
                not np.array_equal(a, b) for a, b in zip(before, after, strict=True)
            ):
                self.style = style
                return style
        return ""

    def _around(self, name: str) -> None:
        """Some optimizers count their steps beside the update."""
        method = getattr(self.made, name, None)
        if callable(method):
            method()

    def _styles(self) -> tuple[str, ...]:
        alone = ("_alone",) if self.has_parameters else ()
        return (*alone, "_on_network", "_on_layers", "_on_arrays")

    def _method(self) -> Any:
        for name in ("step", "update", "apply", "update_params"):
            method = getattr(self.made, name, None)
            if callable(method):
                return method
        raise AttributeError("no step")

    def _alone(self) -> None:
        self._method()()

    def _on_network(self) -> None:
        self._method()(self.network)

    def _on_layers(self) -> None:
        layers = getattr(self.network, "layers", None) or [self.network]
        learning = [one for one in layers if any(p.owner is one for p in self.parameters)]
        method = self._method()
        for layer in learning or layers:
            method(layer)

    def _on_arrays(self) -> None:
        arrays = [storage(parameter.get()) for parameter in self.parameters]
        changed = self._method()(arrays, [parameter.gradient() for parameter in self.parameters])
        if isinstance(changed, list | tuple):
            for parameter, value in zip(self.parameters, changed, strict=True):
                parameter.write(np.asarray(value))


def _own_list(network: Any) -> Any:
    """What the network's own parameters() gives, as it is; None where that holds nothing."""
    for name in LISTS:
        given = getattr(network, name, None)
        if callable(given):
            given = given()
        if given is not None:
            return (list(given) if hasattr(given, "__next__") else given) or None
    return None
