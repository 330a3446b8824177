"""SIPp as a user who invites handsets to chats, and never connects for MSRP."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from tests.live.case import PEERS, LiveTestCase, free_port
from tests.live.sessions import Invitation
from tests.live.sipp import Sipp, filled_in, start_sender

_WAITS = "chat/waits"
_ANSWERED = "session/caller_answered"
_ENDS = "session/caller_ends"


class Course(Enum):
    """How a call goes, by the parts of its scenario."""

    ENDED = (_WAITS, _ANSWERED, _ENDS)
    LEFT = (_WAITS, _ANSWERED, "chat/is_left")
    LEFT_AND_ENDED = (_WAITS, _ANSWERED, "chat/is_left", "chat/ends_too_late")
    MODIFIED = (_WAITS, _ANSWERED, "chat/modifies", "chat/ends_after_that")
    NOT_ACKNOWLEDGED = (_WAITS, "chat/never_acknowledges", "chat/is_left")
    CANCELLED = ("chat/is_rung", "session/caller_cancels")
    CANCELLED_TOO_LATE = (_WAITS, "chat/cancels_too_late", "chat/goes_on")
    REFUSED = (_WAITS, "chat/is_refused")


class Offer(Enum):
    """What an INVITE offers."""

    MSRP = "msrp"
    AUDIO = "audio"
    NOTHING = "nothing"


def chat(
    case: LiveTestCase,
    invitations: Sequence[Invitation],
    course: Course,
    *,
    to_port: int,
    offer: Offer = Offer.MSRP,
    transport: str = "udp",
    status: int = 200,
    rate: int = 10,
) -> Sipp:
    """Invite so many times, `rate` in a second, each call going the same course.

    `status` is the answer to a re-INVITE. It ends well if every call has gone so.
    """
    content = (PEERS / "chat" / f"offer_{offer.value}.txt").read_text("utf-8")
    parts = [(PEERS / f"{name}.xml").read_text("utf-8") for name in course.value]
    ending = "".join(parts).replace("@STATUS@", str(status))
    name = f"chat-{transport}-{free_port()}"
    values = {"ENDING": ending, "CONTENT": content}
    scenario = filled_in(case, name, "chat/caller.xml", values)
    return start_sender(case, name, transport, scenario, invitations, to_port, rate)
