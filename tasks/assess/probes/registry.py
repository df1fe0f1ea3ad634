"""All probes by name."""

from collections.abc import Sequence

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.activations import Activations, ActivationStability
from tasks.assess.probes.base import Probe
from tasks.assess.probes.checkpoint_round_trip import CheckpointRoundTrip
from tasks.assess.probes.convolution import ConvolutionForward, ConvolutionGradients
from tasks.assess.probes.data_loader import DataLoading
from tasks.assess.probes.dense_forward import DenseForward
from tasks.assess.probes.every_parameter_learns import EveryParameterLearns
from tasks.assess.probes.flatten_forward import FlattenForward
from tasks.assess.probes.layer_gradients import LayerGradients
from tasks.assess.probes.losses import LossGradients, LossValues
from tasks.assess.probes.network_gradients import EndToEndGradient
from tasks.assess.probes.optimizer_steps import OptimizerSteps
from tasks.assess.probes.parameter_registration import ParameterRegistration
from tasks.assess.probes.pooling import PoolingForward, PoolingGradients
from tasks.assess.probes.sequential_forward import SequentialForward
from tasks.assess.probes.spatial_network import SpatialNetwork
from tasks.assess.probes.tensor_operations import TensorOperations
from tasks.assess.probes.training_dynamics import TrainingDynamics
from tasks.assess.probes.training_lowers_loss import TrainingLowersLoss
from tasks.assess.probes.training_repeatable import TrainingRepeatable
from tasks.assess.probes.whole_models import MODEL_PROBES
from tasks.assess.results import Outcome, ProbeResult

# Of the framework's parts; those of whole models are beside them.
FRAMEWORK_PROBES: dict[str, Probe] = {
    probe.name: probe
    for probe in (
        TensorOperations(),
        DenseForward(),
        Activations(),
        ActivationStability(),
        SequentialForward(),
        ParameterRegistration(),
        ConvolutionForward(),
        ConvolutionGradients(),
        PoolingForward(),
        PoolingGradients(),
        FlattenForward(),
        SpatialNetwork(),
        LossValues(),
        LossGradients(),
        LayerGradients(),
        EndToEndGradient(),
        EveryParameterLearns(),
        OptimizerSteps(),
        DataLoading(),
        CheckpointRoundTrip(),
        TrainingLowersLoss(),
        TrainingDynamics(),
        TrainingRepeatable(),
    )
}
PROBES: dict[str, Probe] = FRAMEWORK_PROBES | MODEL_PROBES


def judged(probe: Probe, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
    """The probe's verdict; a grader error where the answers make the judging itself fail."""
    try:
        return probe.judge(jobs, results)
    except Exception as error:  # noqa: BLE001  answers come from the student's process
        return ProbeResult(
            probe=probe.name,
            outcome=Outcome.GRADER_ERROR,
            evidence=f"The answers could not be judged ({type(error).__name__}).",
            next_step="A person looks at this one.",
            figures={"error": f"{type(error).__name__}: {error}"[:300]},
            public=probe.public,
        )
