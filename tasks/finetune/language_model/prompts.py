"""How a row becomes a prompt and a completion: the same in training, evaluation and serving.

A prompt holds every special token that the model needs, so tokenize it with
`add_special_tokens=False` (`encode`).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tasks.errors import BadInput

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

RESPONSE = "### Response:\n"


def has_template(tokenizer: "PreTrainedTokenizerFast") -> bool:
    """Whether the tokenizer says how its model is talked to."""
    return bool(tokenizer.chat_template)


def format_prompt(example: Mapping[str, str], tokenizer: "PreTrainedTokenizerFast") -> str:
    """All that stands before the model's answer.

    The model's own chat template where it has one; else ### Instruction, ### Input (where there
    is any) and ### Response, after the token that begins a text where the tokenizer has one.

    Args:
        example: with instruction and input.

    Raises:
        BadInput: the template cannot be rendered, or leaves out the question.
    """
    instruction = _plain(example["instruction"], tokenizer)
    further = _plain(example.get("input", ""), tokenizer)
    if not has_template(tokenizer):
        asked = f"### Input:\n{further}\n\n" if further else ""
        return f"{_beginning(tokenizer)}### Instruction:\n{instruction}\n\n{asked}{RESPONSE}"
    question = f"{instruction}\n\n{further}" if further else instruction
    return _from_template(question, tokenizer)


def format_example(
    example: Mapping[str, str], tokenizer: "PreTrainedTokenizerFast"
) -> dict[str, str]:
    """The prompt, and the completion that ends with exactly one EOS token.

    Args:
        example: with instruction, input and output.

    Returns:
        {"prompt", "completion"}.

    Raises:
        BadInput: as `format_prompt`.
    """
    completion = _plain(example["output"], tokenizer) + tokenizer.eos_token
    return {"prompt": format_prompt(example, tokenizer), "completion": completion}


def encode(text: str, tokenizer: "PreTrainedTokenizerFast") -> list[int]:
    """Token ids of a prompt or a completion as `format_prompt` and `format_example` make them."""
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def _plain(text: str, tokenizer: "PreTrainedTokenizerFast") -> str:
    """A row's text without outer white space, and without what would be read as a special token.

    A special token in a row's text (such as <|im_end|>, or <filename>, which some models reserve)
    gets a space after its first character: it stays readable and is no longer a command.
    """
    for token in _special(tokenizer):
        if token in text:
            text = text.replace(token, f"{token[0]} {token[1:]}")
    return text.strip()


def _special(tokenizer: "PreTrainedTokenizerFast") -> list[str]:
    added = tokenizer.added_tokens_decoder.values()
    return [token.content for token in added if token.special and token.content.strip()]


def _beginning(tokenizer: "PreTrainedTokenizerFast") -> str:
    """The token that begins a text, where the tokenizer itself would add it."""
    first = tokenizer("")["input_ids"][:1]
    return tokenizer.bos_token if first and first[0] == tokenizer.bos_token_id else ""


def _from_template(question: str, tokenizer: "PreTrainedTokenizerFast") -> str:
    from jinja2 import TemplateError

    try:
        prompt = tokenizer.apply_chat_template(
            [{"role": "user", "content": question}], tokenize=False, add_generation_prompt=True
        )
    except (TemplateError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise BadInput(
            f"the tokenizer's chat template is broken ({str(error)[:160]}): mend or remove it"
        ) from None
    if question not in prompt:
        raise BadInput(
            "the tokenizer's chat template leaves out or changes the user's message: mend or "
            "remove it"
        )
    return prompt
