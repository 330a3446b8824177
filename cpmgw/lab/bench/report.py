"""The figures as a person reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cpmgw.lab.bench.ledger import Latency
from cpmgw.lab.bench.mms import MmsFigures, MmsPlan, StalledFigures, faults
from cpmgw.lab.bench.parts import Part
from cpmgw.lab.bench.run import Figures, Plan, Result
from cpmgw.lab.bench.sessions import SessionsFigures, SessionsPlan, Turn
from cpmgw.lab.bench.stream import StreamFigures, StreamPlan


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with aligned columns, the first to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def milliseconds(latency: Latency) -> str:
    """p50, p99 and the worst."""
    moments = (latency.p50, latency.p99, latency.worst)
    return " / ".join(f"{moment * 1e3:.1f}" for moment in moments) + " ms"


def end_to_end(plan: Plan, result: Result) -> Iterable[str]:
    """Lines for one run."""
    half = f"at {plan.rate:.0f}/s" if plan.rate else "at half the peak"
    yield ""
    yield f"{_way(plan)}, durable store, receipt and IMDN"
    yield from table(
        [
            ("", f"peak (window {plan.window})", half),
            *_rows(plan, result.peak, result.half),
        ]
    )
    yield f"memory: idle {result.idle_memory / 1024:.1f} MB, " + (
        f"at most {result.peak_memory / 1024:.1f} MB"
    )
    yield _account(plan, result)


def _way(plan: Plan) -> str:
    if plan.transport != "msrp":
        return f"CPM to SMS over {plan.transport.upper()}"
    return (
        f"Chat to SMS in {plan.sessions} sessions over MSRP, "
        f"{plan.connections} connections"
    )


def _rows(plan: Plan, *columns: Figures) -> Iterable[Sequence[str]]:
    yield "messages/s", *(f"{each.rate:.0f}" for each in columns)
    yield (
        "messages/CPU second of the gateway",
        *(f"{each.per_cpu_second:.0f}" for each in columns),
    )
    yield (
        f"{plan.accepted} (p50 / p99 / worst)",
        *(milliseconds(each.answers) for each in columns),
    )
    yield (
        "IMDN after receipt (p50 / p99 / worst)",
        *(milliseconds(each.notifications) for each in columns),
    )
    yield (
        "CPU of gateway / of load, of one core",
        *(
            f"{each.gateway_cpu / each.seconds:.0%}"
            f" / {each.load_cpu / each.seconds:.0%}"
            for each in columns
        ),
    )


def _account(plan: Plan, result: Result) -> str:
    """Whether every message is accounted for."""
    again = f"; {result.resent} sent again" if result.resent else ""
    repeats = "".join(f", {n} {what} repeated" for what, n in result.repeats.items())
    if not result.missing:
        return (
            f"all {result.sent} messages were answered {plan.accepted}, reached the "
            f"SM-SC once and had their IMDN{again}{repeats}"
        )
    wrong = ", ".join(f"{count} {what}" for what, count in result.missing.items())
    return f"NOT ACCOUNTED FOR of {result.sent} messages: {wrong}{again}{repeats}"


def stream(plan: StreamPlan, measured: Iterable[StreamFigures]) -> Iterable[str]:
    """Lines for large messages."""
    yield ""
    yield (
        f"One message of {plan.size / 1e6:.0f} MB by MSRP into a file, "
        f"{plan.rounds} times for each size of chunk"
    )
    rows = [("chunks", "MB/s", "MB/CPU second", "memory: idle", "more at most")]
    rows.extend(
        (
            f"{each.chunk / 1024:.0f} KiB",
            f"{each.slowest / 1e6:.0f} to {each.fastest / 1e6:.0f}",
            f"{each.per_cpu_second / 1e6:.0f}",
            f"{each.idle / 1024:.1f} MB",
            f"{(each.most - each.idle) / 1024:.1f} MB",
        )
        for each in measured
    )
    yield from table(rows)


def sessions(plan: SessionsPlan, figures: SessionsFigures) -> Iterable[str]:
    """Lines for sessions that say nothing."""
    yield ""
    yield (
        f"{figures.opened.sessions} idle sessions, {plan.connections} MSRP "
        f"connection{'s' * (plan.connections != 1)}"
    )
    yield from table(
        [
            ("", "sessions/s", "sessions/CPU second"),
            ("opened", *_speed(figures.opened)),
            ("closed", *_speed(figures.closed)),
        ]
    )
    yield (
        f"memory: {figures.each:.1f} KB for each session; "
        f"{figures.before / 1024:.1f} MB before, {figures.standing / 1024:.1f} MB "
        f"with them, {figures.after / 1024:.1f} MB after"
    )
    if figures.again:
        yield f"with as many again: {figures.again / 1024:.1f} MB"
    yield f"CPU of the gateway while they stand, of one core: {figures.idle:.1%}"
    wrong = ", ".join(f"{count} {what}" for what, count in figures.lost.items())
    yield f"NOT AS IT MUST: {wrong}" if wrong else "all were bound, stood and ended"


def _speed(turn: Turn) -> tuple[str, str]:
    rates = (turn.sessions / max(each, 1e-9) for each in (turn.seconds, turn.cpu))
    by_time, by_cpu = (f"{rate:.0f}" for rate in rates)
    return by_time, by_cpu


def mms(plan: MmsPlan, figures: MmsFigures) -> Iterable[str]:
    """Lines for multimedia messages both ways."""
    yield ""
    yield (
        f"Pictures of {plan.size / 1000:.0f} KB between CPM and MMS, both ways at once,"
        f" {plan.window} messages of each"
    )
    ways = (figures.outbound, figures.inbound)
    yield from table(
        [
            ("", "CPM to MMS", "MMS to CPM"),
            (
                "messages/s",
                *(f"{each.messages / figures.seconds:.0f}" for each in ways),
            ),
            (
                "answered (p50 / p99 / worst)",
                *(milliseconds(each.answers) for each in ways),
            ),
        ]
    )
    yield f"messages/CPU second of the gateway: {figures.per_cpu_second:.0f}"
    yield (
        f"CPU of gateway / of load, of one core: "
        f"{figures.gateway_cpu / figures.seconds:.0%}"
        f" / {figures.load_cpu / figures.seconds:.0%}"
    )
    yield f"memory: idle {figures.idle_memory / 1024:.1f} MB, " + (
        f"at most {figures.peak_memory / 1024:.1f} MB"
    )
    wrong = ", ".join(f"{count} {what}" for what, count in figures.missing.items())
    yield (
        f"NOT ACCOUNTED FOR of {figures.sent} messages: {wrong}"
        if wrong
        else f"all {figures.sent} messages came, once, and were answered"
    )


def stalled(plan: MmsPlan, figures: StalledFigures) -> Iterable[str]:
    """Lines for a relay that says nothing."""
    yield ""
    yield (
        f"{plan.stalled_rate:.0f} such messages a second to a relay that accepts "
        "connections and never answers"
    )
    answers = ", ".join(
        f"{count} answered {status}" for status, count in figures.answers.items()
    )
    yield f"{figures.sent} messages: {answers}"
    yield (
        f"memory: idle {figures.idle / 1024:.1f} MB, at most "
        f"{figures.early / 1024:.1f} MB and then {figures.late / 1024:.1f} MB, "
        f"{figures.after / 1024:.1f} MB after"
    )
    wrong = ", ".join(faults(plan, figures))
    yield f"NOT AS IT MUST: {wrong}" if wrong else "all were answered"


def parts(measured: Iterable[Part]) -> Iterable[str]:
    """Lines for the parts."""
    yield ""
    yield from table(
        [
            ("part", "CPU", "a second"),
            *(
                (each.name, f"{each.cost * 1e6:.1f} us", f"{1 / each.cost:,.0f}")
                for each in measured
            ),
        ]
    )
