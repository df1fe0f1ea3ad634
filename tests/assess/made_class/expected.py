"""What each submission of the class must come to, thought out beforehand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from made_class import broken, hostile, partly_right, right
from tasks.assess.results import Outcome

STATIC = ("only_allowed_imports",)
FRAMEWORK_1 = (
    *("tensor_operations", "dense_forward", "activations", "activation_stability"),
    *("sequential_forward", "parameter_registration"),
)
FRAMEWORK_2 = (
    *("convolution_forward", "convolution_gradients", "pooling_forward", "pooling_gradients"),
    *("flatten_forward", "spatial_network"),
)
CNN = (
    *("mnist_cnn_accuracy", "mnist_cnn_trains_every_parameter", "cnn_parameter_efficiency"),
    "activation_memory",
)
RUNNING_CNN = tuple(name for name in CNN if name != "cnn_parameter_efficiency")
RUNS_1 = (*FRAMEWORK_1, "mnist_mlp_accuracy", "no_forbidden_modules")
RUNS_2 = (*FRAMEWORK_2, *CNN, "no_forbidden_modules")


@dataclass(frozen=True)
class Expected:
    """Of one submission in one milestone.

    Attributes:
        outcome: of the milestone.
        score: the range in which it lies, of 100; None where there must be no score.
        probes: those that do not pass, with what they come to.
    """

    outcome: Outcome
    score: tuple[float, float] | None
    probes: dict[str, Outcome] = field(default_factory=dict)


@dataclass(frozen=True)
class Member:
    """One student of the class.

    Attributes:
        student: the name in the roster; not always a file name.
        write: makes the submission in a folder that does not exist yet.
        milestones: what milestones 1 and 2 must come to.
    """

    student: str
    write: Callable[[Path], None]
    milestones: dict[int, Expected]

    @property
    def folder(self) -> str:
        return self.write.__name__


def _fine() -> Expected:
    return Expected(Outcome.PASSED, (100, 100))


def _passed(low: float, high: float, *failed: str) -> Expected:
    return Expected(Outcome.PASSED, (low, high), dict.fromkeys(failed, Outcome.FAILED))


def _failed(low: float, high: float, *failed: str) -> Expected:
    return Expected(Outcome.FAILED, (low, high), dict.fromkeys(failed, Outcome.FAILED))


def _open(*probes: str) -> Expected:
    return Expected(Outcome.NOT_GRADABLE, None, dict.fromkeys(probes, Outcome.NOT_GRADABLE))


def _member(
    write: Callable[[Path], None], first: Expected, second: Expected, student: str = ""
) -> Member:
    return Member(student or write.__name__, write, {1: first, 2: second})


# In milestone 1, 90 points are settled by probes: 14 of them for dense_forward are 15.6 of 100.
CLASS = (
    _member(right.perfect, _fine(), _fine()),
    _member(right.with_other_spellings, _fine(), _fine()),
    _member(right.copied_from_another, _fine(), _fine()),
    _member(
        partly_right.without_bias,
        _passed(60, 70, "dense_forward", "sequential_forward"),
        _passed(92, 98, "spatial_network"),
    ),
    _member(
        partly_right.overflows_and_flattens_too_much,
        _passed(94, 99, "activation_stability"),
        _passed(60, 70, "flatten_forward", "spatial_network", *RUNNING_CNN),
    ),
    _member(
        partly_right.knows_one_layer,
        _passed(68, 80, "sequential_forward", "parameter_registration"),
        _passed(86, 92, "pooling_gradients", "spatial_network"),
    ),
    _member(
        partly_right.close_call,
        Expected(Outcome.PASSED, (98, 99.99), {"mnist_mlp_accuracy": Outcome.BORDERLINE}),
        _passed(94, 99, "mnist_cnn_accuracy"),
    ),
    _member(
        partly_right.convolution_to_come,
        _passed(82, 88, "mnist_mlp_accuracy"),
        _failed(
            *(25, 35, "convolution_forward", "convolution_gradients", "spatial_network"),
            *RUNNING_CNN,
        ),
    ),
    _member(
        partly_right.kernel_without_gradient,
        _fine(),
        _passed(80, 92, "convolution_gradients", "mnist_cnn_trains_every_parameter"),
    ),
    _member(
        partly_right.ignores_stride,
        _passed(80, 95, "activations", "sequential_forward"),
        _passed(85, 98, "convolution_forward", "spatial_network"),
    ),
    _member(
        partly_right.many_parameters,
        _passed(97, 99.9, "tensor_operations"),
        _passed(91, 92, "cnn_parameter_efficiency"),
    ),
    _member(
        hostile.calls_out,
        _passed(97, 98, "only_allowed_imports"),
        _passed(98, 98, "only_allowed_imports"),
    ),
    _member(hostile.fork_bomb, _open(*RUNS_1), _open(*RUNS_2)),
    _member(hostile.memory_bomb, _open(*RUNS_1), _open(*RUNS_2)),
    _member(
        hostile.endless_loop,
        _open(
            "dense_forward", "sequential_forward", "parameter_registration", "mnist_mlp_accuracy"
        ),
        # What is settled is right; 65 points are certain and 60 pass, so that it passes already.
        Expected(
            Outcome.PASSED,
            (100, 100),
            dict.fromkeys(("spatial_network", *RUNNING_CNN), Outcome.NOT_GRADABLE),
        ),
    ),
    _member(hostile.sleeps, _open(*RUNS_1), _open(*RUNS_2)),
    _member(hostile.prints_for_long, _open(*RUNS_1), _open(*RUNS_2)),
    _member(hostile.leaves, _open(*RUNS_1), _open(*RUNS_2)),
    _member(
        hostile.claims_success,
        _failed(44, 52, "dense_forward", "sequential_forward", "mnist_mlp_accuracy"),
        _failed(
            *(48, 58, "convolution_forward", "spatial_network", "mnist_cnn_accuracy"),
            "mnist_cnn_trains_every_parameter",
        ),
    ),
    _member(
        hostile.bends_numpy,
        _failed(44, 52, "dense_forward", "sequential_forward", "mnist_mlp_accuracy"),
        _failed(
            *(48, 58, "convolution_forward", "spatial_network", "mnist_cnn_accuracy"),
            "mnist_cnn_trains_every_parameter",
        ),
    ),
    _member(
        hostile.reads_other_students,
        _passed(82, 84, "mnist_mlp_accuracy"),
        _passed(85, 87, "mnist_cnn_accuracy"),
    ),
    _member(
        hostile.links_elsewhere,
        _passed(82, 84, "mnist_mlp_accuracy"),
        _passed(85, 87, "mnist_cnn_accuracy"),
    ),
    _member(right.with_a_path_for_a_name, _fine(), _fine(), student="../../etc/cron.d/x\u202e"),
    _member(
        broken.syntax_error,
        _failed(
            *(30, 36, "dense_forward", "sequential_forward", "parameter_registration"),
            "mnist_mlp_accuracy",
        ),
        _failed(52, 58, "spatial_network", *CNN),
    ),
    _member(
        broken.missing_package,
        _passed(80, 84, "mnist_mlp_accuracy"),
        _failed(
            *(5, 12, "convolution_forward", "convolution_gradients", "pooling_forward"),
            *("pooling_gradients", "spatial_network", *CNN),
        ),
    ),
    _member(
        broken.imports_torch,
        _passed(95, 96, "only_allowed_imports", "no_forbidden_modules"),
        _passed(96, 96, "only_allowed_imports", "no_forbidden_modules"),
    ),
    _member(
        broken.wrong_shapes,
        _failed(44, 55, "dense_forward", "sequential_forward", "mnist_mlp_accuracy"),
        _failed(
            *(35, 50, "convolution_forward", "convolution_gradients", "spatial_network"),
            *RUNNING_CNN,
        ),
    ),
    _member(
        broken.weights_of_nan,
        _passed(82, 84, "mnist_mlp_accuracy"),
        _passed(78, 81, "mnist_cnn_accuracy", "mnist_cnn_trains_every_parameter"),
    ),
    _member(
        broken.without_weights,
        _passed(82, 84, "mnist_mlp_accuracy"),
        _passed(85, 87, "mnist_cnn_accuracy"),
    ),
    _member(broken.empty, _failed(0, 0, *RUNS_1, *STATIC), _failed(0, 0, *RUNS_2, *STATIC)),
)
