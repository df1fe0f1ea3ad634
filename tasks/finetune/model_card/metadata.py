"""The YAML block of a model card: what the hub sorts, filters and shows a model by."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

TASK = "text-generation"
OTHER = "other"
# Of the hub's list (hub-docs, repositories-licenses) those that models and texts mostly have.
_HUB_LICENCES = """
    apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m
    bigscience-bloom-rail-1.0 afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause cc
    cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0
    cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0
    cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-permissive-1.0 cdla-permissive-2.0 cdla-sharing-1.0
    wtfpl ecl-2.0 epl-1.0 epl-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl
    lgpl-2.1 lgpl-3.0 isc mpl-2.0 ms-pl ncsa odbl odc-by ofl-1.1 osl-3.0 pddl postgresql
    unlicense zlib gemma llama2 llama3 llama3.1 llama3.2 unknown other
"""
HUB_LICENCES = frozenset(_HUB_LICENCES.split())
# Words of a licence that asks for the same licence again, or forbids a use.
CONDITIONS = ("gpl", "-sa", "mpl", "eupl", "share-alike", "identical notice", "-nc", "-nd")
_LANGUAGE = re.compile(r"[a-z]{2,3}|code|multilingual")
_NOT_IN_SLUG = re.compile(r"[^a-z0-9.]+")


def card_data(
    *,
    name: str,
    model: Mapping[str, Any],
    evaluation: Mapping[str, Any],
    dataset: str,
    test_sha256: str,
    data_licences: Sequence[str],
    languages: Sequence[str],
) -> ModelCardData:
    """Metadata of the adapter.

    Args:
        name: of the adapter.
        model: facts of the base model.
        evaluation: facts; every metric with a figure for the tuned model becomes a result.
        dataset: what the data is called.
        test_sha256: of the test split, so that a result names its very rows.
        data_licences: of the rows that were trained on.
        languages: ISO 639 codes of the rows.
    """
    measured = [row for row in evaluation["rows"] if is_number(row["tuned"])]
    licence, licence_name = licence_of_adapter(model.get("license"), data_licences)
    return ModelCardData(
        model_name=name,
        base_model=model["name"] if on_hub(model) else None,
        base_model_relation="adapter" if on_hub(model) else None,
        language=sorted(languages) or None,
        library_name="peft",
        license=licence,
        license_name=licence_name,
        metrics=sorted({metric_type(row["key"]) for row in measured}) or None,
        pipeline_tag=TASK,
        tags=["lora", "peft", "question-answering", "sft", "trl"],
        eval_results=[
            EvalResult(
                task_type=TASK,
                dataset_type=slug(dataset),
                dataset_name=dataset,
                dataset_split="test",
                dataset_args={"sha256": test_sha256, "rows": evaluation["n"]},
                metric_type=metric_type(row["key"]),
                metric_name=row["metric"],
                metric_value=round(float(row["tuned"]), 6),
            )
            for row in measured
        ]
        or None,
    )


def on_hub(model: Mapping[str, Any]) -> bool:
    """Whether the base model's name is one of the hub's: owner/name, and not a folder."""
    return model["origin"] != "folder" and _is_repository(model["name"])


def licence_of_adapter(base: str | None, data: Sequence[str]) -> tuple[str, str | None]:
    """The `license` and, where that is "other", the `license_name` of an adapter.

    It is the base model's where no text that was trained on has conditions of its own. Whether
    such conditions reach a model is disputed; the card leaves it to the reader and says "other".
    """
    known = slug(base or "unknown")
    if known not in HUB_LICENCES:
        return OTHER, known
    if any(mark in licence.lower() for licence in data for mark in CONDITIONS):
        return OTHER, f"{known}-and-licences-of-the-training-data"
    return known, None


def metric_type(key: str) -> str:
    """The hub's identifier of a metric, by its key in `evaluation.metrics`."""
    plain = re.sub(r"[^a-z0-9]", "", key.lower())
    for known in ("rouge", "sacrebleu", "bleu", "perplexity"):
        if known in plain:
            return known
    return slug(key)


def slug(text: str) -> str:
    """Text as an identifier: lower case, digits, full stops and hyphens."""
    return _NOT_IN_SLUG.sub("-", text.lower()).strip("-.")


def is_number(value: Any) -> bool:
    """Whether a fact is there and finite."""
    return value is not None and not isinstance(value, bool) and math.isfinite(value)


def metadata_faults(content: str) -> list[str]:
    """What the hub would refuse in a card, as far as that can be told without it; else empty.

    `ModelCard.validate` asks the hub's server; this follows its published specification.
    """
    try:
        card = ModelCard(content)
    except (ValueError, KeyError, TypeError) as error:
        return [f"the metadata cannot be read: {error}"]
    data = card.data
    if not data.to_dict():
        return ["there is no metadata"]
    return [
        *_licence_faults(data),
        *(
            f"{code!r} is no language code"
            for code in _listed(data.language)
            if not isinstance(code, str) or not _LANGUAGE.fullmatch(code)
        ),
        *(
            f"base_model {name!r} is no name on the hub"
            for name in _listed(data.base_model)
            if not isinstance(name, str) or not _is_repository(name)
        ),
        *(
            f"{field} has {value!r}, which is no text"
            for field in ("tags", "metrics", "library_name", "pipeline_tag")
            for value in _listed(data.get(field))
            if not isinstance(value, str)
        ),
        *_result_faults(data),
    ]


def _licence_faults(data: ModelCardData) -> list[str]:
    if not isinstance(data.license, str) or data.license not in HUB_LICENCES:
        return [f"license {data.license!r} is none of the hub's identifiers"]
    if data.license == OTHER and not data.license_name:
        return ["license is other, but there is no license_name"]
    return []


def _result_faults(data: ModelCardData) -> list[str]:
    return [
        f"the result {result.metric_name or result.metric_type} has no finite number"
        for result in data.eval_results or []
        if not isinstance(result.metric_value, int | float) or not is_number(result.metric_value)
    ]


def _is_repository(name: str) -> bool:
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return name.count("/") == 1


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
