"""Whether a body says by itself that nothing follows. Pure.

Most SDKs close a stream at its last event and do not wait for the end of the body. Such a recording
says `client_closed`, truly; a client that does wait must nevertheless get its end.
"""

from __future__ import annotations

import re

from reqllm_fixtures.bodies.pieces import content_type
from reqllm_fixtures.cassette import Headers

_BLANK_LINE = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n))+")
_LAST = rb"(?:message_stop|message-end|response\.(?:completed|incomplete|failed))"
_LAST_EVENT = re.compile(
    rb'^(?:data: ?\[DONE\]|event: ?%b[ \n]|data: ?\{ ?"type": ?"%b")' % (_LAST, _LAST),
    re.MULTILINE,
)
_LAST_LINE = re.compile(rb'"done": ?true\b')


def says_it_is_over(body: bytes, headers: Headers) -> bool:
    """Tell whether the last event of a stream is one after which none comes."""
    match content_type(headers):
        case "text/event-stream":
            return _ends_in_last_event(body)
        case "application/x-ndjson":
            line = body.rstrip(b"\r\n").rpartition(b"\n")[2]
            return body.endswith(b"\n") and _LAST_LINE.search(line) is not None
    return False


def _ends_in_last_event(body: bytes) -> bool:
    ends = [0, *(match.end() for match in _BLANK_LINE.finditer(body))]
    if ends[-1] != len(body) or len(ends) < 2:
        return False  # cut off inside an event, which so never was one
    return _LAST_EVENT.search(body[ends[-2] :].replace(b"\r", b"\n")) is not None
