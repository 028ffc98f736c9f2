"""How what was found is written: for people, for programs, for CI."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree

from msgspec import Struct

from reqllm.cli.terminal import Terminal, one_line
from reqllm_fixtures.linting import Remark
from reqllm_fixtures.xml_text import xml_text

_STYLES = {"error": "red", "warning": "yellow"}


class LookedOver(Struct, frozen=True):
    """A file, and what was found in it."""

    file: str
    remarks: list[Remark]


class Tally:
    """Counts files and what was found, while it goes by."""

    def __init__(self) -> None:
        self.files = 0
        self._found: Counter[str] = Counter()

    def __str__(self) -> str:
        errors, warned = self._found["error"], self._found["warning"]
        return f"files: {self.files}, errors: {errors}, warnings: {warned}"

    def counted(self, looked: Iterable[LookedOver]) -> Iterator[LookedOver]:
        """Hand on what was found, and count it."""
        for each in looked:
            self.files += 1
            self._found.update(remark.severity for remark in each.remarks)
            yield each

    def fails(self, on: str) -> bool:
        """Tell whether something of this severity, or of a worse one, was found."""
        return self._found["error"] > 0 or (on == "warning" and self._found["warning"] > 0)


def write_text(looked: Iterable[LookedOver], terminal: Terminal) -> None:
    """Write one finding a line."""
    for each in looked:
        for remark in each.remarks:
            terminal.write(f"{one_line(each.file)}: ")
            terminal.write(one_line(str(remark)), _STYLES[remark.severity])
            terminal.end_line()


def write_json(looked: Iterable[LookedOver], terminal: Terminal) -> None:
    """Write one finding a line, as JSON."""
    for each in looked:
        for remark in each.remarks:
            terminal.json(_item(each.file, remark))


def write_junit(looked: Iterable[LookedOver], terminal: Terminal) -> None:
    """Write the XML that CI systems read: a file is a case, an error a failure of it."""
    suite = ElementTree.Element("testsuite", name="reqllm-fixtures check")
    failed = files = 0
    for each in looked:
        files += 1
        case = ElementTree.SubElement(
            suite, "testcase", classname="cassette", name=xml_text(each.file)
        )
        errors = [remark for remark in each.remarks if remark.severity == "error"]
        failed += bool(errors)
        for remark in errors:
            failure = ElementTree.SubElement(case, "failure", type=remark.rule)
            failure.set("message", xml_text(remark.message))
            failure.text = xml_text(str(remark))
        warned = [str(remark) for remark in each.remarks if remark.severity == "warning"]
        if warned:
            ElementTree.SubElement(case, "system-out").text = xml_text("\n".join(warned))
    suite.set("tests", str(files))
    suite.set("failures", str(failed))
    ElementTree.indent(suite)
    terminal.write('<?xml version="1.0" encoding="utf-8"?>\n')
    terminal.write(ElementTree.tostring(suite, encoding="unicode") + "\n")


def write_github(looked: Iterable[LookedOver], terminal: Terminal) -> None:
    """Write annotations as a workflow of GitHub's takes them.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
    """
    for each in looked:
        for remark in each.remarks:
            at = f"file={_property(each.file)},title={_property(remark.rule)}"
            terminal.line(f"::{remark.severity} {at}::{_data(one_line(str(remark)))}")


FORMATS: Mapping[str, Callable[[Iterable[LookedOver], Terminal], None]] = MappingProxyType(
    {"text": write_text, "json": write_json, "junit": write_junit, "github": write_github}
)


def _item(file: str, remark: Remark) -> dict[str, Any]:
    item: dict[str, Any] = {
        "file": file,
        "interaction": remark.interaction,
        "severity": remark.severity,
        "rule": remark.rule,
        "message": remark.message,
        "place": remark.place,
    }
    if remark.finding is not None:
        found = remark.finding
        item |= {
            "event": found.event,
            "path": found.path,
            "byte_range": list(found.byte_range),
            "repeats": found.repeats,
        }
    return item


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
