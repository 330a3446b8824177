"""The content of a chat message as its relay takes it (TS 6.3 1c to 1e, Table 29)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from cpmgw.config import MmscMedia
from cpmgw.cpm.chat_content import ChatContent
from cpmgw.cpm.errors import MimeError
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.mms.chat.content import chat_content, presented
from cpmgw.iwf.mms.content import Adapting, refuse_protected
from cpmgw.iwf.mms.forward_outcome import too_large
from cpmgw.iwf.mms.relays import Relay
from cpmgw.iwf.sessions.spoken import Spoken
from cpmgw.iwf.sessions.texts import Texts
from cpmgw.mm4.entity import Entity, read_entity
from cpmgw.policy import Policy
from cpmgw.sip.status import reason_for

TOO_LARGE: Final = "too-large"
# The key of [mmsc.media] for no SMIL of ours.
_NO_SMIL: Final = "leave"


class Fitting:
    """Makes contents fit, with what is said beside them.

    `most` gives the octets of the largest content that is looked at: what is larger
    than MMS takes may fit once its pictures are made smaller.
    """

    def __init__(self, adaptation: Adapting, most: Callable[[], int]) -> None:
        self._adaptation = adaptation
        self._most = most

    async def of(
        self, spoken: Spoken, texts: Texts, relay: Relay, policy: Policy
    ) -> Entity:
        """The whole of a message; CannotInterwork where there can be none.

        Where what is said beside it has no room, pictures are made smaller. Where that
        does not help, what policy adds is left out, and then our SMIL; who wrote it is
        not.
        """
        content, media = spoken.content, relay.config.media
        most = relay.max_size(policy)
        entity = self._read(content, policy)
        bare = await self._adaptation.adapt(entity, media, most)
        added = texts.added(spoken.place, spoken.state)
        ways = ((added, media.smil), ("", media.smil), ("", _NO_SMIL))
        for said, smil in dict.fromkeys(ways):

            def whole(fit: Entity, said: str = said, smil: str = smil) -> Entity:
                return presented(chat_content(fit, content, texts, said), smil)

            found = whole(bare)
            if found.size > most:
                room = most - (found.size - bare.size)
                smaller = await self._smaller(entity, media, room)
                found = found if smaller is None else whole(smaller)
            if found.size <= most:
                return found
        raise too_large("there is no room for who has written it")

    async def _smaller(
        self, entity: Entity, media: MmscMedia, room: int
    ) -> Entity | None:
        """It in so many octets at the most, None where it cannot be."""
        if room <= 0:
            return None
        try:
            return await self._adaptation.adapt(entity, media, room)
        except CannotInterwork as refusal:
            if refusal.cause != TOO_LARGE:
                raise
            return None

    def _read(self, content: ChatContent, policy: Policy) -> Entity:
        most = self._most()
        if len(content.octets) > most:
            raise too_large(f"content of {len(content.octets)} octets")
        limits = msgspec.structs.replace(policy.text_limits, max_size=most)
        try:
            entity = read_entity(
                content.content_type, content.transfer_encoding, content.octets, limits
            )
        except MimeError as error:
            raise CannotInterwork(
                488,
                reason_for(488),
                cause="content",
                section="TS 6.3 1c",
                warning=str(error),
            ) from error
        refuse_protected(entity)
        return entity
