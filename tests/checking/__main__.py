"""Write the tables of docs/checking.md anew: python -m tests.checking."""

from .page import PAGE, deviations, rules, with_tables

PAGE.write_text(
    with_tables(PAGE.read_text(encoding="utf-8"), {"rules": rules(), "deviations": deviations()}),
    encoding="utf-8",
)
