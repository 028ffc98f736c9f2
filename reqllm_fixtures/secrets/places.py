"""Where secrets stand, and what else may be kept: names of headers, queries and variables. Pure."""

from __future__ import annotations

REDACTED = "REDACTED"

# Places of a URL that hold a key. Matching leaves them out: a replay has no key to send.
SECRET_QUERY = frozenset(
    {
        "key",
        "api_key",
        "api-key",
        "apikey",
        "access_token",
        "subscription-key",
        "sig",  # Azure's shared access signature
        "x-amz-credential",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-signature",
    }
)

CREDENTIAL_HEADERS = frozenset(
    {
        "api-key",
        "authorization",
        "cookie",
        "ocp-apim-subscription-key",
        "proxy-authorization",
        "x-amz-security-token",
        "x-api-key",
        "x-auth-token",
        "x-goog-api-key",
        "x-goog-iam-authorization-token",
    }
)

# They name the account; providers repeat them in bodies.
ACCOUNT_HEADERS = frozenset(
    {
        "anthropic-organization-id",
        "anthropic-user-profile-id",
        "anthropic-workspace-id",
        "openai-organization",
        "openai-project",
        "x-goog-user-project",
    }
)

# Members of a JSON request that hold the credential of somebody else's server.
CREDENTIAL_MEMBERS = frozenset(
    {"access_token", "api_key", "apikey", "authorization", "authorization_token", "x-api-key"}
)

# Anything else is dropped: whatever a proxy, an SDK or a variable adds tomorrow is unknown today.
KEPT_REQUEST_HEADERS = frozenset(
    {
        "accept",
        "anthropic-beta",
        "anthropic-version",
        "content-encoding",
        "content-type",
        "openai-beta",
    }
)
KEPT_RESPONSE_HEADERS = frozenset(
    {
        "apim-request-id",
        "cache-control",
        "content-encoding",
        "content-language",
        "content-length",
        "content-type",
        "location",
        "mistral-correlation-id",
        "openai-model",
        "openai-processing-ms",
        "openai-version",
        "request-id",
        "retry-after",
        "retry-after-ms",
        "server-timing",
        "www-authenticate",
        "x-debug-trace-id",
        "x-gemini-service-tier",
        "x-generation-id",
        "x-kong-request-id",
        "x-ms-region",
        "x-ms-request-id",
        "x-request-id",
        "x-should-retry",
        "x-together-traceid",
        "azureml-model-session",
    }
)
KEPT_RESPONSE_PREFIXES = (
    "anthropic-ratelimit-",
    "fireworks-",
    "ratelimit-",
    "x-amzn-",
    "x-endpoint-monthly-",
    "x-ratelimit-",
    "x-tokenlimit-",
    "x-trial-endpoint-",
)

# Every vendor's variable is called NAME_API_KEY; these are the others.
ENVIRONMENT = frozenset(
    {
        "ANTHROPIC_AUTH_TOKEN",
        "AWS_ACCESS_KEY_ID",
        "AWS_BEARER_TOKEN_BEDROCK",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AZURE_CLIENT_SECRET",
        "AZURE_OPENAI_AD_TOKEN",
        "DATABRICKS_TOKEN",
        "GH_TOKEN",
        "GITHUB_TOKEN",
        "HF_TOKEN",
        "HUGGINGFACE_TOKEN",
        "HUGGING_FACE_HUB_TOKEN",
        "IBM_CLOUD_API_KEY",
        "OPENAI_ADMIN_KEY",
        "OPENAI_KEY",
        "OPENAI_ORGANIZATION",
        "OPENAI_ORG_ID",
        "OPENAI_PROJECT",
        "OPENAI_PROJECT_ID",
        "OPENAI_WEBHOOK_SECRET",
        "REPLICATE_API_TOKEN",
        "VERTEX_ACCESS_TOKEN",
        "WATSONX_APIKEY",
    }
)
ENVIRONMENT_SUFFIXES = ("_API_KEY", "_API_TOKEN", "_AUTH_TOKEN")
# `name: value` lines that an SDK sends as headers.
HEADER_VARIABLES = frozenset(
    {"ANTHROPIC_CUSTOM_HEADERS", "GROQ_CUSTOM_HEADERS", "OPENAI_CUSTOM_HEADERS"}
)


def kept_in_response(name: str) -> bool:
    """Tell whether a response header is kept."""
    return name.lower() in KEPT_RESPONSE_HEADERS or name.lower().startswith(KEPT_RESPONSE_PREFIXES)
