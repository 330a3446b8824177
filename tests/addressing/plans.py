"""Dial plans for the tests of the room."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from cpmgw.addressing.dialplan import AddressKind, DialPlan, PhoneAddress, plan_of
from cpmgw.addressing.settings import DialPlanSettings
from cpmgw.sip.uri import SipUri, TelUri, parse_uri

DOMAIN = "ims.example.net"
NUMBERS = st.from_regex(r"\A\+[1-9][0-9]{6,14}\Z")


def plan(domain: str = DOMAIN, country: str = "", **settings: Any) -> DialPlan:
    """A dial plan with these keys of [dial_plan], as TOML has them."""
    return plan_of(msgspec.convert(settings, DialPlanSettings), domain, country)


def e164(text: str) -> PhoneAddress:
    """A number."""
    return PhoneAddress(AddressKind.E164, text)


def short(text: str) -> PhoneAddress:
    """A short number."""
    return PhoneAddress(AddressKind.SHORT, text)


def name(text: str) -> PhoneAddress:
    """An alphanumeric name."""
    return PhoneAddress(AddressKind.NAME, text)


def uri(text: str) -> SipUri | TelUri:
    """A SIP or tel URI."""
    parsed = parse_uri(text)
    assert isinstance(parsed, SipUri | TelUri)
    return parsed


def sip(text: str) -> SipUri:
    """A SIP URI."""
    parsed = parse_uri(text)
    assert isinstance(parsed, SipUri)
    return parsed
