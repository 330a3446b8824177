"""What the MMS IWF of a configuration carries (TS 5.1 step 5, 6.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cpmgw.config import Config, MmscConfig
from cpmgw.iwf.capabilities import Capabilities, Kind

NAME: Final = "MMS"

# What needs no MSRP, and what does.
_BY_MESSAGE: Final = frozenset((Kind.PAGER, Kind.NOTIFICATION))
_BY_INVITE: Final = frozenset((Kind.LARGE, Kind.FILE, Kind.SESSION, Kind.GROUP))
# What becomes something else that a relay takes (TS 6.3 1a): the key that says what.
_CONVERTED: Final = {"image": "picture", "audio": "audio", "video": "video"}
# Any text becomes plain text, without a program for it.
_PLAIN: Final = "text/plain"


def capabilities_of(config: Config) -> Capabilities | None:
    """Content of many kinds to numbers; None where no MMS relay is configured.

    Which relay it goes to is not known yet: what one of them takes counts.
    """
    if not config.mmsc:
        return None
    kinds = _BY_MESSAGE | (_BY_INVITE if config.msrp.is_used else frozenset())
    media = [each for relay in config.mmsc for each in _taken(relay, config)]
    return Capabilities(
        name=NAME,
        service=NAME,
        kinds=kinds,
        media=tuple(dict.fromkeys(media)),
        reports=True,
        unfit=488,
    )


def _taken(relay: MmscConfig, config: Config) -> Iterator[str]:
    """What a relay takes as it is, and what is made fit for it."""
    yield from relay.media.types
    if not relay.media.adapt:
        return
    if relay.media.takes(_PLAIN):
        yield "text/*"
    for main, key in _CONVERTED.items():
        can_be_made = main == "image" or config.adaptation.ffmpeg
        if can_be_made and relay.media.takes(getattr(relay.media, key)):
            yield f"{main}/*"
