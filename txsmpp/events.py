"""What a session tells its shell, and the limits it works within."""

from __future__ import annotations

from typing import Any

import msgspec

from txsmpp.errors import ProtocolError, SmppError
from txsmpp.framer import DEFAULT_LIMIT
from txsmpp.pdu import GenericNack, Pdu, Response
from txsmpp.state import State


class SessionOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one session; times are in seconds.

    0 switches `enquire_link`, `inactivity` and `bind_timeout` off. `window` is how many
    requests of ours may wait for an answer, `peer_window` how many of the peer's; what
    comes beyond is told to come later. `answer_timeout` is how long a peer's request
    may stay unanswered before the session says ESME_RSYSERR itself.
    """

    window: int = 50
    peer_window: int = 100
    response_timeout: float = 30.0
    answer_timeout: float = 60.0
    enquire_link: float = 30.0
    inactivity: float = 0.0
    bind_timeout: float = 30.0
    unbind_timeout: float = 10.0
    max_pdu: int = DEFAULT_LIMIT


class Requested(msgspec.Struct, frozen=True):
    """The peer asks; `Session.respond` shall answer (but for outbind and alerts)."""

    pdu: Pdu


class Bound(msgspec.Struct, frozen=True):
    """The session is bound in this state."""

    state: State


class Answered(msgspec.Struct, frozen=True):
    """The peer answered the request that was sent with this token."""

    pdu: Response
    token: Any


class Failed(msgspec.Struct, frozen=True):
    """There will be no answer to the request that was sent with this token."""

    error: SmppError
    token: Any


def told(response: Response, token: Any) -> Answered | Failed:
    """What its sender hears of an answer: a generic_nack is never a yes (4.3.1)."""
    if type(response) is GenericNack and not response.command_status:
        return Failed(ProtocolError("generic_nack with ESME_ROK"), token)
    return Answered(response, token)


class Noted(msgspec.Struct, frozen=True):
    """Something that was passed over or refused; worth a line in a debug log."""

    detail: str


class Ended(msgspec.Struct, frozen=True):
    """The session is over: close the connection when what is to be sent is out."""

    error: SmppError | None


Event = Requested | Bound | Answered | Failed | Noted | Ended
