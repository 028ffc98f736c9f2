"""The providers that come with the package: what each is, as data.

Where a provider speaks like OpenAI its row says how it departs: `Dialect`. Sources are the
providers' own references; `usage` says where their usage stands, for the table in the documents.
"""

from __future__ import annotations

from functools import partial

from reqllm.providers.provider import HostedProvider
from reqllm.wires.common.options import Dialect

_ANY = frozenset({"top_k"})
_EXTRAS = frozenset({"n", "logprobs", "top_logprobs", "user", "metadata", "parallel_tool_calls"})
_MAX_TOKENS = {"max_tokens": "max_tokens"}
# OpenAI's models that it serves as responses, and not as chat completions.
_ONLY_RESPONSES = (
    r"(?:o[0-9]+(?:-mini)?-(?:pro|deep-research)|computer-use|codex|gpt-daybreak|gpt-rosalind"
    r"|gpt-[0-9.]+(?:-[a-z]+)?-(?:pro|codex|cyber|rosalind|law))(?:-|$)"
)
_compatible = partial(HostedProvider, wire="openai-chat")
# What people run by themselves: a key only where the server was started with one.
_local = partial(_compatible, key_optional=True)

ROWS: tuple[HostedProvider, ...] = (
    HostedProvider(
        name="openai",
        thinkers=r"o[0-9]|gpt-([5-9]|oss)|codex",
        wire="openai-chat",
        other_wires={"openai-responses": ""},
        wires_of_models={_ONLY_RESPONSES: "openai-responses"},
        base_url="https://api.openai.com/v1",
        key_variables=("OPENAI_API_KEY",),
        usage="a chunk of its own at the end",
    ),
    HostedProvider(
        name="anthropic",
        wire="anthropic-messages",
        base_url="https://api.anthropic.com",
        key_variables=("ANTHROPIC_API_KEY",),
        # The key goes as Bearer too, but if both are sent this one wins, and older
        # gateways know no other.
        auth="x-api-key",
        usage="at the start and at the end, cumulative",
    ),
    HostedProvider(
        name="google",
        wire="gemini",
        other_wires={"gemini-interactions": ""},
        base_url="https://generativelanguage.googleapis.com",
        # In the order in which Google's own clients look for them.
        key_variables=("GOOGLE_API_KEY", "GEMINI_API_KEY"),
        auth="x-goog-api-key",
        usage="on every event, cumulative; thoughts apart",
    ),
    HostedProvider(
        name="cohere",
        wire="cohere-v2",
        base_url="https://api.cohere.com",
        key_variables=("CO_API_KEY", "COHERE_API_KEY"),
        usage="on the last event, beside what is billed",
    ),
    HostedProvider(
        name="ollama",
        wire="ollama",
        other_wires={"openai-chat": "/v1/chat/completions"},
        # Its cloud, https://ollama.com, wants a key; what runs at home wants none.
        base_url="http://localhost:11434",
        host_variable="OLLAMA_HOST",
        key_variables=("OLLAMA_API_KEY",),
        key_optional=True,
        dialect=Dialect(rename=_MAX_TOKENS),
        usage="on the last line, with durations",
    ),
    HostedProvider(
        name="amazon_bedrock",
        wire="bedrock-converse",
        other_wires={"bedrock-invoke": ""},
        base_url="https://bedrock-runtime.{region}.amazonaws.com",
        region_variables=("AWS_REGION", "AWS_DEFAULT_REGION"),
        key_variables=("AWS_BEARER_TOKEN_BEDROCK",),
        signed_for="bedrock",
        credentials="credentials of AWS",
        usage="in the last event",
    ),
    _compatible(
        name="mistral",
        base_url="https://api.mistral.ai/v1",
        key_variables=("MISTRAL_API_KEY",),
        dialect=Dialect(
            rename={**_MAX_TOKENS, "seed": "random_seed"},
            also_takes=_ANY,
            refuses=frozenset({"user"}),
            include_usage=False,
            tool_choice_required="any",
            reasoning_back="always",
            reasoning_field="content",
            typed_content=True,
            takes_names=False,
            call_id_length=9,
        ),
        usage="on the chunk with the finish reason",
    ),
    _compatible(
        name="groq",
        base_url="https://api.groq.com/openai/v1",
        key_variables=("GROQ_API_KEY",),
        dialect=Dialect(
            include_usage=False,
            efforts={"minimal": "low", "xhigh": "high", "max": "high"},
            takes_files=False,
            takes_refusals=False,
        ),
        usage="on the last chunk, under `x_groq`",
    ),
    _compatible(
        name="azure",
        thinkers=r"o[0-9]|gpt-[5-9]",
        # Its newer address, where the model in the body is the name of a deployment; an older one
        # (.../openai/deployments/NAME?api-version=...) is given as base_url.
        base_url="{AZURE_OPENAI_ENDPOINT}/openai/v1",
        key_variables=("AZURE_OPENAI_API_KEY",),
        auth="api-key",
        usage="a chunk of its own at the end",
    ),
    _compatible(
        name="deepseek",
        thinkers="deepseek-reasoner",
        base_url="https://api.deepseek.com",
        key_variables=("DEEPSEEK_API_KEY",),
        dialect=Dialect(
            rename=_MAX_TOKENS,
            refuses=frozenset(
                {"seed", "n", "user", "metadata", "parallel_tool_calls", "reasoning_budget"}
            ),
            object_by_tool=True,
            reasoning="thinking",
            reasoning_back="with_tools",
        ),
        usage="on the chunk with the finish reason",
    ),
    _compatible(
        name="xai",
        thinkers=r"grok-([4-9]|.*mini)",
        base_url="https://api.x.ai/v1",
        key_variables=("XAI_API_KEY",),
        dialect=Dialect(refuses=frozenset({"metadata"})),
        usage="a chunk of its own at the end",
    ),
    _compatible(
        name="openrouter",
        thinkers=r"openai/(o[0-9]|gpt-[5-9])|.*thinking",
        base_url="https://openrouter.ai/api/v1",
        key_variables=("OPENROUTER_API_KEY",),
        dialect=Dialect(
            rename=_MAX_TOKENS,
            also_takes=frozenset({"top_k", "reasoning_budget"}),
            refuses=frozenset({"n", "metadata"}),
            include_usage=False,
            reasoning="openrouter",
        ),
        usage="a chunk of its own at the end, with the cost",
    ),
    _compatible(
        name="together",
        base_url="https://api.together.ai/v1",
        key_variables=("TOGETHER_API_KEY",),
        dialect=Dialect(
            rename=_MAX_TOKENS,
            also_takes=_ANY,
            refuses=frozenset({"user", "metadata", "parallel_tool_calls"}),
        ),
        usage="on the last chunk",
    ),
    _compatible(
        name="fireworks",
        base_url="https://api.fireworks.ai/inference/v1",
        key_variables=("FIREWORKS_API_KEY",),
        dialect=Dialect(rename=_MAX_TOKENS, also_takes=_ANY),
        usage="on the chunk with the finish reason",
    ),
    _compatible(
        name="cerebras",
        base_url="https://api.cerebras.ai/v1",
        key_variables=("CEREBRAS_API_KEY",),
        dialect=Dialect(
            refuses=frozenset({"n", "metadata"}),
            reasoning_back="with_tools",
            reasoning_field="reasoning",
        ),
        usage="on the chunk with the finish reason",
    ),
    _compatible(
        name="perplexity",
        base_url="https://api.perplexity.ai",
        key_variables=("PERPLEXITY_API_KEY", "PPLX_API_KEY"),
        dialect=Dialect(
            rename=_MAX_TOKENS,
            also_takes=_ANY,
            refuses=_EXTRAS | {"tools", "tool_choice", "seed", "stop"},
            include_usage=False,
        ),
        usage="on every chunk, cumulative",
    ),
    _local(
        name="vllm",
        base_url="http://localhost:8000/v1",
        key_variables=("VLLM_API_KEY",),
        dialect=Dialect(
            rename=_MAX_TOKENS,
            also_takes=_ANY,
            reasoning_back="with_tools",
            reasoning_field="reasoning",
        ),
        usage="a chunk of its own at the end",
    ),
    _local(
        name="llamacpp",
        base_url="http://localhost:8080/v1",
        key_variables=("LLAMA_API_KEY",),
        dialect=Dialect(rename=_MAX_TOKENS, also_takes=_ANY),
        usage="a chunk of its own at the end, with timings",
    ),
    _local(
        name="lmstudio",
        base_url="http://localhost:1234/v1",
        key_variables=("LM_API_TOKEN",),
        dialect=Dialect(rename=_MAX_TOKENS, also_takes=_ANY, refuses=_EXTRAS),
        usage="a chunk of its own at the end",
    ),
    _compatible(
        name="moonshot",
        base_url="https://api.moonshot.ai/v1",
        key_variables=("MOONSHOT_API_KEY",),
        dialect=Dialect(
            rename=_MAX_TOKENS,
            refuses=frozenset({"seed", "logprobs", "top_logprobs", "user", "metadata"})
            | {"parallel_tool_calls"},
            reasoning="thinking",
            reasoning_back="always",
        ),
        usage="on the chunk with the finish reason",
    ),
    _compatible(
        name="alibaba",
        base_url="https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        key_variables=("DASHSCOPE_API_KEY",),
        dialect=Dialect(
            rename={**_MAX_TOKENS, "reasoning_budget": "thinking_budget"},
            also_takes=frozenset({"top_k", "reasoning_budget"}),
            refuses=frozenset({"user", "metadata"}),
            reasoning="enable_thinking",
        ),
        usage="a chunk of its own at the end",
    ),
    _compatible(
        name="zai",
        base_url="https://api.z.ai/api/paas/v4",
        key_variables=("ZAI_API_KEY",),
        dialect=Dialect(
            rename=_MAX_TOKENS,
            refuses=_EXTRAS | {"seed", "tool_choice"},
            object_by_tool=True,
            reasoning="thinking",
            reasoning_back="always",
        ),
        usage="on the chunk with the finish reason",
    ),
    _compatible(
        name="minimax",
        base_url="https://api.minimax.io/v1",
        key_variables=("MINIMAX_API_KEY",),
        dialect=Dialect(
            refuses=frozenset({"n", "seed", "stop", "logprobs", "top_logprobs", "user"})
            | {"metadata", "parallel_tool_calls", "reasoning_effort"},
            object_by_tool=True,
            # Else it writes what it thinks into the text, in tags.
            always={"reasoning_split": True},
        ),
        usage="a chunk of its own, or on the last one",
    ),
    _compatible(
        name="huggingface",
        base_url="https://router.huggingface.co/v1",
        key_variables=("HF_TOKEN",),
        dialect=Dialect(rename=_MAX_TOKENS, refuses=frozenset({"user", "metadata"})),
        usage="a chunk of its own at the end",
    ),
    _compatible(
        name="github",
        base_url="https://models.github.ai/inference",
        key_variables=("GITHUB_TOKEN", "GH_TOKEN"),
        headers={"x-github-api-version": "2022-11-28"},
        dialect=Dialect(refuses=frozenset({"metadata"})),
        usage="a chunk of its own at the end",
    ),
)
