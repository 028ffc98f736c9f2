"""Secrets made up for tests, each in its vendor's format, and texts that only look like one."""

import random
import string

_RANDOM = random.Random(7)
_BASE62 = string.ascii_letters + string.digits
_URLSAFE = _BASE62 + "-_"
_HEX = "0123456789abcdef"


def _drawn(size: int, letters: str = _BASE62) -> str:
    return "".join(_RANDOM.choices(letters, k=size))


SHAPED = {
    "anthropic": f"sk-ant-api03-{_drawn(93, _URLSAFE)}AA",
    "anthropic admin": f"sk-ant-admin01-{_drawn(93, _URLSAFE)}AA",
    "anthropic oauth": f"sk-ant-oat01-{_drawn(93, _URLSAFE)}AA",
    "openai": f"sk-{_drawn(20)}T3BlbkFJ{_drawn(20)}",
    "openai project": f"sk-proj-{_drawn(124, _URLSAFE)}",
    "openai service account": f"sk-svcacct-{_drawn(124, _URLSAFE)}",
    "openai admin": f"sk-admin-{_drawn(124, _URLSAFE)}",
    "openai organisation": f"org-{_drawn(24)}",
    "openai project id": f"proj_{_drawn(24)}",
    "openrouter": f"sk-or-v1-{_drawn(64, _HEX)}",
    "deepseek": f"sk-{_drawn(32, _HEX)}",
    "groq": f"gsk_{_drawn(52)}",
    "xai": f"xai-{_drawn(80)}",
    "perplexity": f"pplx-{_drawn(48)}",
    "cerebras": f"csk-{_drawn(48, string.ascii_lowercase + string.digits)}",
    "fireworks": f"fw_{_drawn(24)}",
    "together": f"tgp_v1_{_drawn(43, _URLSAFE)}",
    "hugging face": f"hf_{_drawn(34)}",
    "replicate": f"r8_{_drawn(37)}",
    "nvidia": f"nvapi-{_drawn(64, _URLSAFE)}",
    "voyage": f"pa-{_drawn(43, _URLSAFE)}",
    "langsmith": f"lsv2_pt_{_drawn(32, _HEX)}_{_drawn(10, _HEX)}",
    "google": f"AIza{_drawn(35, _URLSAFE)}",
    "google oauth": f"ya29.{_drawn(120, _URLSAFE)}",
    "google client": f"GOCSPX-{_drawn(28, _URLSAFE)}",
    "aws": f"AKIA{_drawn(16, string.ascii_uppercase + '234567')}",
    "aws temporary": f"ASIA{_drawn(16, string.ascii_uppercase + '234567')}",
    "bedrock": f"ABSKQmVkcm9ja0FQSUtleS{_drawn(100)}=",
    "bedrock short": f"bedrock-api-key-{_drawn(200)}",
    "github": f"ghp_{_drawn(36)}",
    "slack": f"xoxb-{_drawn(12, string.digits)}-{_drawn(24)}",
    "stripe": f"sk_live_{_drawn(24)}",
    "jwt": f"eyJ{_drawn(30)}.eyJ{_drawn(80)}.{_drawn(43, _URLSAFE)}",
    "bearer": f"Bearer {_drawn(40)}",
}
# Without a prefix nothing tells them from any other id: they are known by their very value.
SHAPELESS = {
    "azure": _drawn(32, _HEX),
    "mistral": _drawn(32),
    "cohere": _drawn(40),
    "together, old": _drawn(64, _HEX),
    "aws secret": _drawn(40, _BASE62 + "/+"),
    "password": 'p"ss\\wörd/+ &1',
}
PLANTED = {**SHAPED, **SHAPELESS}

