"""Content as a relay takes it (TS 6.3 1, a, b and e).

What the relay takes stays as it came. What it does not take is converted if that can be
done here, else it is left out, as long as anything is left of the message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import msgspec
from twisted.logger import Logger

from cpmgw.config import AdaptationConfig, MmscMedia
from cpmgw.cpm.mime import MediaType, MimeLimits
from cpmgw.cpm.warning import SIZE_EXCEEDED
from cpmgw.errors import CannotInterwork, TooBusy
from cpmgw.iwf.mms.adaptation import clips, pictures, texts
from cpmgw.iwf.mms.adaptation.clips import Clip
from cpmgw.iwf.mms.adaptation.errors import CannotConvert
from cpmgw.iwf.mms.adaptation.pictures import Frame
from cpmgw.iwf.mms.adaptation.types import SMIL, name_of
from cpmgw.iwf.outcomes import retry_after
from cpmgw.mm4.entity import Entity
from cpmgw.mm4.entity.value import type_text
from cpmgw.policy import PolicySource
from cpmgw.sip.status import reason_for

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from cpmgw.interfaces import IWorkshop
    from cpmgw.traffic import Traffic

T = TypeVar("T")

SECTION: Final = "TS 6.3"
# How long all of a message may take, in times of what one piece of work may.
_PIECES: Final = 2
_NOT_ACCEPTABLE: Final = 488
# What is said of text beside what it is (RFC 2045 5.1).
_TEXT_PARAMETERS: Final = {"charset": "UTF-8"}


class Adaptation:
    """Fits contents to relays."""

    log = Logger()

    def __init__(
        self,
        workshop: IWorkshop,
        settings: Callable[[], AdaptationConfig],
        policy: PolicySource,
        traffic: Traffic,
        clock: IReactorTime,
    ) -> None:
        self._workshop = workshop
        self._clock = clock
        self._settings = settings
        self._policy = policy
        self._traffic = traffic

    async def adapt(self, entity: Entity, media: MmscMedia, max_size: int) -> Entity:
        """The content as a relay takes it, of so many octets decoded at the most.

        CannotInterwork: 488 where nothing is left of it (TS 6.3 1a), where it stays too
        large (1b) or is huge once decoded; 503 where there is too much to do, or it is
        not done in time.
        """
        until = self._clock.seconds() + self._settings().timeout * _PIECES
        wanted = _Wanted(self, media, max_size, until)
        try:
            fitting = await wanted.typed(entity)
            if fitting is None or not _content_of(fitting):
                raise _refused("content", "1a", "nothing in it that MMS takes")
            return await wanted.sized(fitting)
        except TooBusy as error:
            self._traffic.adapt(_main(entity), "busy")
            raise CannotInterwork(
                503,
                reason_for(503),
                cause="busy",
                section=SECTION,
                warning=str(error),
                headers=retry_after(503, self._policy()),
            ) from error

    # -- for one message at work -------------------------------------------------------

    async def do(self, until: float, work: Callable[..., T], *arguments: Any) -> T:
        """Do a piece of work; TooBusy where it is not done by then."""
        left = until - self._clock.seconds()
        if left <= 0:
            _too_long(None, left)
        deferred = self._workshop.do(work, *arguments)
        return await deferred.addTimeout(left, self._clock, _too_long)

    def count(self, main: str, outcome: str) -> None:
        """Count what became of a part."""
        self._traffic.adapt(main, outcome)

    @property
    def settings(self) -> AdaptationConfig:
        """What is in force."""
        return self._settings()

    @property
    def text_limits(self) -> MimeLimits:
        """What bounds the reading of text."""
        return self._policy().text_limits


class _Wanted:
    """One message at work: what a relay takes of it, and the time that is left."""

    log = Logger()

    def __init__(
        self, adaptation: Adaptation, media: MmscMedia, max_size: int, until: float
    ) -> None:
        self._adaptation = adaptation
        self._media = media
        self._most = max_size
        self._until = until

    # -- types -------------------------------------------------------------------------

    async def typed(self, entity: Entity) -> Entity | None:
        """An entity of types that the relay takes; None where nothing is left of it."""
        if not entity.is_multipart:
            return await self._leaf(entity)
        parts = [await self.typed(each) for each in entity.parts]
        kept = tuple([each for each in parts if each is not None])
        if kept == entity.parts:
            return entity
        return msgspec.structs.replace(entity, parts=kept) if kept else None

    async def _leaf(self, leaf: Entity) -> Entity | None:
        name = name_of(leaf.media_type)
        media = self._media
        if name in SMIL:
            return leaf
        if media.takes(name) or media.takes(leaf.media_type.name):
            return await self._in_frame(leaf)
        if media.adapt:
            try:
                return await self._converted(leaf, self._most)
            except CannotConvert as error:
                _refuse_bomb(error)
                self.log.debug("{kind} left out: {why}", kind=name, why=str(error))
                self._adaptation.count(_main(leaf), "failed")
                return None
        self._adaptation.count(_main(leaf), "left-out")
        return None

    async def _in_frame(self, leaf: Entity) -> Entity:
        """A picture within its box; what is none, or cannot be read, as it came."""
        if not (self._media.adapt and name_of(leaf.media_type) in pictures.SOURCES):
            return leaf
        try:
            if await self._do(pictures.fits, leaf.body, self._frame(self._most)):
                return leaf
            return await self._converted(leaf, self._most)
        except CannotConvert as error:
            _refuse_bomb(error)
            return leaf

    # -- sizes -------------------------------------------------------------------------

    async def sized(self, entity: Entity) -> Entity:
        """The same within its size: what is largest is made smaller, as far as needed.

        A part that does not get small enough is left as small as it gets, and the
        others have to make room for it.
        """
        size = entity.size
        if size <= self._most:
            return entity
        shrinking = [
            each
            for each in entity.leaves()
            if self._media.adapt and _shrinks(each, self._media)
        ]
        shrinking.sort(key=lambda each: len(each.body), reverse=True)
        fixed: dict[int, Entity] = {}
        rest = size - sum(len(each.body) for each in shrinking)
        while shrinking and rest < self._most:
            level = _level([len(each.body) for each in shrinking], self._most - rest)
            smaller: dict[int, Entity] = {}
            for each in shrinking:
                made = await self._shrunk(each, level)
                if len(made.body) > level:
                    break
                smaller[id(each)] = made
            else:
                return _with(entity, fixed | smaller)
            fixed[id(each)] = made
            shrinking.remove(each)
            rest += len(made.body)
        raise _too_large(size, self._most)

    async def _shrunk(self, leaf: Entity, most: int) -> Entity:
        """A part of so many octets, or as small as it gets."""
        if len(leaf.body) <= most:
            return leaf
        try:
            return await self._converted(leaf, most)
        except CannotConvert as error:
            self.log.debug("not made so small: {why}", why=str(error))
            if 0 < len(error.smallest) < len(leaf.body):
                return _retyped(leaf, _becomes(leaf, self._media), error.smallest)
            return leaf

    # -- converting --------------------------------------------------------------------

    async def _converted(self, leaf: Entity, most: int) -> Entity:
        """The same as the relay takes it; CannotConvert where that cannot be."""
        main, media = _main(leaf), self._media
        if _shrinks(leaf, media):
            made = await (self._picture if main == "image" else self._clip)(leaf, most)
            result = _retyped(leaf, _becomes(leaf, media), made)
        elif main == "text" and media.takes(texts.PLAIN):
            made = await self._do(texts.plain, leaf, self._adaptation.text_limits)
            result = _retyped(leaf, texts.PLAIN, made, _TEXT_PARAMETERS)
        else:
            raise CannotConvert(f"nothing to make of {leaf.media_type.name}")
        self._adaptation.count(main, "converted")
        return result

    async def _picture(self, leaf: Entity, most: int) -> bytes:
        return await self._do(pictures.convert, leaf.body, self._frame(most))

    async def _clip(self, leaf: Entity, most: int) -> bytes:
        settings = self._adaptation.settings
        clip = Clip(
            content_type=_becomes(leaf, self._media),
            most=most,
            ffmpeg=settings.ffmpeg,
            timeout=settings.timeout,
            memory=settings.memory,
        )
        return await self._do(clips.convert, leaf.body, name_of(leaf.media_type), clip)

    async def _do(self, work: Callable[..., T], *arguments: Any) -> T:
        return await self._adaptation.do(self._until, work, *arguments)

    def _frame(self, most: int) -> Frame:
        return Frame(
            content_type=self._media.picture,
            widest=self._media.widest,
            highest=self._media.highest,
            most=most,
            pixels=self._adaptation.settings.pixels,
        )


def _too_long(_result: object, _timeout: float) -> NoReturn:
    raise TooBusy("what it takes was not done in time")


def _refuse_bomb(error: CannotConvert) -> None:
    if error.bomb:
        raise _refused("content", "1a", str(error)) from error


def _level(sizes: Sequence[int], room: int) -> int:
    """How large the largest may be for all to have room; the largest come first."""
    for position, size in enumerate(reversed(sizes)):
        share = room // (len(sizes) - position)
        if size > share:
            return share
        room -= size
    return sizes[0]


def _main(entity: Entity) -> str:
    """The main type, one of a small set: a peer may name any."""
    main = entity.media_type.main
    return main if main in ("image", "audio", "video", "text") else "other"


def _content_of(entity: Entity) -> bool:
    """Whether there is content, beside what shows it."""
    return any(name_of(each.media_type) not in SMIL for each in entity.leaves())


def _shrinks(leaf: Entity, media: MmscMedia) -> bool:
    """Whether a part can be made smaller."""
    sources = pictures.SOURCES if _main(leaf) == "image" else clips.SOURCES
    wanted = _becomes(leaf, media)
    return bool(wanted) and name_of(leaf.media_type) in sources and media.takes(wanted)


def _becomes(leaf: Entity, media: MmscMedia) -> str:
    """The type that a picture, sound or video is converted to."""
    wanted = {"image": media.picture, "audio": media.audio, "video": media.video}
    return wanted.get(_main(leaf), "")


def _retyped(
    leaf: Entity,
    content_type: str,
    body: bytes,
    parameters: dict[str, str] | None = None,
) -> Entity:
    """A part with another content; what refers to it still finds it."""
    kept = {"name": leaf.media_type.parameter("name")} if parameters is None else {}
    named = {key: value for key, value in kept.items() if value}
    kind = MediaType(content_type, parameters or named)
    return msgspec.structs.replace(leaf, content_type=type_text(kind), body=body)


def _with(entity: Entity, smaller: dict[int, Entity]) -> Entity:
    """The same with some of its leaves replaced."""
    if not entity.is_multipart:
        return smaller.get(id(entity), entity)
    parts: Iterable[Entity] = [_with(each, smaller) for each in entity.parts]
    return msgspec.structs.replace(entity, parts=tuple(parts))


def _too_large(size: int, max_size: int) -> CannotInterwork:
    return _refused(
        "too-large",
        "1b",
        f"{size} octets, and MMS takes {max_size}",
        warning_code=SIZE_EXCEEDED,
    )


def _refused(
    cause: str, place: str, warning: str, warning_code: int = 122
) -> CannotInterwork:
    return CannotInterwork(
        _NOT_ACCEPTABLE,
        reason_for(_NOT_ACCEPTABLE),
        cause=cause,
        section=f"{SECTION} {place}",
        warning=warning,
        warning_code=warning_code,
    )
