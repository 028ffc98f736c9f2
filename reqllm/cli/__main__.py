"""`python -m reqllm.cli` is the command `reqllm`."""

from reqllm.cli import main

main()
