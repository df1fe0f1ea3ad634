"""How many tokens a text has for the model, where its tokenizer is at hand."""

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.errors import BadInput
from tasks.locate import model_folders

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENIZER_FILE = "tokenizer.json"


def find_tokenizer(given: Path | None = None) -> Path | None:
    """A tokenizer.json: the one given (a file or a folder), or the first in the model folders.

    A folder of a model may lie one below a model folder; several are taken in order of name.

    Raises:
        BadInput: what was given is or holds no tokenizer.
    """
    if given is not None:
        path = given / TOKENIZER_FILE if given.is_dir() else given
        if not path.is_file():
            raise BadInput(f"{path} is no file: give a tokenizer.json or a folder that holds one")
        return path
    for folder in model_folders():
        for path in (folder / TOKENIZER_FILE, *sorted(folder.glob(f"*/{TOKENIZER_FILE}"))):
            if path.is_file():
                return path
    return None


def load_tokenizer(path: Path) -> "Tokenizer":
    """The tokenizer of a file. Raises BadInput where it is none."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # noqa: BLE001 — the library raises plain Exception
        raise BadInput(f"{path} is no tokenizer ({error}): give another tokenizer.json") from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def count_tokens(tokenizer: "Tokenizer", texts: list[str]) -> list[int]:
    """Tokens of each text, without those that begin and end a sequence."""
    encodings = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    return [len(encoding) for encoding in encodings]
