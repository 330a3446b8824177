"""What a Non-CPM service does for the sessions of its users (TS 6.2, 6.3, 6.4)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Protocol

import msgspec

from cpmgw.addressing.dialplan import PhoneAddress
from cpmgw.iwf.sessions.invitation import Invitation
from cpmgw.policy import Policy

if TYPE_CHECKING:
    from cpmgw.cpm.chat_content import ChatContent
    from cpmgw.cpm.conference_info import ConferenceState
    from cpmgw.iwf.sessions.spoken import Spoken

Place = tuple[str, str]
"""What a Non-CPM user answers to, and that user: both as address texts."""


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """A user's part in a session, as far as it does not change.

    `key` is our own name of it, `address` what the user's messages come from and go
    to, `policy` the one that was in force when it began. It `goes_on` where it takes
    the place of one that stands, of which the user knows.
    """

    key: str
    invitation: Invitation
    address: PhoneAddress
    policy: Policy
    goes_on: bool = False

    @property
    def place(self) -> Place:
        """What the user answers to, and the user."""
        return self.address.text, self.invitation.user.text


class Delivery(Enum):
    """What became of a message."""

    TAKEN = "taken"
    UNFIT = "unfit"  # the service has no form for its content
    TOO_LARGE = "too large"  # it has none for so much of it
    BUSY = "busy"  # not now: it may come again
    UNSURE = "unsure"  # it may have been taken
    FAILED = "failed"  # it did not take it
    DROPPED = "dropped"  # its session ended before it was sent


class Notices(Protocol):
    """What a Non-CPM service tells users of their sessions."""

    async def ask(self, membership: Membership) -> None:
        """Ask the user whether to accept (6.1.4 step 8); CannotInterwork if it fails.

        The answer comes by `Session.answer`.
        """

    async def inform(self, membership: Membership) -> None:
        """Tell the user who was invited and not asked; CannotInterwork if it fails."""

    async def late(self, membership: Membership) -> None:
        """Tell the user that an answer came too late (6.1.4 step 8e)."""

    async def closed(self, membership: Membership) -> None:
        """Tell the user that the session is closed (6.1.6.1); CannotInterwork."""

    async def participants(
        self, membership: Membership, state: ConferenceState
    ) -> None:
        """Tell the user who takes part (6.1.7); CannotInterwork if it fails."""


class Bearer(Protocol):
    """One Non-CPM service towards users who are in CPM sessions."""

    service: str
    """Its Non-CPM Communication Service Identifier (App. D)."""
    unfit: int
    """The MSRP status for content that it has no form for (6.2.2.1.5, 6.3 1c)."""

    @property
    def notices(self) -> Notices:
        """What its users are told beside messages."""

    # -- the session -------------------------------------------------------------------

    async def address(self, invitation: Invitation, policy: Policy) -> PhoneAddress:
        """What the user's messages of a session come from; CannotInterwork without."""

    def free(self, membership: Membership) -> None:
        """The session is over: what it alone was known by is free again."""

    def acceptance(
        self, membership: Membership, body: bytes
    ) -> Sequence[tuple[str, str]]:
        """What a 200 to the INVITE says of the session (6.1.4 step 6 a, c, g; 6.2.4).

        `body` is its SDP answer. What makes the dialog and its timer is not here.
        """

    def declined(self, membership: Membership) -> int:
        """The status that tells that the user has declined (6.1.4 step 8d)."""

    def failure(self, policy: Policy) -> str:
        """The text in the Reason of a BYE after a delivery that failed (6.2.3 B)."""

    # -- messages ----------------------------------------------------------------------

    def max_size(self, policy: Policy) -> int:
        """The octets of the largest content that is looked at."""

    def read(self, content_type: str, octets: bytes, policy: Policy) -> ChatContent:
        """Read what a SEND carries; CpmError for what cannot be read."""

    async def deliver(self, membership: Membership, spoken: Spoken) -> Delivery:
        """Bring the user a message (6.1.5.1).

        One that was dropped meanwhile is not sent. Its content is let go as soon as it
        is needed no more.
        """

    async def notified(self, membership: Membership, content: ChatContent) -> bool:
        """Take a notification; False where it ends here, for nobody waits for it.

        CannotInterwork where that could not be kept.
        """
