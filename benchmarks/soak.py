"""Run by `make soak`: what many streams leave behind, and what a slow reader keeps."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable

from benchmarks import many_endings, paced_server, slow_reader
from tests.shells.ways import AND_AIOHTTP, Way


def main() -> None:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for each way (%(default)s)")
    parser.add_argument("--streams", type=int, default=200, help="at a time (%(default)s)")
    parser.add_argument("--megabytes", type=int, default=100, help="read slowly (%(default)s)")
    names = [str(way) for way in AND_AIOHTTP]
    parser.add_argument("ways", nargs="*", default=names, help=f"of {', '.join(names)} (all)")
    options = parser.parse_args()
    ways = [way for way in AND_AIOHTTP if str(way) in options.ways]
    faults: list[str] = []
    if options.seconds:
        faults += many(ways, options.streams, options.seconds)
    if options.megabytes:
        faults += slowly(ways, options.megabytes)
    print("\n" + ("\n".join(faults) or "nothing left behind, each stream ended as it should"))
    sys.exit(bool(faults))


def many(ways: Iterable[Way], streams: int, seconds: float) -> list[str]:
    """Keep many streams going in each way; print a line of each, return what was wrong."""
    kinds = many_endings.KINDS
    print(f"\n{streams} streams at a time that end in every way, for {seconds:.0f} s\n")
    heads = ("streams", *kinds, "wrong", "told", "left", "MB", "2nd half")
    print(f"{'':15}" + "".join(f"{head:>11}" for head in heads))
    faults = []
    for way in ways:
        with paced_server.running() as url:
            report = many_endings.run(way, url, streams=streams, seconds=seconds)
        of = Counter(dict.fromkeys(kinds, 0))
        for (kind, _), count in report.endings.items():
            of[kind] += count
        counts = (report.streams, *of.values(), report.wrong().total(), report.ends_told)
        print(
            f"{way!s:15}"
            + "".join(f"{count:11,}" for count in (*counts, sum(report.left.values())))
            + f"{max(report.memory):11.1f}{report.growth:+11.1f}",
            flush=True,
        )
        faults += [f"{way}: {fault}" for fault in report.faults()]
    return faults


def slowly(ways: Iterable[Way], megabytes: int) -> list[str]:
    """Read a long answer slowly in each way; print a line of each, return what was wrong."""
    print(f"\n{megabytes} MB, by a reader {slow_reader.SLOWER} x slower than its provider\n")
    heads = ("unread, s", "read in, s", "x slower", "ahead, MB", "MB", "2nd half", "text, MB")
    print(f"{'':15}" + "".join(f"{head:>11}" for head in heads))
    faults = []
    for way in ways:
        with paced_server.running() as url:
            report = slow_reader.run(way, url, megabytes=megabytes)
        print(
            f"{way!s:15}{report.unread:11.2f}{report.seconds:11.1f}{report.slower:11.0f}"
            f"{report.ahead:11.1f}{max(report.memory):11.1f}{report.growth:+11.1f}"
            f"{report.text:11.1f}",
            flush=True,
        )
        faults += [f"{way}: {fault}" for fault in report.faults()]
    return faults


if __name__ == "__main__":
    main()
