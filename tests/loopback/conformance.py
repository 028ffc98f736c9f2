"""Nine vendors on one port, with a model behind them that understands the conformance scenarios.

    with LoopbackServer(LoopbackConformance(("key-1",))) as server:
        client = reqllm.Client(base_url=server.url, api_key="key-1")

The path tells the wire (`routes`), a reader reads the request (`asked`), the brain answers it
(`brain`), the wire's writer writes that (`wires`). A key that is not among `keys`, a model of no
known family and a malformed request are refused as the vendor does (`refusals`); without `keys`
none is asked for. With a `Defect` one thing of all this is wrong. The same request gives the same
bytes; they leave in a few writes with a short silence between, so that no answer is one lump.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from .asked.ask import Ask
from .asked.readers import Malformed, read
from .brain import answer
from .defect import HEALTHY, Defect
from .messages import Answer, Headers, Request, Write
from .problems import json_answer
from .provider import KEY, MODELS, SSE, vendor_headers
from .refusals import Refusal, refuse
from .routes import Route, check_version, is_known, key_of, route_of
from .vendors import FRAMES, NDJSON
from .wires import Wire, events
from .wording import Options

BURSTS = 6
CONTENT_TYPE: dict[Wire, Headers] = {
    "ollama": NDJSON,
    "bedrock-converse": FRAMES,
    "bedrock-invoke": (*FRAMES, ("x-amzn-bedrock-content-type", "application/json")),
}
NOWHERE = {"error": {"message": "There is nothing at this address.", "type": "not_found_error"}}


class LoopbackConformance:
    """A handler for LoopbackServer; `silence` is in seconds, between two writes."""

    def __init__(
        self,
        keys: Collection[str] = (KEY,),
        defect: Defect | None = None,
        *,
        silence: float = 0.002,
    ) -> None:
        self.keys = keys
        self.defect = defect or HEALTHY
        self.silence = silence

    def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        route = route_of(request)
        if route is None or request.method != "POST":
            return json_answer(NOWHERE, status=404)
        options = Options(model="", seed=f"{route.wire}|{_digest(request)}")
        headers = vendor_headers(route.wire, options)
        ask = self._read(route, request)
        if isinstance(ask, Refusal):
            refused = refuse(route.wire, ask, headers)
            return self.defect.refuses(refused) if self.defect.refuses else refused
        return self._answer(route.wire, ask, options.seed, headers)

    def _read(self, route: Route, request: Request) -> Ask | Refusal:
        wire, skips = route.wire, self.defect.skips
        key = key_of(wire, request)
        if self.keys and skips != "key" and key not in self.keys:
            return Refusal("wrong_key", key) if key else Refusal("no_key")
        try:
            if wire == "anthropic-messages":
                check_version(request)
            ask = read(wire, request.body, route.model)
        except Malformed as wrong:
            return Ask(model=route.model) if skips == "request" else Refusal("malformed", "", wrong)
        if skips != "model" and not is_known(wire, ask.model):
            return Refusal("no_model", ask.model)
        return ask

    def _answer(self, wire: Wire, ask: Ask, seed: str, headers: Headers) -> Answer:
        defect = self.defect
        heard = defect.asks(ask) if defect.asks else ask
        said = answer(heard)
        if defect.says:
            said = defect.says(heard, said)
        options = _options(wire, ask, seed)
        sent = events(wire, said, defect.writes(options) if defect.writes else options)
        if defect.events:
            sent = defect.events(wire, sent)
        body = bursts(sent, self.silence)
        healthy = Answer(headers=CONTENT_TYPE.get(wire, SSE) + headers, body=body)
        return defect.sends(healthy) if defect.sends else healthy


def bursts(events: list[bytes], silence: float) -> tuple[Write, ...]:
    """The events in a few writes."""
    size = -(-len(events) // BURSTS) or 1
    groups = [b"".join(events[at : at + size]) for at in range(0, len(events), size)]
    return tuple(Write(data, silence if at else 0.0) for at, data in enumerate(groups))


def _options(wire: Wire, ask: Ask, seed: str) -> Options:
    """The model's name is the dated one, where a vendor says that."""
    return Options(
        model=MODELS.get(wire, {}).get(ask.model, ask.model),
        seed=seed,
        include_usage=ask.include_usage,
        obfuscation=ask.obfuscation,
    )


def _digest(request: Request) -> str:
    return hashlib.sha256(request.target.encode() + b"|" + request.body).hexdigest()
