"""User Access Policy documents, put together (RFC 4745)."""

from __future__ import annotations

from cpmgw.cpm.timestamp import parse_datetime

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<cr:ruleset xmlns:cr="urn:ietf:params:xml:ns:common-policy" '
    'xmlns:ocp="urn:oma:xml:xdm:common-policy" xmlns:oxe="urn:oma:xml:xdm:extensions">'
)
ALICE = "sip:alice@ims.example.net"
BOB = "sip:bob@other.example.org"
NUMBER = "tel:+15145550100"
HIDDEN = "sip:anonymous@anonymous.invalid"
NOON = parse_datetime("2026-03-01T12:00:00Z") or 0.0


def action(text: str, name: str = "preferred-delivery-mechanism") -> str:
    """An action that prefers these services."""
    return f"<oxe:{name}>{text}</oxe:{name}>"


def rule(conditions: str, actions: str) -> str:
    """A rule."""
    return (
        f'<cr:rule id="a"><cr:conditions>{conditions}</cr:conditions>'
        f"<cr:actions>{actions}</cr:actions><cr:transformations/></cr:rule>"
    )


def document(*rules: str) -> bytes:
    """A whole document."""
    return f"{HEAD}{''.join(rules)}</cr:ruleset>".encode()


def identity(inside: str) -> str:
    """A condition on who the originator is."""
    return f"<cr:identity>{inside}</cr:identity>"


def one(uri: str) -> str:
    """A condition that names one user."""
    return identity(f'<cr:one id="{uri}"/>')


def validity(*times: str) -> str:
    """A condition on time, of pairs of from and until."""
    names = ("from", "until")
    inside = "".join(
        f"<cr:{names[i % 2]}>{time}</cr:{names[i % 2]}>" for i, time in enumerate(times)
    )
    return f"<cr:validity>{inside}</cr:validity>"
