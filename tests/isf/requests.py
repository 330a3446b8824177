"""Requests and IWFs for the tests of the selection."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from cpmgw.config import loads
from cpmgw.isf.request import CpmRequest
from cpmgw.iwf.capabilities import Capabilities, Characteristics, Kind
from cpmgw.policy import SelectionPolicy
from tests.test_config import least

EVERY_KIND: Final = frozenset(Kind)

SMS: Final = Capabilities(
    name="SMS", service="SMS", kinds=EVERY_KIND - {Kind.FILE}, text_only=True
)
MMS: Final = Capabilities(name="MMS", service="MMS", kinds=EVERY_KIND)
EMAIL: Final = Capabilities(
    name="email",
    service="email",
    kinds=EVERY_KIND,
    addresses="mailbox",
    assigns_originator=True,
)
ALL: Final = (SMS, MMS, EMAIL)

TEXT: Final = Characteristics(content_types=("text/plain",), size=5)
IMAGE: Final = Characteristics(
    content_types=("image/jpeg",), size=40_000, no_text="no text in it"
)
MIXED: Final = Characteristics(content_types=("text/plain", "image/jpeg"), size=40_000)

PLAIN: Final = CpmRequest(
    kind=Kind.PAGER,
    originator="+15145550001",
    target="+15145550002",
    mailbox="bob@example.net",
    characteristics=TEXT,
)
RCS: Final = loads(least(gateway='profile = "rcs"'), {}).policy.selection


def request(**details: Any) -> CpmRequest:
    """A pager mode message from a number to a number, with these details."""
    return msgspec.structs.replace(PLAIN, **details)


def text_of_size(octets: int) -> Characteristics:
    """Plain text of so many octets."""
    return Characteristics(content_types=("text/plain",), size=octets)


def policy(**details: Any) -> SelectionPolicy:
    """The policy of the profile oma, with these details."""
    return msgspec.structs.replace(SelectionPolicy(), **details)


def services(**allowed: tuple[str, ...]) -> SelectionPolicy:
    """The same with other services for some kinds of request."""
    table: dict[Any, Any] = dict(SelectionPolicy().services)
    return policy(services=table | allowed)
