"""Signs requests for AWS by botocore, and for Google by google-auth: credentials need files, the
network and a clock.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from reqllm.errors import MissingKeyError
from reqllm.providers.base import GoogleToken, SigV4, WireRequest
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
        self._google: Any = None

    def __call__(self, request: WireRequest) -> WireRequest:
        """Return the request with its signature, which holds for some minutes.

        Raises MissingKeyError if there is no botocore, or no credentials for it to find.
        """
        if request.signing is None:
            return request
        self.require_credentials(request.signing)
        if isinstance(request.signing, GoogleToken):
            token = {"authorization": f"Bearer {self._google_token()}"}
            return structs.replace(request, headers=Headers({**request.headers, **token}))
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

    def _google_token(self) -> str:
        """Return an access token, a new one where the last has run out."""
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import Request

        try:
            if not self._google.valid:
                self._google.refresh(Request())
        except GoogleAuthError as error:
            raise MissingKeyError(
                f"vertex needs an access token, and the credentials there are give none: {error}"
            ) from error
        token: str = self._google.token
        return token

    def _require_google(self, signing: GoogleToken) -> None:
        if self._google is not None:
            return
        ways = "set VERTEX_ACCESS_TOKEN, pass api_key=..., or"
        try:
            import google.auth
            from google.auth.exceptions import GoogleAuthError
        except ImportError:
            raise MissingKeyError(
                f"vertex needs an access token: {ways} install reqllm[vertex], which finds one"
            ) from None
        try:
            self._google, _ = google.auth.default(scopes=signing.scopes)
        except GoogleAuthError as error:
            raise MissingKeyError(
                f"vertex needs an access token: {ways} give credentials as for any tool of "
                f"Google's ({error})"
            ) from error

    def require_credentials(self, signing: SigV4 | GoogleToken | None) -> None:
        """Raise MissingKeyError unless a request can be signed that is to be."""
        if isinstance(signing, GoogleToken):
            self._require_google(signing)
            return
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
