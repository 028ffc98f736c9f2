"""The command `reqllm`: ask a model, and watch its answer arrive."""

from __future__ import annotations

import math
import sys

import click

NAME = "reqllm"
HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
EXAMPLES = """\b
Examples:
  reqllm stream openai:gpt-5-mini "Why is the sky blue?"
  reqllm stream anthropic:claude-haiku-4-5 - --system "Be brief." < question.txt
  reqllm stream openai:gpt-5-mini "Weather in Oslo?" --tool weather.json
  reqllm stream openai:gpt-5-mini Hello --option temperature=0 --option max_tokens=50
  reqllm stream openai:llama3 Hello --base-url http://localhost:8000/v1
  reqllm stream anthropic:claude-haiku-4-5 "Why is the sky blue?" --cassette cassettes/demo.yaml
  reqllm stream openai:gpt-5-mini Hello --json | jq -r 'select(.kind == "text_delta").text'

\b
The key is read from the provider's variable: `reqllm providers` lists them all.

\b
Exit status:
  0 the answer is complete        130 left by Ctrl-C
  1 the provider, the network or the stream failed
  2 asked wrongly: nothing was sent
"""


def checked_pace(_: click.Context, __: click.Parameter, pace: float | None) -> float | None:
    """Return the pace if it is one."""
    if pace is not None and not (pace >= 0 and math.isfinite(pace)):
        raise click.BadParameter(f"{pace:g} is none: 0 is at once, 1 as recorded, 2 half as fast.")
    return pace


def checked_wire(_: click.Context, __: click.Parameter, wire: str | None) -> str | None:
    """Return the wire if there is one of that name."""
    if wire is None:
        return None
    from reqllm.wires.table import WIRE_NAMES

    if wire not in WIRE_NAMES:
        known = ", ".join(WIRE_NAMES)
        raise click.BadParameter(f"there is no wire {wire!r}. The wires are {known}.")
    return wire


@click.group(name=NAME, context_settings=HELP)
@click.version_option(package_name="reqllm", prog_name=NAME)
def reqllm() -> None:
    """Stream language models, and tell the truth about how a stream ended."""


@reqllm.command(epilog=EXAMPLES, short_help="Ask a model and print its answer as it comes.")
@click.argument("model")
@click.argument("prompt")
@click.option("--system", metavar="TEXT", help="The system prompt.")
@click.option(
    "tools",
    "--tool",
    metavar="FILE|JSON",
    multiple=True,
    help="A tool the model may call: name, description and parameters (a JSON Schema), in our "
    "form, OpenAI's or Anthropic's. May be given several times, and hold a list.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one chunk a line, as JSON.")
@click.option(
    "--cassette",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Answer from this recording: no key, no network.",
)
@click.option(
    "--pace",
    type=float,
    callback=checked_pace,
    metavar="N",
    help="With --cassette: 1 plays in the recorded rhythm, 2 half as fast, 0 (default) at once.",
)
@click.option(
    "--wire",
    metavar="WIRE",
    callback=checked_wire,
    help="The wire format, if not the provider's usual one.",
)
@click.option("--base-url", metavar="URL", help="An address in place of the provider's own.")
@click.option(
    "--timeout",
    type=float,
    metavar="S",
    default=30.0,
    show_default=True,
    help="Seconds of silence that end the stream; 0 for no limit.",
)
@click.option(
    "options",
    "--option",
    metavar="NAME=VALUE",
    multiple=True,
    help="An option of the call, such as temperature=0; the value is JSON, or else text.",
)
def stream(
    model: str,
    prompt: str,
    system: str | None,
    tools: tuple[str, ...],
    as_json: bool,
    cassette: str | None,
    pace: float | None,
    wire: str | None,
    base_url: str | None,
    timeout: float,
    options: tuple[str, ...],
) -> None:
    """Ask MODEL (provider:name) the PROMPT, and print its answer as it arrives.

    Reasoning is dimmed, tool calls, refusals and warnings are marked; a last line tells usage, why
    the model stopped and how fast it was. PROMPT - reads the standard input.
    """
    from reqllm.cli.asking import Question, ask
    from reqllm.cli.reporting import Reporter
    from reqllm.cli.terminal import Terminal

    if pace is not None and cassette is None:
        raise click.UsageError("--pace is the rhythm of a recording: it needs --cassette.")
    terminal = Terminal(sys.stdout, sys.stderr)
    reporter = Reporter(NAME, terminal)
    with reporter.running():
        question = Question(
            model=model,
            prompt=_stdin() if prompt == "-" else prompt,
            system=system,
            tools=tools,
            options=options,
            wire=wire,
            base_url=base_url,
            timeout=timeout or None,
            cassette=cassette,
            pace=pace or 0.0,
        )
        ask(question, terminal, reporter, as_json=as_json)


@reqllm.command(short_help="List the providers: address, key and wires.")
@click.option("--json", "as_json", is_flag=True, help="Print all that is known of each, as JSON.")
@click.option("--markdown", is_flag=True, help="Print the table of the documents.")
def providers(as_json: bool, markdown: bool) -> None:
    """List the providers that models can be asked for by: NAME:MODEL.

    Any other server that speaks one of the wires can be asked with --base-url.
    """
    from reqllm.cli import providers_table as table
    from reqllm.cli.terminal import as_json as in_json
    from reqllm.providers.registry import PROVIDERS

    if as_json and markdown:
        raise click.UsageError("--json and --markdown are two forms: choose one.")
    listed = [PROVIDERS[name] for name in sorted(PROVIDERS)]
    if as_json:
        click.echo(in_json(table.as_rows(listed)))
    elif markdown:
        click.echo(table.as_markdown(listed), nl=False)
    else:
        click.echo(table.as_text(listed), nl=False)


def _stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise click.UsageError(
            f"the standard input is no UTF-8 text, at byte {error.start}"
        ) from None
