"""The same recording, deterministically changed, without a new file.

recuts    other pieces of the same bytes         timing    the same pieces at other times
endings   cut off, reset, stalled, ended early   events    lost, doubled, exchanged, damaged, put in
heads     other heads, and refusals before it    incidents what befell somebody, by its name
words     overlays as text, and groups of them   applying  what a cassette's recordings become

Overlays are pure: of the recorded response and a seed. `a | b` is `a` and then `b`.
"""

from reqllm_fixtures.overlay.applying import apply
from reqllm_fixtures.overlay.base import Overlay
from reqllm_fixtures.overlay.endings import Cut, Ended, Reset, Stall
from reqllm_fixtures.overlay.events import (
    Comment,
    Corrupt,
    Double,
    Drop,
    InBandError,
    Malformed,
    Swap,
)
from reqllm_fixtures.overlay.heads import ContentType, LoginPage, Refused, Unreachable
from reqllm_fixtures.overlay.incidents import Incident
from reqllm_fixtures.overlay.recuts import CRLF, recut
from reqllm_fixtures.overlay.timing import KeepAlives, Pace, Pause, Rhythm, SlowFirstToken
from reqllm_fixtures.overlay.words import matrix, parse

comment = Comment
content_type = ContentType
corrupt = Corrupt
crlf = CRLF
cut = Cut
double = Double
drop = Drop
ended = Ended
error = InBandError
incident = Incident
keep_alives = KeepAlives
login_page = LoginPage
malformed = Malformed
pace = Pace
pause = Pause
refused = Refused
reset = Reset
rhythm = Rhythm
slow_first_token = SlowFirstToken
stall = Stall
swap = Swap
unreachable = Unreachable

__all__ = [
    "Overlay",
    "apply",
    "comment",
    "content_type",
    "corrupt",
    "crlf",
    "cut",
    "double",
    "drop",
    "ended",
    "error",
    "incident",
    "keep_alives",
    "login_page",
    "malformed",
    "matrix",
    "pace",
    "parse",
    "pause",
    "recut",
    "refused",
    "reset",
    "rhythm",
    "slow_first_token",
    "stall",
    "swap",
    "unreachable",
]
