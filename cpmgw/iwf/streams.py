"""A message stream of a call that was negotiated, and can be again (RFC 3264)."""

from __future__ import annotations

from typing import Final

import msgspec

from cpmgw.iwf.described import (
    REACH,
    Types,
    Wanted,
    Wrapping,
    asks_anew,
    changed,
    fits,
    not_acceptable,
    read_description,
    refusing,
    remote_of,
)
from cpmgw.msrp.errors import MsrpError
from cpmgw.msrp.interfaces import IMsrpNode, IMsrpSession, Remote
from cpmgw.sdp import negotiation
from cpmgw.sdp.content import CPIM, common, takes
from cpmgw.sdp.description import (
    Connection,
    Origin,
    SessionDescription,
    attribute,
)
from cpmgw.sdp.negotiation import MsrpEndpoint
from cpmgw.sdp.roles import Direction, answering, offering
from cpmgw.sdp.stream import MediaStream, streams

# Seconds that an MSRP answer has before a BYE follows it: they go different ways, and
# who is hung up on first may close MSRP unread.
ANSWER_FIRST: Final = 0.2


class Stream:
    """One stream that was negotiated, and can be again.

    `session` is our end of it; `stream` is how the other side has described its own,
    `direction` which way messages may flow at present, seen from here; `body` is what
    we said last.
    """

    stream: MediaStream
    body: bytes

    def __init__(
        self, session: IMsrpSession, wanted: Wanted, node: IMsrpNode, session_id: int
    ) -> None:
        self.session = session
        self.direction = Direction.INACTIVE
        self._wanted = wanted
        self._max_size = min(wanted.max_size or node.max_size, node.max_size)
        self._max_chunk = node.max_chunk
        host = session.address[0]
        kind = "IP6" if ":" in host else "IP4"
        self._origin = Origin(session_id, 0, Connection(host, kind))
        self._place = 0
        self._connection = 0
        self._remote: Remote | None = None
        self._begun = False

    @property
    def place(self) -> int:
        """Which of the media descriptions it is, from 0."""
        return self._place

    def begin(self) -> None:
        """Let the other side in, or connect to it: at the ACK of the 2xx."""
        if self._remote is None:
            raise ValueError("nothing is known of the other side")
        self._begun = True
        self.session.begin(self._remote)

    def close(self) -> None:
        """End the session."""
        self.session.close()

    def modify(self, offer: bytes) -> bytes:
        """The answer to another offer of the same stream (RFC 3264 8).

        The session stays; where the other side is reached otherwise than before, it is
        begun anew. CannotInterwork 488 where the stream is gone or does not fit any
        more: then all is as before, unless it is MSRP that is over.
        """
        offered = read_description(offer, self._wanted.section)
        same = self._same(offered)
        before, remote = self.stream, self._remote

        def is_moved() -> bool:
            return bool(changed(before, same) & REACH) or asks_anew(same)

        moved = refusing(self._wanted, is_moved)
        body = self.answer(offered, self._place, reuses=not moved)
        self._begin_unless(remote)
        return body

    def described(self, answer: bytes) -> None:
        """Take the answer to what we have offered again (RFC 3264 6).

        CannotInterwork 488 where the stream is gone; then all is as before.
        """
        remote = self._remote
        self._take_answer(answer)
        self._begin_unless(remote)

    def towards(self, offer: bytes) -> Direction:
        """Which way messages could flow by another offer; 488 as `modify` has it."""
        same = self._same(read_description(offer, self._wanted.section))
        return refusing(
            self._wanted,
            lambda: self._wanted.direction.within(same.direction.mirrored),
        )

    def changes(self, offer: bytes) -> frozenset[str]:
        """What another offer would change (TS 6.1.5 steps 1 and 2), as `changed` says.

        CannotInterwork 488 where `modify` has it.
        """
        same = self._same(read_description(offer, self._wanted.section))
        return refusing(self._wanted, lambda: changed(self.stream, same))

    def _same(self, offered: SessionDescription) -> MediaStream:
        """The stream in another offer; CannotInterwork 488 where it does not fit."""
        found = streams(offered)
        same = found[self._place] if len(found) > self._place else None
        if same is None or not refusing(self._wanted, lambda: self._goes_on(same)):
            raise not_acceptable(self._wanted.section, "the message stream is gone")
        return same

    def _begin_unless(self, known: Remote | None) -> None:
        """Tell MSRP of the other side, if it has begun and knows it otherwise."""
        if not self._begun or self._remote == known:
            return
        try:
            self.begin()
        except MsrpError as error:
            section = self._wanted.section
            raise not_acceptable(
                section, f"no MSRP session any more: {error}"
            ) from error

    def answer(
        self, offered: SessionDescription, place: int, *, reuses: bool = False
    ) -> bytes:
        """The answer that takes the stream at a place of an offer, and no other."""
        origin = self._next_origin()
        connection = self._connection + (not reuses)
        chosen = streams(offered)[place]

        def choose(stream: MediaStream) -> MsrpEndpoint | None:
            if stream.media is not chosen.media:
                return None
            return self._answering(stream, reuses)

        def write() -> tuple[bytes, Remote]:
            body = negotiation.answer(offered, origin, choose).encode()
            chunk = self._agreed(chosen)
            remote = remote_of(chosen, answering(chosen.setup), chunk)
            return body, msgspec.structs.replace(remote, connection=connection)

        self.body, self._remote = refusing(self._wanted, write)
        self._place, self.stream, self._origin = place, chosen, origin
        self._connection = connection
        self.direction = self._wanted.direction.within(chosen.direction.mirrored)
        return self.body

    def _take_answer(self, answer: bytes) -> None:
        """Know the other side by an answer; CannotInterwork 488 if it is of no use."""
        found = streams(read_description(answer, self._wanted.section))
        stream = found[self._place] if len(found) > self._place else None
        if stream is None or not refusing(self._wanted, lambda: self._taken(stream)):
            raise not_acceptable(self._wanted.section, "the stream was not taken")

        def read() -> Remote:
            remote = remote_of(stream, offering(stream.setup), self._agreed(stream))
            return msgspec.structs.replace(remote, connection=self._connection)

        self._remote = refusing(self._wanted, read)
        self.stream = stream
        self.direction = self._wanted.direction.within(stream.direction.mirrored)

    def _taken(self, stream: MediaStream) -> bool:
        """Whether an answer takes the stream; wrapped types may be left out there."""
        return (
            stream.is_msrp
            and stream.is_offered
            and stream.is_secure == self._is_secure
            and bool(stream.path)
            and takes(stream.accept_types, CPIM)
            and (not stream.accept_wrapped_types or fits(stream, self._wanted))
        )

    @property
    def _is_secure(self) -> bool:
        return self.session.path[0].lower().startswith("msrps:")

    def _goes_on(self, stream: MediaStream) -> bool:
        return (
            stream.is_msrp
            and stream.is_offered
            and stream.is_secure == self._is_secure
            and bool(stream.path)
            and fits(stream, self._wanted)
        )

    def _answering(self, stream: MediaStream, reuses: bool) -> MsrpEndpoint:
        wanted = self._wanted
        direct, wrapped = stream.accept_types, stream.accept_wrapped_types
        if wanted.types is Types.TAKEN:
            unwrapped = wanted.wrapping is Wrapping.NONE
            direct = common(direct, wanted.content if unwrapped else wanted.direct)
            wrapped = common(wrapped, (*wanted.content, *wanted.beside))
        return self._endpoint(direct, wrapped, reuses=reuses)

    def _agreed(self, stream: MediaStream) -> int:
        """Kilobytes of a chunk, by what both sides say; 0 is no limit (5.2.1.3)."""
        theirs = stream.max_chunk_size or 0
        return min(theirs, self._max_chunk or theirs)

    def _endpoint(
        self,
        direct: tuple[str, ...],
        wrapped: tuple[str, ...],
        *,
        reuses: bool = False,
    ) -> MsrpEndpoint:
        session = self.session
        print_ = session.fingerprint
        lines = (attribute("fingerprint", print_),) if print_ else ()
        return MsrpEndpoint(
            port=session.address[1],
            path=session.path,
            accept_types=direct,
            accept_wrapped_types=wrapped,
            direction=self._wanted.direction,
            max_size=self._max_size,
            max_chunk_size=self._max_chunk,
            attributes=(*self._wanted.attributes, *lines),
            reuses_connection=reuses,
        )

    def _next_origin(self) -> Origin:
        """Who describes, the version one more than before (RFC 3264 8)."""
        version = self._origin.version + 1
        return msgspec.structs.replace(self._origin, version=version)


class Answered(Stream):
    """A stream of an offer that was taken; `body` is the answer.

    `begin` is called at the ACK.
    """


class Offered(Stream):
    """A stream that was offered; `body` is the offer."""

    def __init__(
        self, session: IMsrpSession, wanted: Wanted, node: IMsrpNode, session_id: int
    ) -> None:
        super().__init__(session, wanted, node, session_id)
        self._origin = self._next_origin()
        wrapped = (*wanted.content, *wanted.beside)
        endpoint = self._endpoint(wanted.direct, wrapped)
        self.body = negotiation.offer(self._origin, [endpoint]).encode()

    def answered(self, answer: bytes) -> None:
        """Take the answer, and begin; CannotInterwork 488 where it is of no use."""
        self._take_answer(answer)
        self.begin()
