"""The command `reqllm-fixtures conformance`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reqllm.cli.commands import checked_wire
from reqllm_fixtures.cli.command_line import NAME, running

if TYPE_CHECKING:
    from reqllm.cli.reporting import Reporter
    from reqllm.cli.terminal import Terminal
    from reqllm_fixtures.cli.conformance_reports import Judging
    from reqllm_fixtures.conformance.case import Scenario
    from reqllm_fixtures.conformance.results import Matrix
    from reqllm_fixtures.conformance.running import MatrixRun

EXAMPLES = """\b
Examples:
  reqllm-fixtures conformance openai:gpt-5-mini anthropic:claude-haiku-4-5
  reqllm-fixtures conformance openai:gpt-5-mini --mode record -o matrix.html -o matrix.xml
  reqllm-fixtures conformance vllm:qwen3 --base-url http://gpu:8000/v1 --mode live --without vision
  reqllm-fixtures conformance compatible:my-model --base-url http://localhost:9000/v1 --mode live
  reqllm-fixtures conformance groq:llama-3.3-70b --scenario text --scenario usage --mode fill
  reqllm-fixtures conformance --list

\b
Exit status:
  0 every scenario passed, has no form in the wire or is not claimed, and something was proved
  1 a scenario failed, could not be judged, or is not proved
  2 asked wrongly: nothing was run          130 left by Ctrl-C: what is known is written
"""


def _listed(context: click.Context, _: click.Parameter, is_asked: bool) -> None:
    """Print the scenarios and leave, if that was asked for."""
    if not is_asked or context.resilient_parsing:
        return
    from reqllm_fixtures.conformance.scenarios import SCENARIOS

    names = max(len(each.name) for each in SCENARIOS)
    claims = max(len(each.capability) for each in SCENARIOS)
    for each in SCENARIOS:
        click.echo(f"{each.name:<{names}}  {each.capability:<{claims}}  {each.title}")
    context.exit()


def _checked_scenarios(
    _: click.Context, __: click.Parameter, names: tuple[str, ...]
) -> tuple[Scenario, ...]:
    """Return the scenarios of these names, all if there are none."""
    from reqllm_fixtures.conformance.scenarios import SCENARIOS, scenario
    from reqllm_fixtures.errors import UnknownScenarioError

    try:
        wanted = {scenario(name).name for name in names}
    except UnknownScenarioError as error:
        raise click.BadParameter(str(error)) from None
    return tuple(each for each in SCENARIOS if not wanted or each.name in wanted)


def _checked_claims(
    _: click.Context, __: click.Parameter, given: tuple[str, ...]
) -> frozenset[str]:
    """Return capabilities and names of scenarios out of lists of them."""
    from reqllm_fixtures.conformance.scenarios import SCENARIOS

    claims = {claim.strip() for each in given for claim in each.split(",") if claim.strip()}
    known = dict.fromkeys(name for each in SCENARIOS for name in (each.capability, each.name))
    if unknown := claims - known.keys():
        raise click.BadParameter(
            f"there is no capability {', '.join(map(repr, sorted(unknown)))}. "
            f"The capabilities and scenarios are {', '.join(known)}."
        )
    return frozenset(claims)


def _checked_files(
    _: click.Context, __: click.Parameter, paths: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the files if their names say in which form each is to be written."""
    from reqllm_fixtures.cli.conformance_reports import SUFFIXES

    for path in paths:
        if Path(path).suffix.lower() not in SUFFIXES:
            forms = ", ".join(f"{suffix} ({form})" for suffix, form in SUFFIXES.items())
            raise click.BadParameter(f"{path!r} tells no form by its end: {forms}.")
    return paths


form_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit", "html"]),
    default="text",
    show_default=True,
    help="The form in which the matrix is printed.",
)
outputs_option = click.option(
    "outputs",
    "-o",
    "--output",
    metavar="FILE",
    multiple=True,
    callback=_checked_files,
    help="Write the matrix to FILE too, in the form that its end names: .txt, .json, .xml (JUnit), "
    ".html; may be given more than once.",
)


