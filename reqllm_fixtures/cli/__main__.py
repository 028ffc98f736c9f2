"""`python -m reqllm_fixtures.cli` is the command `reqllm-fixtures`."""

from reqllm_fixtures.cli import main

main()
