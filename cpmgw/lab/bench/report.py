"""The figures as a person reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cpmgw.lab.bench.ledger import Latency
from cpmgw.lab.bench.parts import Part
from cpmgw.lab.bench.run import Figures, Plan, Result


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
    yield f"CPM to SMS over {plan.transport.upper()}, durable store, receipt and IMDN"
    yield from table(
        [
            ("", f"peak (window {plan.window})", half),
            *_rows(result.peak, result.half),
        ]
    )
    yield f"memory: idle {result.idle_memory / 1024:.1f} MB, " + (
        f"at most {result.peak_memory / 1024:.1f} MB"
    )
    yield _account(result)


def _rows(*columns: Figures) -> Iterable[Sequence[str]]:
    yield "messages/s", *(f"{each.rate:.0f}" for each in columns)
    yield (
        "messages/CPU second of the gateway",
        *(f"{each.per_cpu_second:.0f}" for each in columns),
    )
    yield "202 (p50 / p99 / worst)", *(milliseconds(each.answers) for each in columns)
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


def _account(result: Result) -> str:
    """Whether every message is accounted for."""
    again = f"; {result.resent} sent again" if result.resent else ""
    repeats = "".join(f", {n} {what} repeated" for what, n in result.repeats.items())
    if not result.missing:
        return (
            f"all {result.sent} messages were answered 202, reached the SM-SC once "
            f"and had their IMDN{again}{repeats}"
        )
    wrong = ", ".join(f"{count} {what}" for what, count in result.missing.items())
    return f"NOT ACCOUNTED FOR of {result.sent} messages: {wrong}{again}{repeats}"


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
