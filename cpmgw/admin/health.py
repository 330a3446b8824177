"""The state of a gateway at one moment, and whether it can serve in it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cpmgw.gateway import Gateway
from cpmgw.records import PoolUse


class CentreState(msgspec.Struct, frozen=True, kw_only=True):
    """One SM-SC: whether it is bound, requests that wait, requests unanswered."""

    name: str
    bound: bool
    waiting: int
    in_flight: int


class GatewayState(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway, looked at once; its number pools as they were a while ago."""

    store_open: bool
    store_healthy: bool
    store_waiting: int
    listeners: int
    transactions: int
    centres: tuple[CentreState, ...]
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
        pools=gateway.pool_use,
    )


def hindrances(state: GatewayState) -> Sequence[str]:
    """Why a gateway in this state cannot serve; empty if it can.

    One with IWFs on other hosts alone has no SM-SC that it could miss.
    """
    reasons = []
    if not state.store_open:
        reasons.append("the store is not open")
    elif not state.store_healthy:
        reasons.append("the store fails, or has no room")
    if not state.listeners:
        reasons.append("SIP is not listened for")
    if state.centres and not any(centre.bound for centre in state.centres):
        names = ", ".join(centre.name for centre in state.centres)
        reasons.append(f"no SM-SC is bound: {names}")
    return reasons
