"""How a message comes by MSRP in a session of its own: large, or a file (6.1.2, 6.1.3).

The two differ in their feature tag, in what the session description says of them, in
where their CPIM header is, and in what policy does with them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import msgspec

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.cpm.features import Feature
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.described import Wrapping
from cpmgw.iwf.held import File, Spooled
from cpmgw.iwf.media import Answered, Several, not_acceptable
from cpmgw.iwf.standalone import (
    FILE_SECTION,
    LARGE_SECTION,
    StandaloneMessage,
    read_files,
    read_large,
)
from cpmgw.msrp.interfaces import Received
from cpmgw.policy import Policy
from cpmgw.sdp.files import FileSelector
from cpmgw.sip.message import Request
from cpmgw.sip.status import reason_for

Read: TypeAlias = Callable[
    [Request, float, DialPlan, Sequence[Received], Several], StandaloneMessage
]
"""Reads what has come; CannotInterwork for what cannot be understood."""


# Files of one transfer; what is beyond them is rejected in the answer.
MOST_FILES: Final = 10


class Mode(msgspec.Struct, frozen=True, kw_only=True):
    """One way for a message to come.

    `admit` refuses an INVITE by policy, `check` one for what it offers. `patience` is
    how many seconds the service has before the last chunk is answered 408, 0 is without
    end. There are so many `streams` at the most, with one message each.
    """

    feature: Feature
    section: str
    read: Read
    admit: Callable[[Policy], None]
    check: Callable[[Several], None]
    streams: int = 1
    patience: Callable[[Policy], float]
    wrapping: Wrapping = Wrapping.CPIM


def _large(
    invite: Request,
    now: float,
    plan: DialPlan,
    received: Sequence[Received],
    _streams: Several,
) -> StandaloneMessage:
    (only,) = received
    return read_large(invite, now, plan, content_type=only.content_type, body=only.body)


def _files(
    invite: Request,
    now: float,
    plan: DialPlan,
    received: Sequence[Received],
    streams: Several,
) -> StandaloneMessage:
    pairs = zip(received, streams.streams, strict=True)
    files = tuple(_file(each, stream) for each, stream in pairs)
    return read_files(invite, now, plan, files)


def _file(received: Received, stream: Answered) -> File:
    selector = stream.stream.file.selector or FileSelector()
    return File(
        content_type=received.content_type or selector.type,
        held=Spooled(received.body),
        name=selector.name,
    )


def _reject_files(policy: Policy) -> None:
    """480 where policy takes no files for the user (TS 6.1.3 step 6)."""
    if policy.file_transfer.accept == "reject":
        raise CannotInterwork(
            480,
            reason_for(480),
            cause="rejected",
            section=f"{FILE_SECTION} step 6",
            warning="files are not taken for this user",
        )


def _only_whole(streams: Several) -> None:
    """488 for a part of a file: nobody here has the rest (conversation TS 7.4.5.2)."""
    for each in streams.streams:
        offered = each.stream.file
        part = offered.range
        size = offered.selector.size if offered.selector is not None else None
        if part is not None and (
            part.start > 1 or (part.stop is not None and part.stop != size)
        ):
            raise not_acceptable(f"{FILE_SECTION} step 1", "not the whole file")


LARGE: Final = Mode(
    feature=Feature.LARGE,
    section=LARGE_SECTION,
    read=_large,
    admit=lambda _policy: None,
    check=lambda _streams: None,
    patience=lambda policy: policy.large.early_timeout,
)

FILE: Final = Mode(
    feature=Feature.FILE,
    section=FILE_SECTION,
    read=_files,
    admit=_reject_files,
    check=_only_whole,
    patience=lambda policy: policy.file_transfer.early_timeout,
    wrapping=Wrapping.NONE,
    streams=MOST_FILES,
)
