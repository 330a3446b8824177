"""What a hostile or broken MSRP endpoint sends in a session (RFC 4975 7, 9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tests.live.raw_frames import SECONDS, Frame, Gone, Wire, token
from tests.live.raw_msrp import End, Message

CLOSED: Final = 0
"""Stands for a status where the connection was closed instead of an answer."""

TEXT: Final = b"0123456789abcdefghij"

UNANSWERABLE: Final = ("no From-Path", "another scheme")
"""Without a path nobody can be answered: these are passed over."""


@dataclass(frozen=True)
class Fault:
    """Octets that are wrong, and the statuses that may answer the last of them.

    `requests` is how many requests they are.
    """

    name: str
    octets: bytes
    statuses: frozenset[int]
    requests: int = 1


def reaction(wire: Wire, fault: Fault, seconds: float = SECONDS) -> int:
    """Send a fault; gives the status of the last answer to it, or CLOSED.

    Raises TimeoutError where nothing happens in this time.
    """
    answers: list[int] = []
    try:
        wire.write(fault.octets)
        while len(answers) < fault.requests:
            if status := wire.frame(seconds).status:
                answers.append(status)
    except Gone:
        return CLOSED
    return answers[-1]


def goes_on(end: End, seconds: float = SECONDS) -> bool:
    """Whether the next request is answered."""
    good = end.chunk(Message(TEXT), f"1-{len(TEXT)}/{len(TEXT)}", TEXT)
    end.wire.send(replace(good, start="NICKNAME"))
    return end.wire.frame(seconds).status == 501


def judged(end: End, fault: Fault, seconds: float = SECONDS) -> str:
    """What is wrong with the reaction to a fault, "" if nothing is."""
    try:
        status = reaction(end.wire, fault, seconds)
    except TimeoutError:
        if fault.name in UNANSWERABLE and goes_on(end, seconds):
            return ""
        return f"{fault.name}: nothing in {seconds:g} s"
    return "" if status in fault.statuses else f"{fault.name}: {status}"


def faults(end: End) -> Iterator[Fault]:
    """Everything that is wrong at once: in a start line, a header, a range."""
    yield from _broken(end)
    yield from _misled(end)
    for name, chunks in _lies(end).items():
        octets = b"".join(chunk.octets() for chunk in chunks)
        yield Fault(name, octets, frozenset({400, 413}), len(chunks))


def _broken(end: End) -> Iterator[Fault]:
    """Frames that are none."""
    may = frozenset({400, CLOSED})
    good = end.chunk(Message(TEXT), "1-20/20", TEXT)
    octets, paths = good.octets(), good.headers[:2]
    for name, right, wrong in (
        ("another protocol", octets, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("no spaces", b"MSRP ", b"MSRP"),
        ("no status", b" SEND\r\n", b" 2000 OK\r\n"),
        ("short transaction", good.transaction.encode(), b"abc"),
        ("no From-Path", f"From-Path: {paths[1][1]}\r\n".encode(), b""),
        ("no colon", b"Message-ID: ", b"Message-ID "),
        ("no Message-ID", f"Message-ID: {good.value('Message-ID')}\r\n".encode(), b""),
        ("no number", b"1-20/20", b"one-20/20"),
        ("another scheme", paths[0][1].encode(), b"sip:alice@example.com"),
        ("no UTF-8", b"Message-ID: ", b"Subject: \xff\xfe\r\nMessage-ID: "),
        ("many octets", b"Message-ID: ", b"X: " + b"x" * 100_000 + b"\r\nMessage-ID: "),
        ("many headers", b"Message-ID: ", b"X: y\r\n" * 10_000 + b"Message-ID: "),
    ):
        yield Fault(name, octets.replace(right, wrong), may)


def _misled(end: End) -> Iterator[Fault]:
    """Frames for somebody else, or that nobody understands."""
    good = end.chunk(Message(TEXT), "1-20/20", TEXT)
    session = end.theirs.rsplit("/", 1)[1].partition(";")[0]
    elsewhere = end.theirs.replace(session, token())
    for name, frame, status in (
        ("wrong To-Path", _towards(good, elsewhere), 481),
        ("a longer To-Path", _towards(good, f"{end.theirs} {elsewhere}"), 481),
        ("wrong From-Path", _from(good, elsewhere), 481),
        ("unknown method", replace(good, start="NICKNAME"), 501),
    ):
        yield Fault(name, frame.octets(), frozenset({status}))


def _lies(end: End) -> Mapping[str, list[Frame]]:
    """Ranges that cannot be."""

    def chunk(byte_range: str, body: bytes = TEXT, flag: str = "$") -> Frame:
        return end.chunk(message, byte_range, body, flag=flag)

    message = Message(TEXT)
    grown = "1-10/20", "11-20/40"
    return {
        "ends before it starts": [chunk("5-3/20")],
        "starts at nothing": [chunk("0-19/20")],
        "ends past the total": [chunk("1-20/10")],
        "starts past the total": [chunk("30-49/20")],
        "longer than the range": [chunk("1-10/20")],
        "shorter than the range": [chunk("1-20/20", TEXT[:10])],
        "a total beyond all limits": [chunk(f"1-20/{10**18}", flag="+")],
        "a start beyond all limits": [chunk(f"{10**18}-*/*", flag="+")],
        "many digits": [chunk(f"1-20/{'9' * 5_000}", flag="+")],
        "another total": [
            chunk(grown[0], TEXT[:10], "+"),
            chunk(grown[1], TEXT[10:], "+"),
        ],
    }


def _towards(frame: Frame, path: str) -> Frame:
    return replace(frame, headers=(("To-Path", path), *frame.headers[1:]))


def _from(frame: Frame, path: str) -> Frame:
    first, _, *others = frame.headers
    return replace(frame, headers=(first, ("From-Path", path), *others))
