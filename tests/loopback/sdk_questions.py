"""How each vendor's own SDK asks, streamed: `ASKERS[wire](url, question)`."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import httpx
import httpx2

from reqllm_fixtures.conformance.scenarios import GET_WEATHER

from .asking import MODELS, REGION
from .provider import KEY
from .wires import Wire

DESCRIBED = {"name": GET_WEATHER.name, "description": GET_WEATHER.description}
PLAIN: dict[str, Any] = {"verify": False, "trust_env": False}
FUNCTION = {"type": "function", "function": {**DESCRIBED, "parameters": GET_WEATHER.parameters}}


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked; a member that is empty is not sent."""

    prompt: str
    system: str = ""
    image: bytes = b""
    schema: dict[str, Any] = field(default_factory=dict)
    tool: bool = False
    stop: str = ""
    limit: int = 1024

    @property
    def base64(self) -> str:
        return b64encode(self.image).decode()

    @property
    def data_url(self) -> str:
        return f"data:image/png;base64,{self.base64}"

    def given(self, **arguments: Any) -> dict[str, Any]:
        """The arguments that go with what is asked: `given(stop=["x"])` only if there is a stop."""
        return {name: value for name, value in arguments.items() if value}


@dataclass
class Heard:
    """What the SDK made of the answer."""

    text: str = ""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    finish: str = ""
    _name: str = ""
    _arguments: str = ""

    def begin(self, name: str) -> None:
        """A call begins; what was open has ended."""
        self.end()
        self._name, self._arguments = name, ""

    def grow(self, arguments: str) -> None:
        """A piece of the open call's arguments, as JSON."""
        self._arguments += arguments

    def end(self) -> None:
        """The open call, if any, has ended."""
        if self._name:
            self.calls.append((self._name, json.loads(self._arguments)))
        self._name = ""


def model(wire: Wire) -> str:
    """The vendor's name of a model."""
    return MODELS[wire].partition(":")[2]


def chat_messages(question: Question) -> list[dict[str, Any]]:
    """Messages as OpenAI and those after it write them."""
    said: list[dict[str, Any]] = [{"type": "text", "text": question.prompt}]
    if question.image:
        said.append({"type": "image_url", "image_url": {"url": question.data_url}})
    system = [{"role": "system", "content": question.system}] if question.system else []
    return [*system, {"role": "user", "content": said}]


def openai_chat(url: str, question: Question) -> Heard:
    import openai

    named = {"name": "city", "schema": question.schema}
    form = {"type": "json_schema", "json_schema": named} if question.schema else None
    asked = question.given(
        tools=[FUNCTION] if question.tool else None, response_format=form, stop=question.stop
    )
    heard = Heard()
    with httpx2.Client(**PLAIN) as http:
        client = openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, http_client=http)
        for chunk in client.chat.completions.create(
            model=model("openai-chat"),
            messages=chat_messages(question),
            max_completion_tokens=question.limit,
            stream=True,
            **asked,
        ):
            choice = chunk.choices[0]
            heard.text += choice.delta.content or ""
            heard.finish = choice.finish_reason or ""
            for call in choice.delta.tool_calls or ():
                if call.function.name:
                    heard.begin(call.function.name)
                heard.grow(call.function.arguments)
    heard.end()
    return heard


def openai_responses(url: str, question: Question) -> Heard:
    import openai

    said: list[Any] = [{"type": "input_text", "text": question.prompt}]
    if question.image:
        said.append({"type": "input_image", "image_url": question.data_url, "detail": "auto"})
    named = {"type": "json_schema", "name": "city", "schema": question.schema}
    tool = {"type": "function", **DESCRIBED, "parameters": GET_WEATHER.parameters, "strict": False}
    asked = question.given(
        instructions=question.system,
        tools=[tool] if question.tool else None,
        text={"format": named} if question.schema else None,
    )
    with httpx2.Client(**PLAIN) as http:
        client = openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, http_client=http)
        *_, last = client.responses.create(
            model=model("openai-responses"),
            input=[{"role": "user", "content": said}],
            max_output_tokens=question.limit,
            stream=True,
            **asked,
        )
    heard = Heard(last.response.output_text, finish=last.response.status)
    for item in last.response.output:
        if item.type == "function_call":
            heard.begin(item.name)
            heard.grow(item.arguments)
    heard.end()
    return heard


