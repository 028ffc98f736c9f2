"""Signs requests for AWS, by botocore: credentials need files, the network and a clock.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from reqllm.errors import MissingKeyError
from reqllm.providers.base import SigV4, WireRequest
from reqllm.providers.provider import Headers

# What else is in a request may be changed on its way, by a recorder or a proxy, and harm nothing.
_SIGNED = ("content-type",)


class Signer:
    """Signs requests that ask for it, by credentials found as every AWS tool finds them.

    They are looked up at the first request that needs them, and kept: those of the environment,
    of a profile, of a container or of the machine, in botocore's order.
    """

    def __init__(self, session: Any = None) -> None:
        """session: a session of botocore's that knows credentials; by default its own."""
        self._session = session
        self._credentials: Any = None

    def __call__(self, request: WireRequest) -> WireRequest:
        """Return the request with its signature, which holds for some minutes.

        Raises MissingKeyError if there is no botocore, or no credentials for it to find.
        """
        if request.signing is None:
            return request
        self.require_credentials(request.signing)
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.exceptions import BotoCoreError

        headers = {name: request.headers[name] for name in _SIGNED if name in request.headers}
        signed = AWSRequest(request.method, request.url, headers, request.body)
        try:
            credentials = self._credentials.get_frozen_credentials()
        except BotoCoreError as error:
            raise _unreadable(request.signing, error) from error
        SigV4Auth(credentials, request.signing.service, request.signing.region).add_auth(signed)
        added = {name.lower(): value for name, value in signed.headers.items()}
        return structs.replace(request, headers=Headers({**request.headers, **added}))

    def require_credentials(self, signing: SigV4 | None) -> None:
        """Raise MissingKeyError unless a request can be signed that is to be."""
        if signing is None or self._credentials is not None:
            return
        try:
            from botocore.exceptions import BotoCoreError
            from botocore.session import get_session
        except ImportError:
            raise MissingKeyError(
                f"{signing.service} needs an API key, or botocore to sign requests with: set "
                "AWS_BEARER_TOKEN_BEDROCK, pass api_key=..., or install reqllm[bedrock]"
            ) from None
        try:
            session = get_session() if self._session is None else self._session
            self._credentials = session.get_credentials()
        except BotoCoreError as error:
            raise _unreadable(signing, error) from error
        if self._credentials is None:
            raise MissingKeyError(
                f"{signing.service} needs an API key or credentials of AWS: set "
                "AWS_BEARER_TOKEN_BEDROCK, pass api_key=..., or give credentials as for any AWS "
                "tool (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile)"
            )


def _unreadable(signing: SigV4, error: Exception) -> MissingKeyError:
    return MissingKeyError(
        f"{signing.service} needs credentials of AWS, and those there are cannot be used: {error}"
    )
