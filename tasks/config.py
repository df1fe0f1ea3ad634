"""The base of every flow's configuration."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tasks.locate import PROJECT_ROOT


class FlowConfig(BaseModel):
    """What every flow takes. Unknown keys are an error."""

    # Defaults go through the same types as what is given: a default 80 and a given 80.0 are one.
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, validate_default=True)

    output_dir: Path = Field(
        default=Path("outputs"), description="Folder for the results; one folder a run in it."
    )
    refresh: bool = Field(default=False, description="Run every stage again, cached or not.")
    debug: bool = Field(default=False, description="Show tracebacks.")

    def resolved_output_dir(self) -> Path:
        """The output folder; a relative one is inside the project."""
        expanded = self.output_dir.expanduser()
        return expanded if expanded.is_absolute() else PROJECT_ROOT / expanded

    def part(self, *names: str) -> dict[str, Any]:
        """The named settings, as keyword arguments for a stage."""
        return {name: getattr(self, name) for name in names}
