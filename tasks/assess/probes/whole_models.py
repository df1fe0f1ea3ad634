"""The probes of accuracy, engineering and language models, by name."""

from tasks.assess.probes.accuracy import Accuracy
from tasks.assess.probes.component_reuse import ComponentReuse, UnifiedFramework
from tasks.assess.probes.gpt import GptCausalMask, GptLossFalls, GptShapes, GptUsesContext
from tasks.assess.probes.learning_parameters import (
    GptGradientsReachAll,
    MnistCnnTrainsEveryParameter,
)
from tasks.assess.probes.model_probe import ModelProbe
from tasks.assess.probes.parameter_efficiency import CnnParameterEfficiency
from tasks.assess.probes.production import BadInputRefused, SaveLoadModel
from tasks.assess.probes.run_time_imports import NoForbiddenModules
from tasks.assess.probes.short_training import Cifar10ShortTraining
from tasks.assess.probes.speed import (
    ActivationMemory,
    BatchedInferenceSpeed,
    ConvolutionSpeed,
    MatrixSpeed,
)
from tasks.assess.probes.stability import BatchSizeIndependence, DeterministicRuns, NoHiddenState
from tasks.assess.probes.static import CodeStyleFigures, OnlyAllowedImports, StaticProbe
from tasks.assess.probes.text import TextDeterministic, TextPerplexity, TextValid

MODEL_PROBES: dict[str, ModelProbe] = {
    probe.name: probe
    for probe in (
        Accuracy("mnist_mlp_accuracy", 1, "mnist_mlp", "mnist", 0.85, 2000, 100, 40.0),
        Accuracy("mnist_cnn_accuracy", 2, "mnist_cnn", "mnist", 0.95, 1500, 100, 60.0),
        Accuracy("cifar10_accuracy", 4, "cifar_cnn", "cifar10", 0.75, 2000, 50, 90.0),
        MnistCnnTrainsEveryParameter(),
        CnnParameterEfficiency(),
        ActivationMemory(),
        Cifar10ShortTraining(),
        ConvolutionSpeed(),
        MatrixSpeed(),
        BatchedInferenceSpeed(),
        DeterministicRuns(),
        NoHiddenState(),
        BatchSizeIndependence(),
        SaveLoadModel(),
        BadInputRefused(),
        NoForbiddenModules(),
        GptShapes(),
        GptCausalMask(),
        GptUsesContext(),
        GptGradientsReachAll(),
        GptLossFalls(),
        ComponentReuse(),
        UnifiedFramework(),
        TextValid(),
        TextDeterministic(),
        TextPerplexity(),
    )
}
# They read files and run nothing; called with the submission's folder.
STATIC_PROBES: dict[str, StaticProbe] = {
    probe.name: probe for probe in (OnlyAllowedImports(), CodeStyleFigures())
}
