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
