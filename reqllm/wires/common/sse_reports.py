"""Server-sent events, and among them the bare report of a failure."""

from __future__ import annotations

from reqllm.framing.event import Framing, Take, WireEvent
from reqllm.framing.sse import SSE
from reqllm.framing.sse_documents import SSEAndDocuments
from reqllm.wires.common.api_errors import reports_failure


class SSEAndReports(SSEAndDocuments):
    """Hands out documents that report a failure as events named `error`; others are dropped."""

    def _take_document(self, document: bytes, take: Take, *, flushed: bool = False) -> None:
        if reports_failure(document):
            self._dispatch(take)
            take(WireEvent(document, "error", flushed=flushed))


SSE_AND_REPORTS = Framing(name="sse-and-reports", new=SSEAndReports, starts=SSE.starts)