@click.command(
    name="conformance", epilog=EXAMPLES, short_help="Hold models to the conformance scenarios."
)
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option("--base-url", metavar="URL", help="An address in place of the provider's own.")
@click.option(
    "--wire",
    metavar="WIRE",
    callback=checked_wire,
    help="The wire format, if not the provider's usual one.",
)
@click.option(
    "--mode",
    type=click.Choice(["replay", "record", "fill", "live"]),
    help="replay (default): recordings alone; record: ask, and keep what comes; fill: ask what is "
    "not recorded; live: ask, and keep nothing.",
)
@click.option(
    "scenarios",
    "--scenario",
    metavar="NAME",
    multiple=True,
    callback=_checked_scenarios,
    help="Run this one alone; may be given more than once. --list names them all.",
)
@click.option(
    "--without",
    metavar="CAPABILITY,...",
    multiple=True,
    callback=_checked_claims,
    help="What the models cannot do, as in 'vision,reasoning': it is not asked.",
)
@click.option(
    "--cassettes",
    metavar="DIR",
    type=click.Path(file_okay=False),
    default="cassettes/conformance",
    show_default=True,
    help="Where the recordings are: DIR/provider/model/scenario.yaml.",
)
@click.option(
    "--api-key-env",
    metavar="VARIABLE",
    help="The environment variable that holds the key, if not the provider's own.",
)
@click.option(
    "--profile",
    type=click.Choice(["strict", "compat"]),
    default="compat",
    show_default=True,
    help="strict: what the provider documents must hold, and remarks are failures; compat: what a "
    "client needs.",
)
@click.option(
    "--max-age",
    type=click.IntRange(min=1),
    metavar="DAYS",
    help="How old a recording may be to prove anything.",
)
@click.option("--allow-unproved", is_flag=True, help="What nothing proves fails nothing.")
@form_option
@outputs_option
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_listed,
    help="List the scenarios with the capability that each needs, and leave.",
)
def conformance_command(
    models: tuple[str, ...],
    base_url: str | None,
    wire: str | None,
    mode: str | None,
    scenarios: tuple[Scenario, ...],
    without: frozenset[str],
    cassettes: str,
    api_key_env: str | None,
    profile: str,
    max_age: int | None,
    allow_unproved: bool,
    form: str,
    outputs: tuple[str, ...],
) -> None:
    """Put the scenarios of conformance to each MODEL (provider:name), and print what it supports.

    Recordings are played unless --mode says otherwise. A server that is in no table is asked as
    compatible:NAME with its --base-url. docs/conformance.md tells what each scenario asks and
    checks.
    """
    from datetime import timedelta

    from reqllm.cli.reporting import WENT_WRONG
    from reqllm_fixtures.checking.finding import checked_profile
    from reqllm_fixtures.cli.conformance_display import Display
    from reqllm_fixtures.cli.conformance_reports import Judging
    from reqllm_fixtures.cli.conformance_targets import key_in, targets
    from reqllm_fixtures.conformance.running import MatrixRun
    from reqllm_fixtures.mode import Mode, chosen

    with running() as (terminal, reporter):
        is_asked = chosen(mode, Mode.REPLAY) is not Mode.REPLAY
        try:
            key = key_in(api_key_env, is_asked=is_asked)
        except KeyError:
            raise click.UsageError(
                f"--api-key-env: the environment variable {api_key_env} is not set."
            ) from None
        judging = Judging(strict=profile == "strict", allow_unproved=allow_unproved)
        with targets(models, wire=wire, base_url=base_url, api_key=key) as asked:
            display = Display(sys.stderr, len(asked) * len(scenarios))
            run = MatrixRun(
                asked,
                scenarios=scenarios,
                cassettes=cassettes,
                mode=mode,
                without=without,
                profile=checked_profile(profile),
                max_age=None if max_age is None else timedelta(days=max_age),
                watch=display,
            )
            try:
                run.run()
            except KeyboardInterrupt:
                reporter.left = lambda: _known(run)
                raise
            finally:
                display.clear()
                _write(run.matrix, form, outputs, judging, terminal, reporter)
        if failures := judging.failures(run.matrix):
            for failure in failures:
                terminal.say(f"{NAME}: {failure}")
            sys.exit(WENT_WRONG)


def _known(run: MatrixRun) -> str:
    known = sum(len(row.cells) for row in run.matrix.rows)
    return f"{known} of {run.total} cells are known, and written"


def _write(
    matrix: Matrix,
    form: str,
    outputs: tuple[str, ...],
    judging: Judging,
    terminal: Terminal,
    reporter: Reporter,
) -> None:
    from reqllm.cli.reporting import WENT_WRONG
    from reqllm_fixtures.cli.conformance_reports import write_files, write_out

    write_out(matrix, form, judging, terminal)
    if not write_files(matrix, outputs, judging, reporter):
        sys.exit(WENT_WRONG)
