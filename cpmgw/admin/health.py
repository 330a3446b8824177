"""The state of a gateway at one moment, and whether it can serve in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from cpmgw.gateway import Gateway
from cpmgw.records import PoolUse


class CentreState(msgspec.Struct, frozen=True, kw_only=True):
    """One SM-SC: whether it is bound, requests that wait, requests unanswered."""

    name: str
    bound: bool
    waiting: int
    in_flight: int


class RelayState(msgspec.Struct, frozen=True, kw_only=True):
    """One MMS relay: whether it took the last mail, and mails that it has not taken."""

    name: str
    up: bool
    waiting: int


class GatewayState(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway, looked at once; its number pools as they were a while ago.

    `ports` is how many ports are open for mail, of `ports_wanted`; `mail_under_way` and
    `mail_kept` are octets, the latter of mail that was acknowledged and is not done.
    `work_waiting` is how many pieces of work wait for a thread or are being done.
    """

    store_open: bool
    store_healthy: bool
    store_waiting: int
    listeners: int
    transactions: int
    centres: tuple[CentreState, ...]
    relays: tuple[RelayState, ...] = ()
    ports: int = 0
    ports_wanted: int = 0
    mail_under_way: int = 0
    mail_kept: int = 0
    work_waiting: int = 0
    pools: tuple[PoolUse, ...] = ()


def state_of(gateway: Gateway) -> GatewayState:
    """Look at a gateway."""
    return GatewayState(
        store_open=gateway.store_open,
        store_healthy=gateway.store.healthy,
        store_waiting=gateway.store_waiting,
        listeners=len(gateway.endpoint.addresses) if gateway.endpoint.running else 0,
        transactions=gateway.endpoint.transactions,
        centres=tuple(
            CentreState(
                name=str(centre.name),
                bound=centre.bound,
                waiting=centre.waiting,
                in_flight=centre.in_flight,
            )
            for centre in gateway.centres
        ),
        relays=tuple(
            RelayState(name=str(relay.name), up=relay.is_up, waiting=relay.waiting)
            for relay in gateway.relays
        ),
        ports=len(gateway.mail.addresses),
        ports_wanted=gateway.mail.ports,
        mail_under_way=gateway.mail.stored,
        mail_kept=gateway.store.mail.stored(),
        work_waiting=gateway.workshop.waiting,
        pools=gateway.pool_use,
    )


def hindrances(state: GatewayState) -> Sequence[str]:
    """Why a gateway in this state cannot serve; empty if it can.

    Of SM-SCs and MMS relays one that can be reached is enough: what goes by the other
    service has its own answer. One with IWFs on other hosts alone can miss none.
    """
    reasons = []
    if not state.store_open:
        reasons.append("the store is not open")
    elif not state.store_healthy:
        reasons.append("the store fails, or has no room")
    if not state.listeners:
        reasons.append("SIP is not listened for")
    if state.ports < state.ports_wanted:
        reasons.append("mail is not listened for")
    if not any((*_bound(state), *_up(state))):
        reasons += _unreached(state)
    return reasons


def _bound(state: GatewayState) -> Sequence[bool]:
    return [centre.bound for centre in state.centres]


def _up(state: GatewayState) -> Sequence[bool]:
    return [relay.up for relay in state.relays]


def _unreached(state: GatewayState) -> Iterator[str]:
    if state.centres:
        names = ", ".join(centre.name for centre in state.centres)
        yield f"no SM-SC is bound: {names}"
    if state.relays:
        names = ", ".join(relay.name for relay in state.relays)
        yield f"no MMS relay takes mail: {names}"
