"""SDP and MSRP together: the message streams of an IWF (TS 6.1.2, 6.1.4, 6.1.5).

What is offered and answered here is conversation TS 5.2.1: this gateway offers
`actpass`, answers `passive`, and puts its own address and path into both.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from cpmgw.errors import CannotInterwork
from cpmgw.iwf.described import (
    Types,
    Wanted,
    fits,
    not_acceptable,
    read_description,
    refusing,
)
from cpmgw.iwf.outcomes import retry_after
from cpmgw.iwf.several import Several
from cpmgw.iwf.streams import Answered, Offered
from cpmgw.msrp.errors import MsrpError
from cpmgw.msrp.interfaces import IMsrpNode, IMsrpSession, IMsrpUser
from cpmgw.sdp.description import SessionDescription
from cpmgw.sdp.roles import Direction
from cpmgw.sdp.stream import MediaStream, streams
from cpmgw.sip.status import reason_for

if TYPE_CHECKING:
    from cpmgw.policy import PolicySource

__all__ = [
    "Answered",
    "Media",
    "Offered",
    "Several",
    "Types",
    "Wanted",
    "not_acceptable",
]

_ID_BITS: Final = 62


class Media:
    """Makes the MSRP streams of one IWF."""

    def __init__(
        self,
        node: IMsrpNode,
        policy: PolicySource,
        new_id: Callable[[], int] = lambda: secrets.randbits(_ID_BITS),
    ) -> None:
        self._node = node
        self._policy = policy
        self._new_id = new_id

    def check(self, offer: bytes, wanted: Wanted) -> None:
        """CannotInterwork 488 where nothing of an offer fits (step 1)."""
        self._place(read_description(offer, wanted.section), wanted)

    async def answer(self, offer: bytes, wanted: Wanted, user: IMsrpUser) -> Answered:
        """Answer an offer with a session of our own, the first stream that fits.

        All others are rejected with port 0. CannotInterwork: 488 where nothing fits,
        480 where there is no session to be had.
        """
        offered = read_description(offer, wanted.section)
        place = self._place(offered, wanted)
        session = await self._open(user, wanted)
        answered = Answered(session, wanted, self._node, self._new_id())
        try:
            answered.answer(offered, place)
        except CannotInterwork:
            session.close()
            raise
        return answered

    async def answer_all(
        self, offer: bytes, wanted: Wanted, most: int, user: Callable[[int], IMsrpUser]
    ) -> Several:
        """Answer an offer with a session for each stream that fits, so many at most.

        `user` gives who is at our end of each, counted from 0. All others are rejected
        with port 0. CannotInterwork as `answer`.
        """
        offered = read_description(offer, wanted.section)
        places = refusing(wanted, lambda: list(self._acceptable(offered, wanted)))
        if not places:
            raise not_acceptable(wanted.section, "no message stream that fits")
        session_id = self._new_id()
        taken: list[Answered] = []
        try:
            for number, place in enumerate(places[:most]):
                session = await self._open(user(number), wanted)
                taken.append(Answered(session, wanted, self._node, session_id))
                taken[-1].answer(offered, place)
        except CannotInterwork:
            for each in taken:
                each.close()
            raise
        return Several(taken)

    async def offer(self, wanted: Wanted, user: IMsrpUser) -> Offered:
        """Offer a stream with a session of our own.

        CannotInterwork: 480 where there is none to be had, 488 where policy does not
        let it be offered as the node protects it (TS 6.6).
        """
        if not self._allowed(self._node.is_secure):
            raise not_acceptable(wanted.section, "media are not protected as wanted")
        session = await self._open(user, wanted)
        return Offered(session, wanted, self._node, self._new_id())

    def _place(self, offered: SessionDescription, wanted: Wanted) -> int:
        place = refusing(wanted, lambda: next(self._acceptable(offered, wanted), None))
        if place is None:
            raise not_acceptable(wanted.section, "no message stream that fits")
        return place

    def _acceptable(self, offered: SessionDescription, wanted: Wanted) -> Iterator[int]:
        """The places of the streams that fit, in the order of the offer."""
        for place, stream in enumerate(streams(offered)):
            if not (stream.is_msrp and stream.is_offered and self._protected(stream)):
                continue
            left = wanted.direction.within(stream.direction.mirrored)
            if wanted.direction is not Direction.SENDRECV and left is not (
                wanted.direction
            ):
                continue
            if stream.path and fits(stream, wanted):
                yield place

    def _protected(self, stream: MediaStream) -> bool:
        """Whether it is protected as the node does it, and policy wants it (TS 6.6)."""
        is_secure = stream.is_secure
        return self._allowed(is_secure) and is_secure == self._node.is_secure

    def _allowed(self, is_secure: bool) -> bool:
        """Whether policy has media so, protected by TLS or not."""
        wanted = self._policy().media_protection
        return wanted == "accept" or is_secure == (wanted == "require")

    async def _open(self, user: IMsrpUser, wanted: Wanted) -> IMsrpSession:
        try:
            session: IMsrpSession = await self._node.open(user, wanted.max_size)
        except MsrpError as error:
            raise CannotInterwork(
                480,
                reason_for(480),
                cause="msrp",
                section=wanted.section,
                warning=f"no MSRP session: {error}",
                headers=retry_after(480, self._policy()),
            ) from error
        return session
