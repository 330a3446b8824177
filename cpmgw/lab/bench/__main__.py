"""`scripts/bench`: measures the gateway and prints the figures."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.task import react

from cpmgw.lab.bench import parts, report, stream
from cpmgw.lab.bench.machine import description
from cpmgw.lab.bench.mms import MmsPlan, MmsRun, faults
from cpmgw.lab.bench.run import Plan, Run
from cpmgw.lab.bench.sessions import SessionsPlan, SessionsRun
from cpmgw.lab.bench.stream import StreamPlan
from cpmgw.lab.bench.subject import CannotMeasure

# Seconds for each part.
_PART: Final = 1.5
_SHORT_PART: Final = 0.3
_SECTIONS: Final = ("pager", "chat", "mms", "stream", "sessions", "parts")

Work = Callable[[Any, Path], Awaitable[tuple[Iterable[str], bool]]]
"""One measurement: its lines, and whether all was as it must be."""


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="bench",
        description="Measures messages and sessions end to end over loopback, and "
        "parts on their own: all in turn, or those that are named.",
    )
    parser.add_argument("--pager", action="store_true", help="pager mode to SMS")
    parser.add_argument("--chat", action="store_true", help="chat messages to SMS")
    parser.add_argument("--mms", action="store_true", help="pictures to and from MMS")
    parser.add_argument("--stream", action="store_true", help="large messages by MSRP")
    parser.add_argument("--sessions", action="store_true", help="idle sessions")
    parser.add_argument("--parts", action="store_true", help="codecs, store, path")
    parser.add_argument("--short", action="store_true", help="all in a minute")
    parser.add_argument("--tcp", action="store_true", help="pager mode by TCP only")
    parser.add_argument("--seconds", type=float, help="length of each interval")
    parser.add_argument("--window", type=int, help="messages at the gateway at peak")
    parser.add_argument("--rate", type=float, help="instead of half the peak")
    parser.add_argument("--count", type=int, help="how many idle sessions")
    parser.add_argument("--connections", type=int, help="of MSRP, and of SMTP")
    return parser.parse_args(arguments)


def sections(chosen: argparse.Namespace) -> list[str]:
    """What to measure."""
    named = [each for each in _SECTIONS if getattr(chosen, each)]
    return named or list(_SECTIONS)


def plans(chosen: argparse.Namespace) -> list[Plan]:
    """The runs with messages that are to be made."""
    wanted = sections(chosen)
    details = _given(chosen, "seconds", "window", "rate")
    if chosen.short:
        details = {"seconds": 4.0, "warm_up": 1.0, **details}
    pager = ["tcp"] if chosen.tcp else ["udp"] if chosen.short else ["udp", "tcp"]
    found = [{"transport": each} for each in pager] if "pager" in wanted else []
    if "chat" in wanted:
        found.append({"transport": "msrp", **_given(chosen, "connections")})
    return [msgspec.convert({**details, **each}, Plan) for each in found]


def sessions_plan(chosen: argparse.Namespace) -> SessionsPlan:
    """The run with idle sessions."""
    details = _given(chosen, "connections", "seconds")
    if chosen.count is not None:
        details["sessions"] = chosen.count
    if chosen.short:
        details = {"seconds": 2.0, "sessions": 1_000, "pause": 0.0, **details}
    return msgspec.convert(details, SessionsPlan)


def mms_plan(chosen: argparse.Namespace) -> MmsPlan:
    """The run with multimedia messages."""
    details = _given(chosen, "seconds", "window", "connections")
    if chosen.short:
        few = {"stalled_settle": 2.0, "stalled_seconds": 4.0}
        details = {"seconds": 4.0, "warm_up": 1.0, **few, **details}
    return msgspec.convert(details, MmsPlan)


def stream_plan(chosen: argparse.Namespace) -> StreamPlan:
    """The large messages."""
    return StreamPlan(rounds=2) if chosen.short else StreamPlan()


def _given(chosen: argparse.Namespace, *names: str) -> dict[str, Any]:
    found = {name: getattr(chosen, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def work(chosen: argparse.Namespace) -> Iterator[Work]:
    """All that runs in the reactor, in its order."""
    for plan in plans(chosen):
        yield _messages(plan)
    if "mms" in sections(chosen):
        yield _pictures(mms_plan(chosen))
        yield _silence(mms_plan(chosen))
    if "sessions" in sections(chosen):
        yield _idle(sessions_plan(chosen))


def _messages(plan: Plan) -> Work:
    async def measure(reactor: Any, folder: Path) -> tuple[Iterable[str], bool]:
        result = await Run(reactor, plan, folder).measure()
        return report.end_to_end(plan, result), not result.missing

    return measure


def _pictures(plan: MmsPlan) -> Work:
    async def measure(reactor: Any, folder: Path) -> tuple[Iterable[str], bool]:
        figures = await MmsRun(reactor, plan, folder).measure()
        return report.mms(plan, figures), not figures.missing

    return measure


def _silence(plan: MmsPlan) -> Work:
    async def measure(reactor: Any, folder: Path) -> tuple[Iterable[str], bool]:
        figures = await MmsRun(reactor, plan, folder).stall()
        return report.stalled(plan, figures), not faults(plan, figures)

    return measure


def _idle(plan: SessionsPlan) -> Work:
    async def measure(reactor: Any, folder: Path) -> tuple[Iterable[str], bool]:
        figures = await SessionsRun(reactor, plan, folder).measure()
        return report.sessions(plan, figures), not figures.lost

    return measure


async def measure(reactor: Any, wanted: Iterable[Work], status: list[int]) -> None:
    """Do the work and print its lines; what was not as it must makes the status 1."""
    status[0] = 0
    for each in wanted:
        with tempfile.TemporaryDirectory(prefix="cpmgw-bench-") as folder:
            try:
                lines, well = await each(reactor, Path(folder))
            except CannotMeasure as error:
                print(f"bench: {error}", file=sys.stderr)
                status[0] = 1
                continue
        print("\n".join(lines), flush=True)
        if not well:
            status[0] = 1


def alone(chosen: argparse.Namespace) -> int:
    """Do what needs no reactor and print its lines; the exit status."""
    wanted = sections(chosen)
    with tempfile.TemporaryDirectory(prefix="cpmgw-bench-") as folder:
        if "stream" in wanted:
            plan = stream_plan(chosen)
            try:
                found = list(stream.measure(plan, Path(folder)))
            except CannotMeasure as error:
                print(f"bench: {error}", file=sys.stderr)
                return 1
            print("\n".join(report.stream(plan, found)), flush=True)
        if "parts" in wanted:
            seconds = _SHORT_PART if chosen.short else _PART
            measured = parts.all_parts(Path(folder), seconds)
            print("\n".join(report.parts(measured)))
    return 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, and run."""
    chosen = options(arguments)
    print(description(), flush=True)
    status = [1]

    def reacting(reactor: Any) -> Deferred[None]:
        return Deferred.fromCoroutine(measure(reactor, work(chosen), status))

    with contextlib.suppress(SystemExit):
        react(reacting)
    sys.exit(alone(chosen) or status[0])


if __name__ == "__main__":
    main()
