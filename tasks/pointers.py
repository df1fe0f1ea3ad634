"""What goes between stages: small pointers to files, never the data itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tasks.files import sha256_of


class FilePointer(BaseModel):
    """A file and what its content was when it was pointed at."""

    model_config = ConfigDict(frozen=True)

    path: Path
    sha256: str
    bytes: int
    rows: int | None = None

    @classmethod
    def to(cls, path: Path, rows: int | None = None) -> "FilePointer":
        """Point at an existing file. `rows` is the number of rows where it is a table."""
        path = path.resolve()
        return cls(path=path, sha256=sha256_of(path), bytes=path.stat().st_size, rows=rows)

    def is_intact(self) -> bool:
        """Whether the file is still there with the same content."""
        return (
            self.path.is_file()
            and self.path.stat().st_size == self.bytes
            and sha256_of(self.path) == self.sha256
        )


class StageResult(BaseModel):
    """What a stage returns: the files it wrote, its key figures, and what it has to warn of."""

    files: dict[str, FilePointer] = Field(default_factory=dict)
    figures: dict[str, Any] = Field(default_factory=dict)
    warnings: list[str] = Field(default_factory=list)
    seconds: float = 0.0

    @classmethod
    def of(
        cls,
        written: Mapping[str, Path],
        figures: dict[str, Any] | None = None,
        warnings: list[str] | None = None,
    ) -> "StageResult":
        """What a stage that has written these files returns."""
        return cls(
            files={name: FilePointer.to(path) for name, path in written.items()},
            figures=figures or {},
            warnings=warnings or [],
        )

    def path(self, name: str) -> Path:
        """Path of one of the files."""
        return self.files[name].path

    def is_intact(self) -> bool:
        """Whether every file is still there with the same content."""
        return all(file.is_intact() for file in self.files.values())
