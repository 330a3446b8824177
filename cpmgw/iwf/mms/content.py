"""The content of a CPM message or file as an MMS relay takes it (TS 6.3 1)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from cpmgw.config import MmscMedia
from cpmgw.cpm.content import PROTECTED_TYPES
from cpmgw.cpm.errors import EndToEndProtected, MimeError
from cpmgw.cpm.mime import MimeLimits
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.held import File
from cpmgw.iwf.memory import Memory
from cpmgw.iwf.mms.files import entity_of_file, is_multipart
from cpmgw.iwf.mms.forward_outcome import too_large
from cpmgw.iwf.mms.forward_rules import subject_of
from cpmgw.iwf.mms.relays import Relay
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.mm4.entity import Entity, described, multipart, read_entity
from cpmgw.mm4.smil import with_smil
from cpmgw.sip.status import reason_for

if TYPE_CHECKING:
    from cpmgw.interfaces import IHouse

SECTION: Final = "TS 6.3 1"
# Contents that are in memory while they are worked on, of those that else are not.
_LARGE_AT_ONCE: Final = 2


class Adapting(Protocol):
    """Makes content fit for what a relay takes."""

    async def adapt(self, entity: Entity, media: MmscMedia, max_size: int) -> Entity:
        """The content in types that are taken, of so many octets at the most.

        CannotInterwork 488, with the cause "content" or "too-large", where it cannot
        be; what is not taken is left out where other content remains.
        """


class Contents:
    """Reads the contents of messages, and makes them what MMS takes.

    `memory` is where large ones are while they are worked on.
    """

    def __init__(self, house: IHouse, adaptation: Adapting) -> None:
        self._house = house
        self._adaptation = adaptation
        self.memory = Memory(_LARGE_AT_ONCE, lambda: house.config.mm4.in_memory)

    @asynccontextmanager
    async def turn(self, message: StandaloneMessage) -> AsyncIterator[None]:
        """Wait until a message may be in memory; a small one need not.

        The copies of a large one are many: as it came, decoded, adapted, encoded.
        """
        held = await self.memory.take(message.size)
        try:
            yield
        finally:
            held.let_go()

    async def of(self, message: StandaloneMessage, relay: Relay) -> Entity:
        """The content for a relay, unmodified as far as it takes it (TS 6.3 1).

        CannotInterwork: 488 for what is not supported or too large, also when it was
        made fit (1a, 1b), 400 for what cannot be read, 415 for what only its recipient
        may open (TS 6.6).
        """
        policy = self._house.config.policy
        media = relay.config.media
        entity = await self._adaptation.adapt(
            self._read(message), media, relay.max_size(policy)
        )
        if media.smil == "leave":
            return entity
        return with_smil(entity, subject_of(message))

    def _read(self, message: StandaloneMessage) -> Entity:
        limit = self._house.config.mm4.max_size
        if message.size > limit:
            raise too_large(f"content of {message.size} octets")
        policy = self._house.config.policy
        limits = msgspec.structs.replace(policy.text_limits, max_size=limit)
        try:
            entity = _entity(message, limits)
        except MimeError as error:
            raise CannotInterwork(
                error.status,
                error.reason,
                cause="unreadable",
                section="TS 6.1.1 step 1",
                warning=str(error),
            ) from error
        refuse_protected(entity)
        return entity


def _entity(message: StandaloneMessage, limits: MimeLimits) -> Entity:
    """The content of a message, or its files; several stand side by side."""
    if not message.files:
        kind, encoding = message.content_type, message.transfer_encoding
        told = described(message.cpim.content_headers) if message.cpim else ()
        return read_entity(
            kind or "text/plain", encoding, message.content, limits, told
        )
    files = [_file(each, limits) for each in message.files]
    return files[0] if len(files) == 1 else multipart("mixed", files)


def _file(file: File, limits: MimeLimits) -> Entity:
    if is_multipart(file):
        return read_entity(file.content_type, "", file.content, limits)
    return entity_of_file(file)


def refuse_protected(entity: Entity) -> None:
    """CannotInterwork 415 for content that only its recipient may open (TS 6.6)."""
    name = entity.media_type.name
    if name in PROTECTED_TYPES:
        raise CannotInterwork(
            EndToEndProtected.status,
            reason_for(EndToEndProtected.status),
            cause="content",
            section="TS 6.6",
            warning=name,
        )
    for part in entity.parts:
        refuse_protected(part)
