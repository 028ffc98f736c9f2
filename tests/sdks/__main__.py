"""Write docs/sdks.md anew: python -m tests.sdks."""

from .rendering import PAGE, page
from .table import SDKS

PAGE.write_text(page(SDKS), encoding="utf-8")
