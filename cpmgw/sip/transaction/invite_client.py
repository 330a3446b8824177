"""The INVITE client transaction (RFC 3261 17.1.1, figure 5, as RFC 6026 8.4 has it)."""

from __future__ import annotations

from typing import Final

from cpmgw.sip.transaction.machine import NOTHING, Effect, On, State, Table

EVENTS: Final = (
    On.SEND,
    On.PROVISIONAL,
    On.SUCCESS,
    On.FAILURE,
    On.TIMER_A,
    On.TIMER_B,
    On.TIMER_D,
    On.TIMER_M,
    On.TRANSPORT_ERROR,
)

_ACCEPT: Final = ((Effect.STOP, Effect.PASS, Effect.START_M), State.ACCEPTED)
_REJECT: Final = (
    (Effect.STOP, Effect.ACK, Effect.PASS, Effect.START_D),
    State.COMPLETED,
)

# One line for each arrow of the figure.
TRANSITIONS: Final[Table] = {
    (State.INITIAL, On.SEND): (
        (Effect.SEND, Effect.START_A, Effect.START_B),
        State.CALLING,
    ),
    (State.CALLING, On.TIMER_A): ((Effect.SEND, Effect.AGAIN_A), State.CALLING),
    (State.CALLING, On.TIMER_B): ((Effect.TIMEOUT,), State.TERMINATED),
    (State.CALLING, On.TRANSPORT_ERROR): ((Effect.FAIL,), State.TERMINATED),
    (State.CALLING, On.PROVISIONAL): ((Effect.STOP, Effect.PASS), State.PROCEEDING),
    (State.CALLING, On.SUCCESS): _ACCEPT,
    (State.CALLING, On.FAILURE): _REJECT,
    (State.PROCEEDING, On.PROVISIONAL): ((Effect.PASS,), State.PROCEEDING),
    (State.PROCEEDING, On.SUCCESS): _ACCEPT,
    (State.PROCEEDING, On.FAILURE): _REJECT,
    (State.COMPLETED, On.FAILURE): ((Effect.ACK,), State.COMPLETED),
    (State.COMPLETED, On.TRANSPORT_ERROR): ((Effect.FAIL,), State.TERMINATED),
    (State.COMPLETED, On.TIMER_D): (NOTHING, State.TERMINATED),
    (State.ACCEPTED, On.SUCCESS): ((Effect.PASS,), State.ACCEPTED),
    (State.ACCEPTED, On.TIMER_M): (NOTHING, State.TERMINATED),
}
