"""Arguments for a student's signature, whatever its parameters are called."""

import inspect
from collections.abc import Callable
from typing import Any

ALIASES: dict[str, tuple[str, ...]] = {
    "in": (
        *("in_features", "input_size", "in_channels", "input_dim", "in_dim", "n_in", "nin"),
        *("fan_in", "in_size", "input_features", "input_channels", "n_inputs", "inputs", "in_ch"),
        *("num_inputs", "dim_in", "in_planes", "input_units", "d_in", "channels_in"),
    ),
    "out": (
        *("out_features", "output_size", "out_channels", "output_dim", "out_dim", "n_out", "nout"),
        *("fan_out", "out_size", "output_features", "output_channels", "n_outputs", "outputs"),
        *("num_outputs", "dim_out", "units", "n_filters", "num_filters", "filters", "out_ch"),
        *("d_out", "n_units", "n_neurons", "output_units", "channels_out"),
    ),
    "kernel": (
        *("kernel_size", "kernel", "k", "filter_size", "ksize", "size", "kernel_shape"),
        *("pool_size", "window", "window_size", "pool", "ks"),
    ),
    "stride": ("stride", "strides", "s", "step"),
    "padding": ("padding", "pad", "p"),
    "rate": ("lr", "learning_rate", "eta", "alpha", "rate", "step_size"),
    "momentum": ("momentum", "mu", "beta"),
    "nesterov": ("nesterov",),
    "first_decay": ("beta1", "b1", "beta_1"),
    "second_decay": ("beta2", "b2", "beta_2"),
    "decays": ("betas",),
    "parameters": ("params", "parameters", "param_list", "model_parameters", "layers", "tensors"),
    "gradients": ("grads", "gradients"),
    "dataset": ("dataset", "data", "ds"),
    "inputs": ("x", "X", "features", "images", "inputs", "x_data", "data"),
    "targets": ("y", "Y", "labels", "targets", "y_data"),
    "batch": ("batch_size", "batch", "bs", "batchsize"),
    "shuffle": ("shuffle", "shuffled"),
    "model": ("model", "net", "network", "module", "m"),
    "path": ("path", "filename", "filepath", "file", "fname", "file_path", "checkpoint_path"),
    "generator": ("rng", "generator", "random_generator"),
    "seed": ("seed", "random_state", "random_seed"),
    "gradient": (
        *("grad", "gradient", "grad_output", "grad_out", "dout", "upstream", "output_gradient"),
        *("d_out", "dy", "dz", "delta", "grad_outputs", "out_grad", "g", "output_grad", "error"),
        *("d_output", "dA", "da", "d_values", "dvalues", "gradient_output", "upstream_gradient"),
        *("grads", "dL", "d", "loss_grad", "loss_gradient", "dL_dout", "upstream_grad"),
    ),
}


# For what a signature requires beyond what a probe asks.
USUAL: dict[str, Any] = {
    **{"axis": -1, "dim": -1, "stride": 1, "strides": 1, "padding": 0, "pad": 0},
    **{"bias": True, "use_bias": True, "training": False, "train": False, "is_training": False},
    **{"activation": None, "name": "probed"},
}


class NotOffered(Exception):
    """The signature has no place for something that was asked of it."""


def bind(
    target: Callable, given: dict[str, Any], needed: tuple[str, ...] = ()
) -> tuple[tuple, dict]:
    """How to call `target` with the given values.

    Args:
        given: by the keys of ALIASES.
        needed: those that may also go to parameters of unknown names, in this order.

    Returns:
        (args, kwargs).

    Raises:
        NotOffered: a value has no parameter, or a required parameter no value.
    """
    try:
        parameters = list(inspect.signature(target).parameters.values())
    except (TypeError, ValueError):
        return tuple(given[key] for key in needed), {}
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    left = dict(given)
    named: dict[str, str] = {}
    for parameter in parameters:
        for key in left:
            if parameter.name in ALIASES[key] and key not in named.values():
                named[parameter.name] = key
                break
    for key in named.values():
        left.pop(key)
    strangers = [key for key in needed if key in left]
    for parameter in parameters:
        required = parameter.default is inspect.Parameter.empty
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            args += [left.pop(key) for key in strangers if key in left]
            continue
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        if parameter.name in named:
            value = given[named[parameter.name]]
        elif required and parameter.name in USUAL:
            value = USUAL[parameter.name]
        elif required and strangers:
            value = left.pop(strangers.pop(0))
        elif required:
            raise NotOffered(f"nothing is known for the parameter {parameter.name!r}")
        else:
            continue
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            args.append(value)
        else:
            kwargs[parameter.name] = value
    if left:
        raise NotOffered(f"no parameter for {', '.join(left)}")
    return tuple(args), kwargs


def call_bound(target: Callable, given: dict[str, Any], needed: tuple[str, ...] = ()) -> Any:
    """Call `target` as `bind` says."""
    args, kwargs = bind(target, given, needed)
    return target(*args, **kwargs)


def required_names(target: Callable) -> list[str]:
    """Names of the parameters without a default, self apart."""
    try:
        parameters = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):
        return []
    usual = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.default is inspect.Parameter.empty and p.kind in usual]
