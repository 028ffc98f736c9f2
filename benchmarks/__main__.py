"""Run by `make bench`: what a stream event costs, and what a cassette does, side by side.

Each round runs every path once, one after the other, so that a busy machine is busy for all
of them; the fastest round of each counts.
"""

from __future__ import annotations

import argparse
import gc
import time

from benchmarks import checking, concurrent, opening, paths, plugin, recording, streams

BUDGETS = {"openai-chat": 15.0, "openai-responses": 15.0, "anthropic-messages": 6.0, "gemini": 25.0}
PATIENCE = 5.0  # seconds that a run may take and still be repeated


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000, help="words an answer (%(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds (%(default)s)")
    parser.add_argument("wires", nargs="*", help="only these, and no cassettes (all)")
    options = parser.parse_args()
    for wire in options.wires or paths.PROVIDER:
        events = streams.answer(wire, options.events)
        report(wire, "one event a piece", events, events, options.rounds)
        pieces = streams.cut(b"".join(events), 16_384)
        report(wire, "pieces of 16 KiB", events, pieces, options.rounds)
    if not options.wires:
        recording.main(options.rounds)
        opening.main()
        concurrent.main()
        checking.main(options.rounds, fastest)
        plugin.main()


def report(wire: str, cut: str, events: list[bytes], pieces: list[bytes], rounds: int) -> None:
    runs = {
        "the limit: split, orjson.loads": paths.limit(wire, pieces),
        "reqllm, bytes to chunks": paths.server(wire, pieces),
        "reqllm, whole client": paths.sync_client(wire, pieces),
        "reqllm, whole async client": paths.async_client(wire, pieces),
        f"{paths.PROVIDER[wire]} SDK": paths.vendor_sdk(wire, pieces),
    }
    best = fastest(runs, rounds)
    size = sum(map(len, pieces)) / len(events)
    print(f"\n{wire}, {cut}: {len(events):,} events of {size:.0f} bytes")
    least = best["the limit: split, orjson.loads"]
    ours = best["reqllm, whole client"]
    for name, seconds in best.items():
        each = seconds / len(events) * 1e6
        print(f"  {name:32} {each:8.2f} µs an event {seconds / least:7.2f} x the limit")
    vendor = best[f"{paths.PROVIDER[wire]} SDK"] / ours
    aim = f" (aim {BUDGETS[wire]:.0f})" if wire in BUDGETS else ""
    print(
        f"  whole client: {ours / least:.2f} x the limit (aim 2.0), "
        f"{vendor:.1f} x as fast as the SDK{aim}"
    )


def fastest(runs: dict[str, paths.Run], rounds: int) -> dict[str, float]:
    best = dict.fromkeys(runs, float("inf"))
    for number in range(rounds):
        for name, run in runs.items():
            if number and best[name] > PATIENCE:
                continue  # one vendor's SDK takes milliseconds an event: once is enough
            gc.collect()
            begun = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - begun)
    return best


if __name__ == "__main__":
    main()
