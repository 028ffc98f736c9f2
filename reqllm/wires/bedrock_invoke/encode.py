"""Writes requests of Bedrock's InvokeModelWithResponseStream, for Anthropic's models.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reqllm.chunk import WarningChunk
from reqllm.context import Context
from reqllm.errors import InvalidInputError
from reqllm.wires.anthropic_messages.encode import ANTHROPIC
from reqllm.wires.anthropic_messages.encode import encode as encode_messages
from reqllm.wires.bedrock_invoke.words import WIRE
from reqllm.wires.common.options import Dialect

PATH = "/model/{model}/invoke-with-response-stream"
VERSION = "bedrock-2023-05-31"
"""Known to every Claude on Bedrock; the streams of the newer version are the same."""
# `vendor.model`, perhaps after the region that may answer; an ARN does not tell the vendor.
_VENDOR = re.compile(r"(?:[a-z-]+\.)?([a-z0-9]+)\.[^:/]*")


def encode(
    model: str, context: Context, options: Mapping[str, Any], dialect: Dialect = ANTHROPIC
) -> tuple[dict[str, Any], list[WarningChunk]]:
    """Return the JSON body that asks `model`, and warnings for what it could not take.

    Raises InvalidInputError for what cannot be sent, and for a model that is not Anthropic's:
    each vendor's models take another body, and Converse takes one for all of them.
    """
    if "claude" not in model and "anthropic" not in model and not model.startswith("arn:"):
        vendor = _VENDOR.match(model)
        named = f", not one of {vendor[1]!r}" if vendor else ""
        raise InvalidInputError(
            f"expected a model of Anthropic's on {WIRE}, got {model!r}{named}; "
            'use wire="bedrock-converse", which takes every model'
        )
    body, warnings = encode_messages(model, context, options, dialect)
    own = {key: value for key, value in body.items() if key not in ("model", "stream")}
    return {"anthropic_version": VERSION, **own}, warnings
