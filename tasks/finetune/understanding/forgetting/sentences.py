"""General English sentences for a perplexity that has nothing to do with the task."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import BadInput, StageFailed
from tasks.files import sha256_of
from tasks.locate import PROJECT_ROOT, data_folders

COUNT = 100
OWN_FILE = PROJECT_ROOT / "data" / "forgetting" / "sentences.txt"
WIKIPEDIA_FILE = Path("general") / "wikipedia_sentences.txt"
WIKITEXT_REPOSITORY = "Salesforce/wikitext"
WIKITEXT_REVISION = "b08601e04326c79dfdd32d625aee71d232d685c3"
WIKITEXT_FILE = "wikitext-103-raw-v1/test-00000-of-00001.parquet"
WIKITEXT_LOCAL = Path("general") / "wikitext-103-raw-v1-test.parquet"
LEAST_WORDS, MOST_WORDS = 12, 45
SEED = 103


class WikiTextUnreachable(StageFailed):
    """The hub could not be reached for WikiText-103. Trying again may help."""


@dataclass(frozen=True)
class Sentences:
    """Sentences with their origin.

    Attributes:
        texts: one sentence each.
        source: in words, for the report.
        license: of the text.
        sha256: of the file that they were drawn from.
    """

    texts: list[str]
    source: str
    license: str
    sha256: str


def find_sentences(download: bool = False, count: int = COUNT) -> Sentences:
    """The best source that can be had, in this order.

    The test part of WikiText-103 from a data folder, or from the hub's cache on this machine, or
    (with `download`) from the hub; 200 sentences of Wikipedia from a data folder; those that we
    wrote. Of more than `count` sentences, `count` are drawn, always the same.

    Raises:
        WikiTextUnreachable: it was asked for and cannot be had.
        BadInput: a file that is there has too few sentences or cannot be read.
    """
    wikitext = _in_data_folders(WIKITEXT_LOCAL) or _from_hub(download)
    if wikitext:
        return _drawn(
            wikitext, wikitext_sentences, "WikiText-103, test part", "CC-BY-SA-3.0", count
        )
    wikipedia = _in_data_folders(WIKIPEDIA_FILE)
    if wikipedia:
        name = "sentences of English Wikipedia (the sample that gensim 4.4.0 ships)"
        return _drawn(wikipedia, _lines, name, "CC-BY-SA-3.0", count)
    return _drawn(OWN_FILE, _lines, "sentences written for this project", "CC0-1.0", count)


def wikitext_sentences(path: Path) -> list[str]:
    """Whole sentences of 12 to 45 words of WikiText's raw Parquet file, without its headings.

    The raw text sets marks apart with spaces and " @-@ "; they are put back.
    """
    import pyarrow.parquet as pq

    found = []
    for paragraph in pq.read_table(path, columns=["text"])["text"].to_pylist():
        text = paragraph.strip()
        if not text or text.startswith("="):
            continue
        for sentence in re.split(r"(?<=[a-z)\"] [.!?]) (?=[A-Z\"])", text):
            words = re.sub(r" @(.)@ ", r"\1", sentence)
            plain = re.sub(r" ([.,;:!?)%]|'s\b)", r"\1", words).replace("( ", "(").strip()
            if LEAST_WORDS <= len(plain.split()) <= MOST_WORDS and plain[-1] in ".!?":
                found.append(plain)
    return found


def _in_data_folders(name: Path) -> Path | None:
    return next((path for folder in data_folders() if (path := folder / name).is_file()), None)


def _from_hub(download: bool) -> Path | None:
    """The file in the hub's cache on this machine, or fetched into it; None where it is not."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        found = hf_hub_download(
            WIKITEXT_REPOSITORY,
            WIKITEXT_FILE,
            repo_type="dataset",
            revision=WIKITEXT_REVISION,
            local_files_only=not download,
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        if not download:
            return None
        raise WikiTextUnreachable(
            f"WikiText-103 ({WIKITEXT_REPOSITORY}) cannot be fetched from the hub "
            f"({type(error).__name__}): run again with the network, or without asking for it"
        ) from error
    return Path(found)


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _drawn(
    path: Path, read: Callable[[Path], list[str]], source: str, license_name: str, count: int
) -> Sentences:
    try:
        texts = read(path)
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(f"{path} cannot be read as sentences ({error}): restore it") from None
    if len(texts) < count:
        raise BadInput(f"{path} has {len(texts)} sentences, fewer than {count}: restore it")
    if len(texts) > count:
        texts = random.Random(SEED).sample(texts, count)  # noqa: S311 — no secret
    return Sentences(texts, source, license_name, sha256_of(path))
