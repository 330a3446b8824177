"""`scripts/bench`: measures the gateway and prints the figures."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.task import react

from cpmgw.lab.bench import parts, report
from cpmgw.lab.bench.machine import description
from cpmgw.lab.bench.run import CannotMeasure, Plan, Run

# Seconds for each part.
_PART = 1.5
_SHORT_PART = 0.3


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="bench",
        description="Measures CPM to SMS with delivery reports, end to end over "
        "loopback, and the parts on their own.",
    )
    parser.add_argument("--short", action="store_true", help="half a minute, UDP only")
    parser.add_argument("--tcp", action="store_true", help="over TCP only")
    parser.add_argument("--seconds", type=float, help="length of each interval")
    parser.add_argument("--window", type=int, help="messages at the gateway at peak")
    parser.add_argument("--rate", type=float, help="instead of half the peak")
    parser.add_argument("--no-parts", action="store_true", help="end to end only")
    parser.add_argument("--only-parts", action="store_true", help="the parts only")
    return parser.parse_args(arguments)


def plans(chosen: argparse.Namespace) -> list[Plan]:
    """The runs to make."""
    if chosen.only_parts:
        return []
    details = {
        name: value
        for name in ("seconds", "window", "rate")
        if (value := getattr(chosen, name)) is not None
    }
    if chosen.short:
        details = {"seconds": 4.0, "warm_up": 1.0, **details}
    if chosen.tcp:
        transports = ["tcp"]
    else:
        transports = ["udp"] if chosen.short else ["udp", "tcp"]
    return [
        msgspec.convert({"transport": transport, **details}, Plan)
        for transport in transports
    ]


async def measure(reactor: Any, runs: Sequence[Plan], status: list[int]) -> None:
    """Make the runs and print each; a message that was lost makes the status 1."""
    status[0] = 0
    for plan in runs:
        with tempfile.TemporaryDirectory(prefix="cpmgw-bench-") as folder:
            try:
                result = await Run(reactor, plan, Path(folder)).measure()
            except CannotMeasure as error:
                print(f"bench: {error}", file=sys.stderr)
                status[0] = 1
                return
        print("\n".join(report.end_to_end(plan, result)), flush=True)
        if result.missing:
            status[0] = 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, and run."""
    chosen = options(arguments)
    print(description())
    status = [1]

    def reacting(reactor: Any) -> Deferred[None]:
        return Deferred.fromCoroutine(measure(reactor, plans(chosen), status))

    with contextlib.suppress(SystemExit):
        react(reacting)
    if not chosen.no_parts:
        seconds = _SHORT_PART if chosen.short else _PART
        with tempfile.TemporaryDirectory(prefix="cpmgw-bench-") as folder:
            measured = parts.all_parts(Path(folder), seconds)
            print("\n".join(report.parts(measured)))
    sys.exit(status[0])


if __name__ == "__main__":
    main()
