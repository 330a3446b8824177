"""SIPp as the two ends of CPM sessions: Participating Function, and IWF elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import Final

import msgspec

from tests.live.case import PEERS, LiveTestCase, free_port
from tests.live.sipp import Sipp, filled_in, start_sender, start_sipp

_VIA: Final = re.compile(r"SIP/2\.0/(\w+) +[\w.]+:(\d+)")
_ROUTE: Final = re.compile(r"<sip:[\w.]+:(\d+)(?:;transport=(\w+))?[;>]")

Place = tuple[str, int]
"""A transport and a port, all being on this host."""


class Ending(Enum):
    """How a session ends: the scenario parts of the caller, and of the IWF."""

    BY_CALLER = ("answered", "ends"), ("answers", "is_left")
    BY_IWF = ("answered", "is_left"), ("answers", "ends")
    CANCELLED = ("cancels",), ("is_cancelled",)


class Invitation(msgspec.Struct, frozen=True):
    """Who is to invite whom, and what the identifiers of the session end in."""

    caller: str
    callee: str
    conversation: str
    contribution: str


def invite(
    case: LiveTestCase,
    invitations: Sequence[Invitation],
    ending: Ending,
    *,
    to_port: int,
    group: bool = False,
    rate: int = 10,
) -> Sipp:
    """Send each INVITE once, by UDP, and play the calling side; `rate` is in a second.

    It ends well if each session has gone as it should.
    """
    values = {
        "FOCUS": ";isfocus" if group else "",
        "GROUP": ".group" if group else "",
        "ENDING": _parts("caller", ending.value[0]),
    }
    name = f"caller-{free_port()}"
    scenario = filled_in(case, name, "session/caller.xml", values)
    return start_sender(case, name, "udp", scenario, invitations, to_port, rate)


def interwork(
    case: LiveTestCase, ending: Ending, count: int = 1, *, transport: str = "udp"
) -> Sipp:
    """Be the IWF that `count` sessions come to, and end after them."""
    name = f"iwf-{transport}-{free_port()}"
    values = {"ENDING": _parts("iwf", ending.value[1])}
    scenario = filled_in(case, name, "session/iwf.xml", values)
    return start_sipp(case, name, transport, scenario, ("-m", str(count)))


def requests(peer: Sipp, method: str) -> list[str]:
    """The requests of a method that came to a peer, repeated ones included."""
    return [each for each in peer.received if each.startswith(f"{method} ")]


def responses(peer: Sipp, status: int, method: str) -> list[str]:
    """The responses to a method that came to a peer, repeated ones included."""
    return [
        each
        for each in peer.received
        if each.startswith(f"SIP/2.0 {status} ")
        and field(each, "CSeq").endswith(f" {method}")
    ]


def field(message: str, name: str) -> str:
    """The only value of a header."""
    (value,) = fields(message, name)
    return value


def fields(message: str, name: str) -> list[str]:
    """The values of a header, those of one line apart where they are addresses."""
    head = message.partition("\n\n")[0]
    lines = re.findall(rf"^{name}:[ \t]*(.*)$", head, re.MULTILINE | re.IGNORECASE)
    return [value.strip() for line in lines for value in re.split(r",\s*(?=<)", line)]


def hops(message: str) -> list[Place]:
    """Where it came from, by its Vias, the latest hop first."""
    found = [_VIA.match(each) for each in fields(message, "Via")]
    return [(each[1].lower(), int(each[2])) for each in found if each]


def recorded(message: str) -> list[Place]:
    """Where its Record-Routes say that requests go through, the topmost first."""
    found = [_ROUTE.match(each) for each in fields(message, "Record-Route")]
    return [(each[2] or "udp", int(each[1])) for each in found if each]


def _parts(side: str, names: Sequence[str]) -> str:
    paths = [PEERS / "session" / f"{side}_{name}.xml" for name in names]
    return "".join(path.read_text("utf-8") for path in paths)
