"""What one value of a configuration may not be, beyond its type."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar
from urllib.parse import urlsplit

from cpmgw.config.certificates import fault_of_authority, fault_of_identity
from cpmgw.config.reading import unreadable
from cpmgw.msrp.errors import MsrpSyntaxError
from cpmgw.msrp.uri import parse_uri as parse_msrp_uri
from cpmgw.sip.errors import SipError
from cpmgw.sip.listening import parse_alias, parse_listen
from cpmgw.sip.uri import SipUri, parse_uri
from cpmgw.store import address

# RFC 1123 2.1, between the dots; "--" after two letters is of IDNA (RFC 5890 2.3.1)
_LABEL: Final = re.compile(
    r"(?!(?![Xx][Nn])..--)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]{16,256}=*", re.ASCII)
_STREAM_PORT: Final = re.compile(r"(tcp|tls|ssl):(port=)?[0-9]", re.IGNORECASE)

T = TypeVar("T")


def state(url: str) -> Iterator[str]:
    """The address of a store."""
    fault = address.fault_of(url)
    if fault:
        yield fault


def listen(texts: tuple[str, ...]) -> Iterator[str]:
    """Where SIP is listened for: endpoints, each once."""
    if not texts:
        yield "must name at least one place to listen at"
    for text in repeated(texts):
        yield f"{text!r} stands there twice"
    for text in texts:
        yield from place(text)


def place(text: str) -> Iterator[str]:
    """One endpoint, with the files that it names."""
    try:
        place = parse_listen(text)
    except SipError as error:
        yield str(error)
        return
    if place.interface and not is_address(place.interface):
        yield f"{text!r}: the interface {place.interface!r} is no IP address"
    names = [name for name in (place.key, place.certificate) if name]
    faults = [fault for name in names if (fault := unreadable(name))]
    yield from faults
    if names and not faults:
        yield from told(fault_of_identity(place.certificate, place.key))
    yield from authority(place.chain)


def is_address(text: str) -> bool:
    """Whether a text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def host(text: str) -> Iterator[str]:
    """A host name or an address; empty is none."""
    labels = text.removesuffix(".").split(".")
    is_name = len(text) <= 253 and all(_LABEL.fullmatch(each) for each in labels)
    if text and not is_name and not is_address(text):
        yield f"{text!r} is no host name and no address"


def octets(text: str) -> Iterator[str]:
    """A C-octet string of a bind (SMPP 3.4 3.1); it may be a secret."""
    if not (text.isascii() and text.isprintable()):
        yield "must be of ASCII without control characters"


def aliases(texts: tuple[str, ...]) -> Iterator[str]:
    """Further names of this host."""
    for text in texts:
        try:
            parse_alias(text)
        except SipError as error:
            yield str(error)


def web(text: str) -> Iterator[str]:
    """Where the web pages are; empty is nowhere."""
    if not text:
        return
    yield from place(text)
    if not text.lower().startswith("tcp:"):
        yield f"{text!r}: not tcp"


def stream_listen(text: str) -> Iterator[str]:
    """Where connections are taken, by TCP or TLS; empty is nowhere."""
    if not text:
        return
    yield from place(text)
    if not _STREAM_PORT.match(text):
        yield f"{text!r}: not tcp or tls with a port"


def msrp_uri(text: str) -> Iterator[str]:
    """The URI of a relay; empty is none."""
    if not text:
        return
    try:
        parse_msrp_uri(text)
    except MsrpSyntaxError as error:
        yield f"{text!r} is no MSRP URI with a transport: {error}"


def token(text: str) -> Iterator[str]:
    """A bearer token; empty is none."""
    if text and not _TOKEN.fullmatch(text):  # a secret is not shown
        yield "must be 16 to 256 letters, digits and ._~+/- (RFC 6750 2.1)"


def xcap_root(text: str) -> Iterator[str]:
    """Where documents are read by XCAP; empty is nowhere."""
    if not text:
        return
    try:
        parts = urlsplit(text)
        complete = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        yield f"{text!r}: {error}"
        return
    if parts.scheme not in ("http", "https") or not complete or not _visible(text):
        yield f"{text!r} is no http or https URL"
    elif "@" in parts.netloc or "?" in text or "#" in text:
        yield f"{text!r} has more than a host and a path"


def _visible(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def sip_uri(text: str) -> Iterator[str]:
    """A SIP URI; empty is none."""
    if not text:
        return
    try:
        uri = parse_uri(text)
    except SipError as error:
        yield f"{text!r}: {error}"
        return
    if not isinstance(uri, SipUri):
        yield f"{text!r} is no SIP URI"


def needed_sip_uri(text: str) -> Iterator[str]:
    """A SIP URI that has to be there."""
    if text:
        yield from sip_uri(text)
    else:
        yield "must not be empty"


def networks(texts: tuple[str, ...]) -> Iterator[str]:
    """IP networks."""
    for text in texts:
        try:
            ipaddress.ip_network(text)
        except ValueError as error:
            yield str(error)


def file(name: str) -> Iterator[str]:
    """A file that can be read; no name is none."""
    yield from told(unreadable(name) if name else "")


def told(fault: str) -> Iterator[str]:
    """A fault, if there is one."""
    if fault:
        yield fault


def authority(name: str) -> Iterator[str]:
    """A file of certificates to trust; no name is none."""
    if name:
        yield from told(fault_of_authority(name))


def authorities(names: tuple[str, ...]) -> Iterator[str]:
    """The same, several of them."""
    for name in names:
        yield from told(fault_of_authority(name))


def alphabets(found: tuple[object, ...]) -> Iterator[str]:
    """The alphabets of an SM-SC."""
    if not found:
        yield "must name at least one alphabet"


def services(names: tuple[str, ...]) -> Iterator[str]:
    """The services of a pool."""
    if not names:
        yield "must name at least one service"
    for name in repeated(names):
        yield f"{name!r} stands there twice"


def repeated(values: Iterable[T]) -> list[T]:
    """What is there more than once."""
    return [value for value, count in Counter(values).items() if count > 1]
