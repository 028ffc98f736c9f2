"""Write docs/endings.md anew: python -m tests.endings. With --check, tell what it would change."""

import sys
from difflib import unified_diff

from .page import PAGE, page

written = page()
if "--check" in sys.argv:
    now = PAGE.read_text(encoding="utf-8")
    sys.stdout.writelines(unified_diff(now.splitlines(True), written.splitlines(True), n=0))
else:
    PAGE.write_text(written, encoding="utf-8")