def anthropic_messages(url: str, question: Question) -> Heard:
    import anthropic

    said: list[Any] = [{"type": "text", "text": question.prompt}]
    if question.image:
        source = {"type": "base64", "media_type": "image/png", "data": question.base64}
        said.append({"type": "image", "source": source})
    tool = {**DESCRIBED, "input_schema": GET_WEATHER.parameters}
    form = {"format": {"type": "json_schema", "schema": question.schema}}
    asked = question.given(
        system=question.system,
        tools=[tool] if question.tool else None,
        stop_sequences=[question.stop] if question.stop else None,
        extra_body={"output_config": form} if question.schema else None,
    )
    with httpx2.Client(**PLAIN) as http:
        client = anthropic.Anthropic(base_url=url, api_key=KEY, http_client=http)
        with client.messages.stream(
            model=model("anthropic-messages"),
            messages=[{"role": "user", "content": said}],
            max_tokens=question.limit,
            **asked,
        ) as stream:
            message = stream.get_final_message()
    heard = Heard(finish=message.stop_reason)
    for block in message.content:
        if block.type == "text":
            heard.text += block.text
        elif block.type == "tool_use":
            heard.calls.append((block.name, block.input))
    return heard


def gemini(url: str, question: Question) -> Heard:
    from google.genai import types

    said = [types.Part(text=question.prompt)]
    if question.image:
        said.append(types.Part.from_bytes(data=question.image, mime_type="image/png"))
    parameters = {"parameters_json_schema": GET_WEATHER.parameters}
    function = types.FunctionDeclaration(**DESCRIBED, **parameters)
    asked = question.given(
        system_instruction=question.system,
        tools=[types.Tool(function_declarations=[function])] if question.tool else None,
        stop_sequences=[question.stop] if question.stop else None,
        response_json_schema=question.schema,
        response_mime_type="application/json" if question.schema else "",
    )
    config = types.GenerateContentConfig(max_output_tokens=question.limit, **asked)
    heard = Heard()
    with _google(url) as client:
        for chunk in client.models.generate_content_stream(
            model=model("gemini"), contents=types.Content(role="user", parts=said), config=config
        ):
            candidate = chunk.candidates[0]
            heard.text += "".join(p.text or "" for p in candidate.content.parts if not p.thought)
            for part in candidate.content.parts:
                if part.function_call:
                    heard.calls.append((part.function_call.name, part.function_call.args))
            heard.finish = candidate.finish_reason.value if candidate.finish_reason else ""
    return heard


def gemini_interactions(url: str, question: Question) -> Heard:
    said: list[Any] = [{"type": "text", "text": question.prompt}]
    if question.image:
        said.append({"type": "image", "data": question.base64, "mime_type": "image/png"})
    tool = {"type": "function", **DESCRIBED, "parameters": GET_WEATHER.parameters}
    form = {"type": "text", "mime_type": "application/json", "schema": question.schema}
    config = question.given(
        max_output_tokens=question.limit, stop_sequences=[question.stop] if question.stop else None
    )
    asked = question.given(
        system_instruction=question.system,
        tools=[tool] if question.tool else None,
        response_format=form if question.schema else None,
    )
    heard = Heard()
    with _google(url) as client:
        for event in client.interactions.create(
            model=model("gemini-interactions"),
            input=said,
            stream=True,
            generation_config=config,
            **asked,
        ):
            match event.event_type:
                case "step.start" if event.step.type == "function_call":
                    heard.begin(event.step.name)
                case "step.delta" if event.delta.type == "text":
                    heard.text += event.delta.text
                case "step.delta" if event.delta.type == "arguments_delta":
                    heard.grow(event.delta.arguments)
                case "step.stop":
                    heard.end()
                case "interaction.completed":
                    heard.finish = event.interaction.status
    return heard


def _google(url: str) -> Any:
    from google import genai

    options = genai.types.HttpOptions(base_url=url, client_args=PLAIN)
    return genai.Client(api_key=KEY, http_options=options)


