"""What the tables that are about mail are not to be (RFC 5321, TS 6.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cpmgw.config.certificates import fault_of_identity
from cpmgw.config.checks import values
from cpmgw.config.mail import MailServerTls, Mm4Config, MmscConfig, MmscMedia
from cpmgw.config.sections import Config

PairFault = tuple[str, str]

# Content grows by a third in base64 with its line ends, and a mail has header fields.
_GROWTH: Final = 1.4
# Of all that is kept, an eighth is not for bodies that are files (cpmgw.bodies.spool).
_FOR_SMALL: Final = 8


# -- single values ---------------------------------------------------------------------


def domain(text: str) -> Iterator[str]:
    """A domain that stands in addresses; empty is none."""
    if text and values.is_address(text):
        yield f"{text!r} is an address and no domain name"
    elif text.endswith("."):
        yield f"{text!r} ends in a dot"
    else:
        yield from values.host(text)


def peers(texts: tuple[str, ...]) -> Iterator[str]:
    """The networks that a relay sends from."""
    if not texts:
        yield "must name at least one network"
    yield from values.networks(texts)


def types(texts: tuple[str, ...]) -> Iterator[str]:
    """What a relay takes."""
    if not texts:
        yield "must name at least one media type"
    for text in values.repeated(texts):
        yield f"{text!r} stands there twice"


def relays(found: tuple[MmscConfig, ...]) -> Iterator[str]:
    """[[mmsc]]: each name once."""
    for name in values.repeated(each.name for each in found):
        yield f"the name {name!r} is used more than once"


# -- keys that clash -------------------------------------------------------------------


def relay(config: MmscConfig) -> Iterator[PairFault]:
    """[[mmsc]]."""
    if config.backoff_initial > config.backoff_maximum:
        yield "backoff_initial", "is longer than backoff_maximum"
    if config.username and not config.password:
        yield "password", "is missing (or password_file)"
    is_unchecked = config.tls.mode == "starttls" and not config.tls.authority
    if config.username and config.password and is_unchecked:
        yield (
            "password",
            "is for a relay that has shown who it is: set tls.authority, or"
            ' tls.mode = "require" (or "none")',
        )
    if config.password and not config.username:
        yield "username", "is missing beside the password"
    for prefix in values.repeated(config.prefixes):
        yield "prefixes", f"{prefix!r} stands there twice"


def media(config: MmscMedia) -> Iterator[PairFault]:
    """[mmsc.media]: what content is made of is what the relay takes.

    Of a kind that it does not take at all nothing is made.
    """
    if not config.adapt:
        return
    for key in ("picture", "audio", "video"):
        made: str = getattr(config, key)
        main = made.partition("/")[0]
        is_taken = any(each.startswith((f"{main}/", "*")) for each in config.types)
        if is_taken and not config.takes(made):
            yield key, f"{made!r} is not among the types"


def mm4(config: Mm4Config) -> Iterator[PairFault]:
    """[mm4]."""
    if not config.spool:
        yield "spool", "must name a directory"
    is_secure = config.listen.lower().startswith(("tls:", "ssl:"))
    if config.tls.require and not (config.tls.certificate or is_secure):
        yield "tls.require", "needs a certificate"
    room = config.storage - config.storage // _FOR_SMALL
    if config.max_size > room:
        yield "max_size", f"is larger than what storage has for one mail ({room})"


def server_tls(config: MailServerTls) -> Iterator[PairFault]:
    """[mm4.tls]."""
    if config.key and not config.certificate:
        yield "key", "needs a certificate"
    elif config.certificate:
        for fault in values.told(fault_of_identity(config.certificate, config.key)):
            yield "certificate", fault


def together(config: Config) -> Iterator[PairFault]:
    """What MMS asks of other sections, and they of it."""
    if config.mm4.listen and not config.mmsc:
        yield "mm4.listen", "is of no use without an [[mmsc]]"
    if not config.mmsc:
        return
    if not config.mm4.listen:
        yield "mm4.listen", "is missing: no relay could answer (TS 6.3.1.1.1)"
    if config.mm4.max_size < _GROWTH * config.policy.mms.max_size:
        yield (
            "mm4.max_size",
            "has no room for a mail with policy.mms.max_size octets in base64",
        )
    for place, each in enumerate(config.mmsc):
        yield from _of_relay(f"mmsc[{place}]", each, config)


def _of_relay(at: str, relay: MmscConfig, config: Config) -> Iterator[PairFault]:
    """What one relay is not to be: its answer has to come before that to CPM."""
    patience = config.sip.patience
    if relay.queue_time + relay.response_timeout >= patience:
        yield (
            f"{at}.response_timeout",
            "with queue_time, is not shorter than nine tenths of sip.handler_timeout"
            f" ({patience:g})",
        )
    if relay.queue_octets < _GROWTH * (relay.max_size or config.policy.mms.max_size):
        yield f"{at}.queue_octets", "has no room for one message"
