"""What the store keeps, as values: msgpack records of the database's rows."""

from __future__ import annotations

from enum import Enum

import msgspec


class ImdnContext(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False
):
    """What a later disposition notification needs of the message (TS 6.1.1 step 2).

    Addresses are URIs in wire form, `recipient` and `originator` those that the IMDN
    goes from and to (Table 3); times are in seconds since 1970 or CPIM DateTime text.
    `session` is our key of the session that a chat message came in, empty for any other
    message; with `anonymous` that is a session of two, whose CPIM From and To say
    nothing (RCC.10 6.1.5.1). `referred_by` is who a copy was sent for (Tables 17, 20).
    """

    originator: str
    recipient: str
    cpim_from: str = ""
    cpim_to: str = ""
    message_id: str = ""
    datetime: str
    requested: tuple[str, ...] = ()
    record_route: tuple[str, ...] = ()
    original_to: str = ""
    conversation_id: str = ""
    contribution_id: str = ""
    in_reply_to: str = ""
    feature: str = "msg"
    service: str = ""
    session: str = ""
    anonymous: bool = False
    referred_by: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The final answer once given to a request, so that its repeat gets the same.

    `key` identifies the request (RFC 5438 Message-ID and sender, or Call-ID and CSeq).
    """

    key: bytes
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()
    expires: float = 0.0


class SentMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One CPM message that left as short messages, until its reports are all in.

    `key` is unique, 32 hex digits; `segments` are the (centre, canonical message_id)
    of every short message in order; `expires` is in seconds since 1970; `answer` is
    the key of the answer that its sender was given.
    """

    key: str
    context: ImdnContext
    segments: tuple[tuple[str, str], ...]
    expires: float
    answer: bytes = b""


class SegmentReport(msgspec.Struct, frozen=True):
    """What one status report said of one short message: SMPP message_state, error.

    `mark` is a digest of the report: one that comes again is not another one, where
    the segments of a message share a message_id.
    """

    state: int
    error: str = ""
    mark: bytes = b""


class Reported(msgspec.Struct, frozen=True):
    """A sent message with the newest report of each segment (None: none yet).

    `settled` tells that its notification has been relayed before.
    """

    message: SentMessage
    reports: tuple[SegmentReport | None, ...]
    settled: bool


class ReceivedSegment(msgspec.Struct, frozen=True, kw_only=True):
    """One short message from an SM-SC, as it came (TS 6.2.2.2.1 step 2).

    `collection` groups the segments of one message (centre, addresses, reference and
    total in one string); a message of one segment has a collection of its own.
    `octets` is the whole deliver_sm or data_sm PDU, `fingerprint` a digest of its body
    without the sequence number.
    """

    collection: str
    number: int
    total: int
    octets: bytes
    fingerprint: bytes
    centre: str
    session: str
    received: float
    expires: float


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """The segments of one message that have arrived so far, in order of number.

    `identity` is fixed when the first segment is stored; message identifiers made from
    it stay the same when an unanswered message is sent again after a crash.
    `delivered` is the time at which the CPM side took it, 0 if it has not.
    """

    collection: str
    identity: str
    total: int
    segments: tuple[ReceivedSegment, ...]
    delivered: float
    expires: float

    @property
    def complete(self) -> bool:
        """Whether every segment is here."""
        return len(self.segments) == self.total


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """A number to which a delivery failed, and whose alert is awaited (TS 6.2.3.1).

    `number` is as the dial plan writes it, `user` the URI that the CPM side knows its
    user by. It failed at `since` and is watched until `until`, None is without end;
    `ready` is when the user could be reached again, None while that is not so. Times
    are seconds since 1970.
    """

    number: str
    user: str
    since: float
    until: float | None = None
    ready: float | None = None


class GroupSession(msgspec.Struct, frozen=True, kw_only=True):
    """A Long-lived CPM Group Session as one CPM User takes part in it (TS 5.2 a to d).

    `user` is the CPM User Authenticated Address (an E.164 number where there is one);
    `session` the CPM Group Session Identity in a form that is compared as it stands.
    The identifiers are as they came and are compared without case. `address` is the
    URI of the session as it last came: the way there, and no part of who it is.

    A session of two that has a number of its own is one as well, `one_to_one`: `user`
    is then the Non-CPM user, `session` and `address` are the CPM user's.
    """

    user: str
    conversation_id: str
    contribution_id: str
    session: str
    address: str = ""
    one_to_one: bool = False


class NumberPool(msgspec.Struct, frozen=True, kw_only=True):
    """Interworking numbers to give, the name being unique (TS 5.1 step 7a.vi).

    `ranges` are first and last numbers, E.164 without the plus sign. With `shared`, a
    number may stand for a session of each user, otherwise for one session in all. What
    was not used for `idle` seconds may be given to another session once no number is
    free; 0 is never. The sessions of one user have `most_per_user` of the numbers at
    most; 0 is without limit.
    """

    name: str
    ranges: tuple[tuple[int, int], ...]
    shared: bool = True
    idle: float = 0.0
    most_per_user: int = 0


class Shortage(Enum):
    """Why pools have no number for a session.

    NONE_FREE: all stand for other sessions; TOO_MANY: the sessions of this user have as
    many of a pool as one user may have.
    """

    NONE_FREE = "none free"
    TOO_MANY = "too many"


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """The interworking number of a Long-lived CPM Group Session (TS 5.2).

    `number` is E.164 with its plus sign; `pool` is the name of the pool that it is in,
    empty if none offers it any more; `service` is the one it was first given for.
    `allocated` and `used` (last) are in seconds since 1970, `uses` counts. `fresh`: it
    was given by the very call that this came from.
    """

    number: str
    group_session: GroupSession
    pool: str
    service: str
    allocated: float
    used: float
    uses: int = 1
    fresh: bool = False


class PoolUse(msgspec.Struct, frozen=True):
    """How much of a pool is in use; of what no pool offers any more, the name is ''.

    `numbers` are in it, `taken` of them stand for `sessions` group sessions.
    """

    pool: str
    numbers: int
    taken: int
    sessions: int
