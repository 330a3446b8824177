"""The rules that Tables 3, 17 and 20 have in common: what the original says."""

from __future__ import annotations

from typing import Protocol

from cpmgw.records import ImdnContext


class Notified(Protocol):
    """What the sources of these tables have in common."""

    @property
    def context(self) -> ImdnContext:
        """What is kept of the original."""

    @property
    def new_message_id(self) -> str:
        """The imdn.Message-ID of the notification."""


def conversation_id(source: Notified) -> str | None:
    """Conversation-ID: that of the original request (TS 6.1.1)."""
    return source.context.conversation_id or None


def contribution_id(source: Notified) -> str | None:
    """Contribution-ID: that of the original request (TS 6.1.1)."""
    return source.context.contribution_id or None


def new_message_id(source: Notified) -> str:
    """imdn.Message-ID: a new one (RFC 5438)."""
    return source.new_message_id


def datetime_of_the_original(source: Notified) -> str:
    """<datetime>: the original's CPIM DateTime, or when it was received."""
    return source.context.datetime


def message_id_of_the_original(source: Notified) -> str:
    """<message-id>: the imdn.Message-ID of the original."""
    return source.context.message_id


def route(source: Notified) -> tuple[str, ...] | None:
    """IMDN-Route: each IMDN-Record-Route in its order (conversation TS 5.4.1)."""
    return source.context.record_route or None


def original_to(source: Notified) -> str | None:
    """<original-recipient-uri>: the Original-To of the original, if it had one."""
    return source.context.original_to or None


def recipient_uri(source: Notified) -> str:
    """<recipient-uri>: the CPIM To of the original, without it the SIP To.

    In a session the CPIM To is the group, or nobody (conversation TS 7.3.9.1, RCC.10
    6.1.5.1): then it is the user that it went to.
    """
    context = source.context
    named = "" if context.session else context.cpim_to
    return named or context.recipient


def first_hop(source: Notified, otherwise: str) -> str:
    """Where a notification is sent: the topmost IMDN-Record-Route, or to a user.

    (RFC 5438 7.2.1.2, conversation TS 5.4.1.)
    """
    routes = source.context.record_route
    return routes[0] if routes else otherwise