def cohere_v2(url: str, question: Question) -> Heard:
    import cohere

    form = {"type": "json_object", "json_schema": question.schema}
    asked = question.given(
        tools=[FUNCTION] if question.tool else None,
        stop_sequences=[question.stop] if question.stop else None,
        response_format=form if question.schema else None,
    )
    heard = Heard()
    with httpx.Client(**PLAIN) as http:
        client = cohere.ClientV2(base_url=url, api_key=KEY, httpx_client=http)
        for event in client.chat_stream(
            model=model("cohere-v2"),
            messages=chat_messages(question),
            max_tokens=question.limit,
            **asked,
        ):
            match event.type:
                case "content-delta":
                    heard.text += event.delta.message.content.text or ""
                case "tool-call-start":
                    heard.begin(event.delta.message.tool_calls.function.name)
                case "tool-call-delta":
                    heard.grow(event.delta.message.tool_calls.function.arguments)
                case "tool-call-end":
                    heard.end()
                case "message-end":
                    heard.finish = event.delta.finish_reason
    return heard


def ollama(url: str, question: Question) -> Heard:
    import ollama as sdk

    said = {"role": "user", "content": question.prompt}
    said |= question.given(images=[question.image] if question.image else None)
    system = [{"role": "system", "content": question.system}] if question.system else []
    settings = question.given(num_predict=question.limit, stop=question.stop)
    asked = question.given(tools=[FUNCTION] if question.tool else None, format=question.schema)
    heard = Heard()
    key = {"authorization": f"Bearer {KEY}"}
    with sdk.Client(host=url, headers=key, **PLAIN) as client:
        for line in client.chat(
            model=model("ollama"), messages=[*system, said], options=settings, stream=True, **asked
        ):
            heard.text += line.message.content or ""
            for call in line.message.tool_calls or ():
                heard.calls.append((call.function.name, dict(call.function.arguments)))
            heard.finish = line.done_reason or ""
    return heard


def bedrock_converse(url: str, question: Question) -> Heard:
    said: list[Any] = [{"text": question.prompt}]
    if question.image:
        said.append({"image": {"format": "png", "source": {"bytes": question.image}}})
    tool = {"toolSpec": {**DESCRIBED, "inputSchema": {"json": GET_WEATHER.parameters}}}
    written = {"jsonSchema": {"schema": json.dumps(question.schema)}}
    form = {"textFormat": {"type": "json_schema", "structure": written}}
    config = question.given(
        maxTokens=question.limit, stopSequences=[question.stop] if question.stop else None
    )
    asked = question.given(
        system=[{"text": question.system}] if question.system else None,
        toolConfig={"tools": [tool]} if question.tool else None,
        outputConfig=form if question.schema else None,
    )
    heard = Heard()
    with closing(_bedrock(url)) as client:
        answer = client.converse_stream(
            modelId=model("bedrock-converse"),
            messages=[{"role": "user", "content": said}],
            inferenceConfig=config,
            **asked,
        )
        for event in answer["stream"]:
            match event:
                case {"contentBlockStart": {"start": {"toolUse": {"name": name}}}}:
                    heard.begin(name)
                case {"contentBlockDelta": {"delta": {"text": text}}}:
                    heard.text += text
                case {"contentBlockDelta": {"delta": {"toolUse": {"input": piece}}}}:
                    heard.grow(piece)
                case {"contentBlockStop": _}:
                    heard.end()
                case {"messageStop": {"stopReason": reason}}:
                    heard.finish = reason
    return heard


def _bedrock(url: str) -> Any:
    from botocore.config import Config
    from botocore.session import Session

    session = Session()
    session.set_config_variable("region", REGION["region"])
    return session.create_client(
        "bedrock-runtime",
        endpoint_url=url,
        region_name=REGION["region"],
        aws_access_key_id="unused",
        aws_secret_access_key="unused",
        config=Config(retries={"max_attempts": 1}, proxies={}),
    )


ASKERS: dict[Wire, Callable[[str, Question], Heard]] = {
    "openai-chat": openai_chat,
    "openai-responses": openai_responses,
    "anthropic-messages": anthropic_messages,
    "gemini": gemini,
    "gemini-interactions": gemini_interactions,
    "cohere-v2": cohere_v2,
    "ollama": ollama,
    "bedrock-converse": bedrock_converse,
}
