"""Which PDU may go in which direction in which state (SMPP 3.4 2.2, table 2-1)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from txsmpp.pdu import (
    AlertNotification,
    BindReceiver,
    BindReceiverResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    CancelSm,
    DataSm,
    DeliverSm,
    EnquireLink,
    Outbind,
    Pdu,
    QuerySm,
    ReplaceSm,
    SubmitMulti,
    SubmitSm,
    Unbind,
)
from txsmpp.status import CommandStatus


class Side(Enum):
    """Who a session's end is."""

    ESME = "esme"
    SMSC = "smsc"

    @property
    def other(self) -> Side:
        """The peer's side."""
        return Side.SMSC if self is Side.ESME else Side.ESME


class State(Enum):
    """The life of a session (2.2)."""

    OPEN = "open"
    BOUND_TX = "bound_tx"
    BOUND_RX = "bound_rx"
    BOUND_TRX = "bound_trx"
    UNBOUND = "unbound"
    CLOSED = "closed"


BOUND: Final = frozenset({State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX})
SENDING: Final = frozenset({State.BOUND_TX, State.BOUND_TRX})
RECEIVING: Final = frozenset({State.BOUND_RX, State.BOUND_TRX})
NEW: Final = frozenset({State.OPEN})

# Table 2-1: the states in which each side may issue a request. Its responses follow
# from it. 5.0 allows enquire_link before a bind as well (5.0 2.4).
ALLOWED: Final[Mapping[tuple[Side, type[Pdu]], frozenset[State]]] = {
    (Side.ESME, BindTransmitter): NEW,
    (Side.ESME, BindReceiver): NEW,
    (Side.ESME, BindTransceiver): NEW,
    (Side.SMSC, Outbind): NEW,
    (Side.ESME, Unbind): BOUND,
    (Side.SMSC, Unbind): BOUND,
    (Side.ESME, SubmitSm): SENDING,
    (Side.ESME, SubmitMulti): SENDING,
    (Side.ESME, DataSm): SENDING,
    (Side.SMSC, DataSm): RECEIVING,
    (Side.SMSC, DeliverSm): RECEIVING,
    (Side.ESME, QuerySm): SENDING,
    (Side.ESME, CancelSm): SENDING,
    (Side.ESME, ReplaceSm): SENDING,
    (Side.ESME, EnquireLink): BOUND | NEW,
    (Side.SMSC, EnquireLink): BOUND | NEW,
    (Side.SMSC, AlertNotification): RECEIVING,
}

# The state that a bind leads to, once it is answered with ESME_ROK.
BINDS: Final[Mapping[type[Pdu], State]] = {
    BindTransmitter: State.BOUND_TX,
    BindReceiver: State.BOUND_RX,
    BindTransceiver: State.BOUND_TRX,
}
BIND_ANSWERS: Final[Mapping[type[Pdu], State]] = {
    BindTransmitterResp: State.BOUND_TX,
    BindReceiverResp: State.BOUND_RX,
    BindTransceiverResp: State.BOUND_TRX,
}

# What an SM-SC may have sent before it saw our unbind, and shall send again later.
MESSAGES_TO_ESME: Final = frozenset({DeliverSm, DataSm})

# What each side answers to a request that it has no room for now (5.1.3).
COME_AGAIN: Final[Mapping[Side, CommandStatus]] = {
    Side.ESME: CommandStatus.ESME_RX_T_APPN,
    Side.SMSC: CommandStatus.ESME_RTHROTTLED,
}

NOWHERE: Final[frozenset[State]] = frozenset()


def allowed(issuer: Side, kind: type[Pdu], state: State) -> bool:
    """Whether this side may send this request now."""
    return state in ALLOWED.get((issuer, kind), NOWHERE)


def refused_with(issuer: Side, kind: type[Pdu], state: State) -> CommandStatus:
    """What answers a request that is not allowed (5.1.3)."""
    if (issuer, kind) not in ALLOWED:
        return CommandStatus.ESME_RINVCMDID
    if kind in BINDS and state in BOUND:
        return CommandStatus.ESME_RALYBND
    if state is State.UNBOUND and kind in MESSAGES_TO_ESME and issuer is Side.SMSC:
        return CommandStatus.ESME_RX_T_APPN
    return CommandStatus.ESME_RINVBNDSTS
