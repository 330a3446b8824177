"""tshark reads a capture: which frames there are, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from tests.live.case import LiveTestCase, Need, command

NEEDS: Final[Sequence[Need]] = (command("tshark", "tshark"),)
FIELDS: Final = (
    "frame.protocols",
    "sip.Method",
    "sip.Status-Code",
    "msrp.method",
    "msrp.status.code",
    "_ws.expert.message",
    "_ws.malformed",
)
_UNKNOWN: Final = re.compile(
    r"Unrecognised SIP header \((?:conversation-id|contribution-id|message-context"
    r"|message-correlator)\),?"
)
"""Header fields of CPM that tshark has not heard of."""


class Frame(msgspec.Struct, frozen=True):
    """What tshark says of one frame; `expert` are its complaints."""

    protocols: str
    sip: str
    msrp: str
    expert: str
    malformed: str


async def dissect(
    case: LiveTestCase, capture: Path, rules: Sequence[str]
) -> list[Frame]:
    """Every frame with SIP or MSRP in it; `rules` say what is at which port."""
    tshark = case.process(
        "tshark",
        [
            *("/usr/bin/env", "tshark", "-n", "-r", capture),
            *(word for rule in rules for word in ("-d", rule)),
            *("-Y", "sip || msrp || _ws.malformed"),
            *("-T", "fields", "-E", "separator=|"),
            *(word for field in FIELDS for word in ("-e", field)),
        ],
    )
    case.assertEqual(await tshark.end(), 0)
    rows = [line.split("|") for line in tshark.lines if line.count("|") == 6]
    case.assertTrue(rows)
    return [
        Frame(
            protocols=row[0],
            sip=f"{row[1]},{row[2]}",
            msrp=f"{row[3]},{row[4]}",
            expert=_UNKNOWN.sub("", row[5]),
            malformed=row[6],
        )
        for row in rows
    ]
