"""What curation may be told."""

from pydantic import BaseModel, ConfigDict, Field, model_validator


class CurationSettings(BaseModel):
    """Bounds and thresholds of curation. Unknown keys are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_words: int = Field(default=20, ge=1, description="Fewest words of an output.")
    max_words: int = Field(default=500, ge=1, description="Most words of an output.")
    near_duplicate: float = Field(
        default=0.8,
        ge=0.5,
        le=1.0,
        description="Rows whose word shingles have this Jaccard similarity or more are one; "
        "the first is kept.",
    )
    related: float = Field(
        default=0.5,
        ge=0.4,
        le=1.0,
        description="Rows with this Jaccard similarity or more go to the same split.",
    )
    seed: int = Field(default=1, ge=0, description="Of the MinHash permutations.")

    @model_validator(mode="after")
    def _bounds_in_order(self) -> "CurationSettings":
        if self.min_words > self.max_words:
            raise ValueError(f"min_words {self.min_words} is above max_words {self.max_words}")
        if self.related > self.near_duplicate:
            raise ValueError(f"related {self.related} is above near_duplicate")
        return self