_WORDS = [
    "task-oriented",
    "risk-averse",
    "disk-based-storage-with-a-cache",
    "ask-me-anything-about-anything",
    "desk-mounted-monitor-arm-for-2026",
    "mask-rcnn-resnet50-fpn-v2-coco",
    "flask-sqlalchemy-3.1.1-extended",
    "brisk-walk-for-30-minutes-every-day",
    "sk-learn-compatible-estimators-and-pipelines",
    "sk-learn-version-2026-release-notes",
    "sk-your-api-key-goes-here",
    "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "sk-ant-your-key-goes-here-please",
    "sk-proj-insert-your-project-key-here",
    "sk-or-v1-put-the-key-here",
    "sk-...",
    "sk-1234",
    "gsk_your_api_key_goes_here_now",
    "xai-grok-is-a-family-of-models",
    "fw_update_for_the_router",
    "pplx-api-is-the-name-of-it",
    "hf_hub_download_with_a_long_name",
    "r8_g8_b8_a8_unorm_srgb_format",
    "AIzaIsThePrefixOfGoogleKeys",
    "AKIA",
    "ASIA",
    "AKIAIOSFODNN",
    "ABSK",
    "ya29",
    "eyJ",
    "eyJhbGciOiJIUzI1NiJ9",
    "org-mode",
    "org-chart-for-the-whole-organisation",
    "project_id",
    "proj_name_of_the_project",
    "Bearer",
    "Basic",
    "bearer-token",
    "Bearer&nbsp;of&nbsp;good&nbsp;news",
    "pa-rt-of-speech-tagging-for-the-rest-of-us-and-everybody-else",
    "api_key",
    "max_tokens",
    "prompt_tokens",
    "completion_tokens_details",
    "cached_tokens",
    "reasoning_tokens",
    "x-api-key",
    "authorization",
    "access_token",
    "password",
    "secret",
    "client_secret",
    "OPENAI_API_KEY",
    "$OPENAI_API_KEY",
    "${ANTHROPIC_API_KEY}",
    'os.environ["OPENAI_API_KEY"]',
    "getenv('GROQ_API_KEY')",
    "<YOUR_API_KEY>",
    "********",
    "-----BEGIN",
    "-----BEGIN_CERTIFICATE-----",
    "ssh-ed25519",
    "github_pat_",
    "ghp_",
    "xoxb-",
    "tokens-per-second",
    "https://platform.openai.com/account/api-keys",
    "https://console.groq.com/keys",
]
_SENTENCES = [
    "Use a task-oriented, risk-averse approach; ask-and-verify beats guess-and-check.",
    "The header is `Authorization: Bearer <token>`, where <token> is your API key.",
    "Authorization: Bearer YOUR_OPENAI_API_KEY_GOES_RIGHT_HERE",
    "Basic authentication sends the name and password with every request.",
    "curl -H 'x-api-key: $ANTHROPIC_API_KEY' https://api.anthropic.com/v1/messages",
    "Keys begin with sk-ant-, sk-proj-, sk-or-, gsk_, xai-, pplx-, csk-, fw_ or AIza.",
    "A private key begins with -----BEGIN PRIVATE KEY----- and ends with its END line.",
    "-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END",
    "export OPENAI_API_KEY=sk-...",
    "bearer of bad news, a basic understanding of 1234567890 things",
]
_MODELS = [
    "gpt-5",
    "gpt-5.1-codex-max-2026-01-15",
    "gpt-4o-mini-2024-07-18",
    "o4-mini-deep-research-2025-06-26",
    "claude-haiku-4-5-20251001",
    "claude-opus-4-1-20250805",
    "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "gemini-3-pro-preview-11-2025",
    "models/gemini-2.5-flash-lite",
    "grok-4-1-fast-non-reasoning-2025",
    "xai-grok-4",
    "llama-3.3-70b-versatile",
    "moonshotai/kimi-k2-instruct-0905",
    "accounts/fireworks/models/llama-v3p1-405b-instruct",
    "mistral-large-2512",
    "codestral-2508",
    "command-a-03-2025",
    "deepseek-v3.2-exp",
    "qwen3-235b-a22b-instruct-2507",
    "sonar-reasoning-pro",
    "openai/gpt-oss-120b:free",
    "text-embedding-3-large",
    "ft:gpt-4o-mini-2024-07-18:acme::B9MBs8Cj",
    "sk-tuned-model-2026-01-15-preview",
]


def _ids() -> list[str]:
    """Ids as providers draw them: as random as a key, and none."""
    return [
        *(f"{prefix}{_drawn(24)}" for prefix in ("msg_01", "toolu_01", "call_", "req_01", "run_")),
        *(f"{prefix}{_drawn(29)}" for prefix in ("chatcmpl-", "cmpl-", "gen-", "file-", "asst_")),
        *(f"{prefix}{_drawn(48, _HEX)}" for prefix in ("resp_", "rs_", "fc_", "msg_", "ws_")),
        *(f"{prefix}{_drawn(22)}" for prefix in ("srvtoolu_", "fp_", "batch_", "thread_", "vs_")),
        *(_drawn(40, _HEX) for _ in range(8)),  # commits
        *(_drawn(64, _HEX) for _ in range(8)),  # checksums
        *(_drawn(32, _HEX) for _ in range(8)),
        *(_uuid() for _ in range(12)),
        *(f"data:image/png;base64,iVBORw0KGgo{_drawn(600, _BASE64)}=" for _ in range(8)),
        *(f"EqQB{_drawn(300, _BASE64)}==" for _ in range(8)),  # signatures of thinking
        *(f"gAAAAAB{_drawn(400, _URLSAFE)}==" for _ in range(8)),  # encrypted reasoning
        *(f"CiQ{_drawn(200, _BASE64)}" for _ in range(8)),  # signatures of thoughts
        *(f"00-{_drawn(32, _HEX)}-{_drawn(16, _HEX)}-01" for _ in range(4)),  # traceparent
        *(f"sha256-{_drawn(43, _BASE64)}=" for _ in range(4)),
        *(_drawn(20) for _ in range(4)),
    ]


def _uuid() -> str:
    return "-".join(_drawn(size, _HEX) for size in (8, 4, 4, 4, 12))


_BASE64 = _BASE62 + "+/"
INNOCENT = [*_WORDS, *_SENTENCES, *_MODELS, *_ids()]
