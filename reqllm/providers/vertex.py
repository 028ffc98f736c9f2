"""Google's Vertex AI: Gemini and Claude at addresses that name a project and a place.

https://cloud.google.com/vertex-ai/generative-ai/docs/learn/locations
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from reqllm.context import Context
from reqllm.errors import InvalidInputError, UnknownWireError
from reqllm.model import Model
from reqllm.providers.base import GoogleToken, WireRequest
from reqllm.providers.provider import (
    Headers,
    asks_to_think,
    checked_key,
    join_url,
    require_context,
)
from reqllm.wires.common.options import Dialect
from reqllm.wires.common.request_body import to_json
from reqllm.wires.table import wire_named

_PROJECT_VARIABLES = ("GOOGLE_CLOUD_PROJECT", "ANTHROPIC_VERTEX_PROJECT_ID")
_PLACE_VARIABLES = ("GOOGLE_CLOUD_LOCATION", "CLOUD_ML_REGION")
_NAME = re.compile(r"[a-z0-9][a-z0-9:.-]*")
# Served by several regions together, under a name of its own.
_MULTI_REGIONS = frozenset({"us", "eu"})
_CLAUDE_VERSION = "vertex-2023-10-16"
_PATHS = {
    "gemini": "/v1beta1/{place}/publishers/google/models/{model}:streamGenerateContent?alt=sse",
    "anthropic-messages": "/v1/{place}/publishers/anthropic/models/{model}:streamRawPredict",
}


class VertexProvider(Struct, frozen=True, kw_only=True):
    """Vertex AI. Options `project` and `location` go before the environment's variables.

    The key is an access token; without one, Google's own library finds credentials.
    """

    name: str = "vertex"
    wire: str = "gemini"
    other_wires: tuple[str, ...] = ("anthropic-messages",)
    base_url: str = "https://{location}-aiplatform.googleapis.com"
    """For most locations; some have a host of another form."""
    key_variables: tuple[str, ...] = ("VERTEX_ACCESS_TOKEN",)
    credentials: str = "credentials of Google Cloud"
    usage: str = "as each wire has it"

    def encode(
        self,
        model: Model,
        context: Context,
        options: Mapping[str, Any],
        *,
        wire: str | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
    ) -> WireRequest:
        """Return the request that asks `model` to answer `context`, streaming.

        Claude's models are asked on the wire `anthropic-messages`, all others on `gemini`.
        Raises InvalidInputError for what cannot be asked.
        """
        require_context(context)
        spoken = wire_named(self.wire_for(model) if wire is None else wire)
        if spoken.name not in _PATHS:
            raise UnknownWireError(f"{self.name} speaks {', '.join(_PATHS)}, not {spoken.name}")
        asked = {k: v for k, v in options.items() if k not in ("project", "location")}
        body, warnings = spoken.encode(model.name, context, asked, Dialect())
        if spoken.name == "anthropic-messages":
            body = {"anthropic_version": _CLAUDE_VERSION, **body}
            del body["model"]  # it stands in the address
        key = self._key(api_key)
        headers = Headers(
            {
                "content-type": "application/json",
                "accept": spoken.accept,
                "accept-encoding": "identity",
                # Of Anthropic's own version header, Vertex has its form in the body.
                **({} if spoken.name == "anthropic-messages" else spoken.headers(body)),
            }
        )
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        return WireRequest(
            url=self._url(model, spoken.name, options, base_url),
            headers=headers,
            body=to_json(body, "the request"),
            warnings=tuple(warnings),
            thinks=asks_to_think(options),
            wire=spoken.name,
            signing=GoogleToken() if key is None else None,
        )

    def wire_for(self, model: Model) -> str:
        """Return the wire on which a model is asked where nobody says which."""
        return "anthropic-messages" if model.name.startswith("claude") else self.wire

    def _key(self, api_key: str | None) -> str | None:
        if api_key is not None:
            return checked_key(api_key, "the api_key argument")
        token = os.environ.get(self.key_variables[0])
        return checked_key(token, self.key_variables[0]) if token else None

    def _url(
        self, model: Model, wire: str, options: Mapping[str, Any], base_url: str | None
    ) -> str:
        project = _setting("project", options, _PROJECT_VARIABLES)
        location = _setting("location", options, _PLACE_VARIABLES, "global")
        path = _PATHS[wire].replace("{place}", f"projects/{project}/locations/{location}")
        # A version stands after an `@`, which such a path may hold.
        named = path.replace("{model}", quote(model.name, safe="@"))
        return join_url(f"https://{_host(location)}", base_url, named)


def _host(location: str) -> str:
    if location == "global":
        return "aiplatform.googleapis.com"
    if location in _MULTI_REGIONS:
        return f"aiplatform.{location}.rep.googleapis.com"
    return f"{location}-aiplatform.googleapis.com"


def _setting(
    name: str, options: Mapping[str, Any], variables: tuple[str, ...], default: str | None = None
) -> str:
    given = options.get(name)
    if given is None:
        set_there = (os.environ.get(variable, "").strip() for variable in variables)
        given = next(filter(None, set_there), default)
    if given is None:
        raise InvalidInputError(
            f"vertex needs a {name}: pass {name}=..., or set {' or '.join(variables)}"
        )
    if not isinstance(given, str) or not _NAME.fullmatch(given):
        raise InvalidInputError(f"expected the name of a {name} of Google's, got {given!r:.80}")
    return given
