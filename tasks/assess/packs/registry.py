"""All probes of evidence by name."""

from collections.abc import Sequence
from pathlib import Path

from tasks.assess.packs.base import EvidenceProbe
from tasks.assess.packs.files_present import FilesPresent
from tasks.assess.packs.model_card import ModelCardComplete
from tasks.assess.packs.no_secrets import NoSecrets
from tasks.assess.packs.notebooks_ran import NotebooksRan
from tasks.assess.packs.portable_paths import NoAbsolutePaths
from tasks.assess.packs.run_record import RunConfiguration, RunCost, RunDataVersion, RunTimings
from tasks.assess.packs.run_reproduction import RunReproduction
from tasks.assess.packs.run_results import RunResults
from tasks.assess.packs.video_length import VideoLength
from tasks.assess.packs.written_evidence import RunFailureCases, RunReflection
from tasks.assess.results import Outcome, ProbeResult
from tasks.assess.rubrics.rubric import Assignment

PACK_PROBES: dict[str, EvidenceProbe] = {
    probe.name: probe
    for probe in (
        RunConfiguration(),
        RunDataVersion(),
        RunReproduction(),
        RunResults(),
        RunFailureCases(),
        RunTimings(),
        RunCost(),
        RunReflection(),
        FilesPresent(),
        NotebooksRan(),
        NoAbsolutePaths(),
        NoSecrets(),
        ModelCardComplete(),
        VideoLength(),
    )
}


def inspected(
    probe: EvidenceProbe, submission: Path, assignments: Sequence[Assignment]
) -> ProbeResult:
    """The probe's finding; a grader error where the files make the looking itself fail."""
    try:
        return probe.inspect(submission, assignments)
    except Exception as error:  # noqa: BLE001  the files come from outside
        return ProbeResult(
            probe=probe.name,
            outcome=Outcome.GRADER_ERROR,
            evidence=f"The files could not be looked at ({type(error).__name__}).",
            next_step="A person looks at this one.",
            figures={"error": f"{type(error).__name__}: {error}"[:300]},
            public=probe.public,
        )
