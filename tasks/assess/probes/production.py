"""What a model needs outside the notebook: it can be saved, and it refuses what it cannot take."""

from collections.abc import Sequence

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.model_probe import Malformed, ModelProbe, array, listed, told
from tasks.assess.probes.stability import IMAGES, ROUNDING, random_images
from tasks.assess.results import ProbeResult


class SaveLoadModel(ModelProbe):
    """A model saved and loaded into another, whose weights were different, gives its scores."""

    name = "save_load_model"
    milestones = (4,)
    public = True
    advice = (
        "Write save(model, path) and load(model, path), or state_dict and load_state_dict, and "
        "save running means too."
    )

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        return [Job("model_checkpoint", {"model": "cifar_cnn"}, {"images": random_images(rng)})]

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        how = results[0].values.get("how")
        if not how:
            tried = "; ".join(told(p) for p in listed(results[0].values, "problems")[:3])
            return self.graded(0.0, f"No way of saving and loading a model works. Tried: {tried}.")
        before, spoilt, after = (
            array(results[0], name, IMAGES, None) for name in ("before", "spoilt", "after")
        )
        if not before.shape == spoilt.shape == after.shape:
            raise Malformed("the scores differ in shape")
        scale = max(float(np.abs(before).max()), 1e-12)
        error = float(np.abs(before - after).max() / scale)
        figures = {"n": IMAGES, "largest_difference": float(f"{error:.3g}"), "how": told(how)}
        if np.allclose(before, spoilt):
            return self.graded(
                0.0,
                "The scores do not depend on the weights, so loading cannot be judged.",
                figures=figures,
            )
        if error <= ROUNDING:
            return self.graded(
                1.0,
                f"A model saved and loaded by {told(how)} gives the same scores.",
                figures=figures,
            )
        return self.graded(
            0.0,
            f"A model saved and loaded by {told(how)} gives other scores than before.",
            example=f"Image 0: saved {before[0, 0]:.4g}, loaded {after[0, 0]:.4g}.",
            figures=figures,
        )


class BadInputRefused(ModelProbe):
    """Inputs that cannot be right raise an error that says something."""

    name = "bad_input_refused"
    milestones = (4,)
    public = False
    seconds = 20.0
    advice = "Check shapes and types where data enters the model, and say what was expected."

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        images = random_images(rng)
        arrays = {
            "images": images,
            "bad channels": images[:2, :2],
            "bad vector": images[0, 0, 0],
            "bad empty channels": images[:2, :0],
        }
        return [Job("model_bad_inputs", {"model": "cifar_cnn"}, arrays)]

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        cases = results[0].values.get("cases")
        if not isinstance(cases, dict) or not cases:
            raise Malformed("there are no cases")
        refused = [name for name, said in cases.items() if _is_refusal(str(said))]
        taken = {name: told(said) for name, said in cases.items() if name not in refused}
        example = "; ".join(f"{told(name)}: {said}" for name, said in list(taken.items())[:1])
        return self.graded(
            len(refused) / len(cases),
            f"{len(refused)} of {len(cases)} wrong inputs are refused with a message.",
            example=example,
            figures={"n": len(cases), "refused": len(refused)},
        )


def _is_refusal(said: str) -> bool:
    kind, _, message = said.removeprefix("raised ").partition(": ")
    return said.startswith("raised ") and bool(kind) and bool(message.strip())
