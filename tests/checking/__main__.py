"""Write the tables of docs/checking.md anew: python -m tests.checking."""

from reqllm_fixtures.linting import LINTS

from .page import PAGE, deviations, rules, with_tables

TABLES = {"rules": rules(), "lints": rules(LINTS), "deviations": deviations()}

PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), TABLES), encoding="utf-8")
