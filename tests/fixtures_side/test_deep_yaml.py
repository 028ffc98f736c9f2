"""YAML that is nested so deep that libyaml overruns the stack."""

import subprocess
import sys

import pytest

from reqllm_fixtures import CassetteFormatError
from reqllm_fixtures.files import format as cassette_format
from tests.fixtures_side.making import interaction

DEEP = {
    "flow": '"[" * 100_000',
    "closed": '"[" * 100_000 + "]" * 100_000',
    "mappings": '"{a: " * 100_000',
    "text between": "\"[']', \" * 100_000",
    "dashes": '"- " * 100_000',
    "keys": '"? " * 100_000',
    "in a cassette": '"interactions:\\n- " + "[" * 100_000 + "]" * 100_000 + "\\nversion: 1"',
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_deep_yaml_is_refused(text):
    """A process that reads it is told that the file is no cassette, and lives."""
    program = (
        "from reqllm_fixtures import CassetteFormatError\n"
        "from reqllm_fixtures.files import format\n"
        f"try: format.loads({text}, path='deep.yaml')\n"
        "except CassetteFormatError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert "deep.yaml is not a cassette" in done.stdout
    assert "nested more than 1,000 deep" in done.stdout


def test_file_after_a_deep_one_is_read():
    """The refusal of one file is not remembered against the next."""
    with pytest.raises(CassetteFormatError):
        cassette_format.loads("[" * 5000, path="deep.yaml")
    recorded = interaction(b"[" * 100_000)

    assert cassette_format.loads(cassette_format.dumps([recorded]), path="c") == [recorded]


@pytest.mark.parametrize("foreign", [True, False])
def test_address_that_is_none_is_refused(foreign):
    """An address that cannot be taken apart is told with its file and interaction."""
    text = cassette_format.dumps([interaction(b"x"), interaction(b"y")])
    head, _, tail = text.rpartition("https://api.example.test/")
    text = f"{head}http://[::1/{tail}"

    with pytest.raises(CassetteFormatError, match=r"c\.yaml .*in interaction 1"):
        cassette_format.loads(
            text.replace("x_reqllm", "x_other") if foreign else text, path="c.yaml"
        )
