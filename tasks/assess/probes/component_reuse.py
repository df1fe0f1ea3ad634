"""How much of the language model is made of components that the framework had already."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.model_probe import Malformed, ModelProbe, listed, told
from tasks.assess.results import Outcome, ProbeResult

THRESHOLD = 0.95
IMAGE_MODELS = 3


class ComponentReuse(ModelProbe):
    """The share of learned numbers that lie in reused components.

    A component is reused if the image models hold it too, or if it lies in the framework outside
    the language model's own file and is not a second linear layer beside the framework's.
    """

    name = "component_reuse"
    milestones = (5,)
    public = True
    advice = (
        "Make attention and the blocks of the framework's own linear layer, and keep new general "
        "layers (embedding, normalisation) in the framework beside the others."
    )

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        return [Job("component_reuse")]

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        components = _components(results[0])
        total = sum(component["numbers"] for component in components)
        if total == 0:
            return self.graded(0.0, "The language model has no learned numbers.")
        new = [component for component in components if not _is_reused(component)]
        reused = total - sum(component["numbers"] for component in new)
        share = reused / total
        names = ", ".join(
            f"{told(c['name'])} ({c['numbers']:,}, {told(c['file'])})" for c in new[:4]
        )
        figures = {
            "n": total,
            "reused": reused,
            "share": round(share, 4),
            "threshold": THRESHOLD,
            "components": [told(component["name"]) for component in components],
        }
        if not results[0].values.get("models"):
            return self.result(
                Outcome.FAILED,
                0.0,
                "No image model could be built, so there is nothing that could be reused.",
                figures=figures,
            )
        return self.graded(
            1.0 if share >= THRESHOLD else share / THRESHOLD,
            f"{100 * share:.1f} % of the language model's {total:,} learned numbers lie in the "
            f"framework's components ({100 * THRESHOLD:.0f} % are asked for)."
            + (f" New: {names}." if new else ""),
            figures=figures,
        )


class UnifiedFramework(ModelProbe):
    """One tensor, one linear layer, one loss and one optimizer for images and for text."""

    name = "unified_framework"
    milestones = (5,)
    public = True
    seconds = 30.0
    advice = "Build all models of the same Tensor, Linear, loss and optimizer classes."

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        params = {"seed": 0, "rows": 4, "longest": 8, "steps": 3, "seconds": 10.0}
        return [Job("component_reuse"), Job("gpt_training", params)]

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        values = results[0].values
        components = _components(results[0])
        models = listed(values, "models")
        roles = values.get("roles")
        tensors, image_tensors = listed(values, "tensors"), listed(values, "image_tensors")
        linear = [component for component in components if component["kind"] == "linear"]
        parts = {
            f"{len(models)} of {IMAGE_MODELS} image models are built beside the language model": (
                len(models) / IMAGE_MODELS
            ),
            "one tensor class in all models": float(
                bool(tensors) and set(map(str, tensors)) <= set(map(str, image_tensors))
            ),
            "one linear layer in all models": float(
                bool(linear) and all(component["shared"] for component in linear)
            ),
            "the language model is trained by the framework's loss and optimizer": float(
                isinstance(roles, dict)
                and "cross_entropy" in roles
                and results[1].values.get("trains") is True
            ),
        }
        wrong = [part for part, share in parts.items() if share < 1]
        share = sum(parts.values()) / len(parts)
        evidence = (
            f"Not all of it is one framework: what is missing is {'; '.join(wrong)}."
            if wrong
            else "Images and text use one tensor, one linear layer, one loss and one optimizer."
        )
        return self.graded(
            share, evidence, figures={"n": len(parts), "right": len(parts) - len(wrong)}
        )


def _components(result: JobResult) -> list[dict[str, Any]]:
    """The entries of the answer, checked."""
    entries = listed(result.values, "components")
    for entry in entries:
        sound = isinstance(entry, dict) and isinstance(entry.get("numbers"), int)
        if not sound or entry["numbers"] < 0 or not {"name", "file", "kind"} <= entry.keys():
            raise Malformed("a component is not described")
    return entries


def _is_reused(component: dict[str, Any]) -> bool:
    if component.get("shared") is True:
        return True
    return component.get("own_file") is not True and component["kind"] != "linear"
