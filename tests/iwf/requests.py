"""Requests and read messages for the tests of the IWF."""

from __future__ import annotations

from typing import Any

from cpmgw.iwf.standalone import StandaloneMessage, read_standalone
from cpmgw.lab.pager import PagerMessage, pager_request
from cpmgw.sip.message import Request
from tests.addressing.plans import plan

ALICE = "tel:+15145550001"
BOB = "tel:+15145550002"
NOW = 1_760_000_000.0
PLAN = plan()


def request_of(**details: Any) -> Request:
    """A pager mode message from Alice to Bob, as it arrives."""
    details.setdefault("sender", ALICE)
    details.setdefault("recipient", BOB)
    details.setdefault("text", "Hello")
    details.setdefault("message_id", "m-1")
    return pager_request(PagerMessage(**details), call_id="call-1", now=NOW)


def message_of(**details: Any) -> StandaloneMessage:
    """The same, read."""
    return read_standalone(request_of(**details), NOW, PLAN)
