"""The code that a model card shows: load the base model and the adapter, and ask."""

import json
from collections.abc import Mapping
from typing import Any

from tasks.finetune.model_card.metadata import on_hub

QUESTION = "How do I see which process listens on port 8080?"

_CODE = """\
import os

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

# Without the internet: BASE_MODEL and ADAPTER name folders.
base = os.environ.get("BASE_MODEL", {base})
{pin}adapter = os.environ.get("ADAPTER", "lora_adapter")

tokenizer = AutoTokenizer.from_pretrained(adapter)
model = AutoModelForCausalLM.from_pretrained(base, {revision}dtype="auto")
model = PeftModel.from_pretrained(model, adapter).eval()

question = {question}
{prompt}
with torch.inference_mode():
    output = model.generate(**inputs, max_new_tokens=200, do_sample=False)
answer = tokenizer.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
print(answer)"""

_TEMPLATE = """\
inputs = tokenizer.apply_chat_template(
    [{"role": "user", "content": question}],
    add_generation_prompt=True,
    return_dict=True,
    return_tensors="pt",
)"""

_PLAIN = """\
prompt = f"### Instruction:\\n{question}\\n\\n### Response:\\n"
inputs = tokenizer(prompt, return_tensors="pt")"""


def usage_code(model: Mapping[str, Any]) -> str:
    """Python that runs beside the card, or anywhere with ADAPTER set.

    The prompt is that of `language_model.prompts.format_prompt` for a question without an input.

    Args:
        model: facts of the base model: name, revision, origin, template.
    """
    pinned = on_hub(model) and model["origin"] == "hub" and model["revision"]
    return _CODE.format(
        base=json.dumps(model["name"]),
        revision="revision=revision, " if pinned else "",
        pin=f"revision = {json.dumps(model['revision'])}\n" if pinned else "",
        question=json.dumps(QUESTION),
        prompt=_TEMPLATE if model["template"] else _PLAIN,
    )
