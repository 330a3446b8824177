"""The life of a CPM session with a Non-CPM user, sans I/O (TS 6.1.4, 6.1.6, 6.2.3 B).

One table, an arrow a row. `advance` gives the next state and what is to be done, and
does nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final


class State(Enum):
    """How far a session has come."""

    INVITED = "invited"  # no final answer to the INVITE yet
    ACCEPTED = "accepted"  # 200 given, its ACK is awaited
    STANDING = "standing"  # messages go both ways
    LEAVING = "leaving"  # our BYE is on its way
    OVER = "over"


# Where there is a dialog, and it is to go on.
ESTABLISHED: Final = frozenset((State.ACCEPTED, State.STANDING))


class On(Enum):
    """What may happen to it."""

    ACCEPT = "accept"  # the invitation is answered 200
    REFUSE = "refuse"  # ... or by anything else, or was taken back
    ACK = "ack"
    CLOSED = "closed"  # a BYE has come
    BROKEN = "broken"  # the dialog is over without a BYE from there
    LEFT = "left"  # the Non-CPM user leaves
    FAILED = "failed"  # the Non-CPM service took a message not (TS 6.2.3 B)
    LOST = "lost"  # MSRP is of no use any more
    IDLE = "idle"  # too long without a message
    REPLACED = "replaced"  # a newer session is in its place (RCC.10 6.1.4)


class Do(Enum):
    """What an event asks for."""

    ESTABLISH = "establish"  # media, participants; what it replaces ends
    DROP = "drop"  # what waits to be delivered is not any more
    TELL = "tell"  # tell the Non-CPM user that it was closed
    BYE = "bye"
    RELEASE = "release"  # media, number, timers


Step = tuple[tuple[Do, ...], State]

_NOTHING_MORE: Final = (
    On.ACK,
    On.LEFT,
    On.FAILED,
    On.LOST,
    On.IDLE,
    On.REPLACED,
)

TRANSITIONS: Final[Mapping[tuple[State, On], Step]] = {
    (State.INVITED, On.ACCEPT): ((), State.ACCEPTED),
    (State.INVITED, On.REFUSE): ((Do.TELL, Do.RELEASE), State.OVER),
    (State.INVITED, On.LOST): ((), State.INVITED),
    (State.ACCEPTED, On.ACK): ((Do.ESTABLISH,), State.STANDING),
    (State.ACCEPTED, On.CLOSED): ((Do.TELL, Do.RELEASE), State.OVER),
    (State.ACCEPTED, On.BROKEN): ((Do.TELL, Do.RELEASE), State.OVER),
    (State.ACCEPTED, On.LEFT): ((Do.BYE,), State.LEAVING),
    (State.ACCEPTED, On.LOST): ((Do.TELL, Do.BYE), State.LEAVING),
    (State.STANDING, On.ACK): ((), State.STANDING),  # that of a re-INVITE
    (State.STANDING, On.CLOSED): ((Do.TELL, Do.RELEASE), State.OVER),
    (State.STANDING, On.BROKEN): ((Do.DROP, Do.TELL, Do.RELEASE), State.OVER),
    (State.STANDING, On.LEFT): ((Do.DROP, Do.BYE), State.LEAVING),
    (State.STANDING, On.FAILED): ((Do.BYE,), State.LEAVING),
    (State.STANDING, On.LOST): ((Do.DROP, Do.TELL, Do.BYE), State.LEAVING),
    (State.STANDING, On.IDLE): ((Do.TELL, Do.BYE), State.LEAVING),
    (State.STANDING, On.REPLACED): ((Do.BYE,), State.LEAVING),
    (State.LEAVING, On.CLOSED): ((Do.RELEASE,), State.OVER),
    (State.LEAVING, On.BROKEN): ((Do.RELEASE,), State.OVER),
    # What was under way when it ended changes nothing any more.
    **{(State.LEAVING, on): ((), State.LEAVING) for on in _NOTHING_MORE},
    **{(State.OVER, on): ((), State.OVER) for on in On},
}

# The Reason of the BYE that an event asks for (RFC 3326; conversation TS 7.3.4): cause
# and text. That of FAILED is the service's. 200 says that the user has left, and a
# group takes that user for departed; any other cause leaves him on its list
# (conversation TS 8.2.2.3 B, 9.2.7).
REASONS: Final[Mapping[On, tuple[int, str]]] = {
    On.LEFT: (200, "Call completed"),
    On.REPLACED: (480, "Replaced by another session"),
    On.IDLE: (480, "No message for too long"),
    On.LOST: (480, "MSRP session lost"),
}


def advance(state: State, on: On) -> Step:
    """The next state, and what to do in this order; ValueError for what cannot be."""
    step = TRANSITIONS.get((state, on))
    if step is None:
        raise ValueError(f"{on.value} in a session that is {state.value}")
    return step
