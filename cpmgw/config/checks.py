"""What types cannot say of a configuration: addresses, files, and what clashes."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar
from urllib.parse import urlsplit

from cpmgw import policy
from cpmgw.addressing import checks as addressing
from cpmgw.addressing.settings import (
    DialPlanSettings,
    DialRule,
    DirectoryEntry,
    EnumSettings,
    NamedUser,
)
from cpmgw.config.certificates import fault_of_authority, fault_of_identity
from cpmgw.config.number_ranges import MOST_NUMBERS, count, overlaps, range_of
from cpmgw.config.reading import Rules, unreadable
from cpmgw.config.sections import (
    Config,
    CredentialsConfig,
    GatewayConfig,
    IwfConfig,
    MsrpConfig,
    MsrpRelayConfig,
    NumberPoolConfig,
    SipConfig,
    SmscConfig,
    SmscText,
    SmscTlsConfig,
    UserConfig,
    WebConfig,
    XdmsConfig,
)
from cpmgw.msrp.errors import MsrpSyntaxError
from cpmgw.msrp.uri import parse_uri as parse_msrp_uri
from cpmgw.policy import Policy
from cpmgw.sip.errors import SipError
from cpmgw.sip.listening import parse_alias, parse_listen
from cpmgw.sip.settings import ConnectionSettings
from cpmgw.sip.uri import SipUri, parse_uri
from cpmgw.store import address
from txsmpp.text.message_id import IdForm

# RFC 1123 2.1, between the dots; "--" after two letters is of IDNA (RFC 5890 2.3.1)
_LABEL: Final = re.compile(
    r"(?!(?![Xx][Nn])..--)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]{16,256}=*", re.ASCII)

# Kilobytes (conversation TS 5.2.1.1 item 4).
_LEAST_CHUNK: Final = 100
_STREAM_PORT: Final = re.compile(r"(tcp|tls|ssl):(port=)?[0-9]", re.IGNORECASE)

T = TypeVar("T")
PairFault = tuple[str, str]


def _state(url: str) -> Iterator[str]:
    fault = address.fault_of(url)
    if fault:
        yield fault


def _listen(texts: tuple[str, ...]) -> Iterator[str]:
    if not texts:
        yield "must name at least one place to listen at"
    for text in _repeated(texts):
        yield f"{text!r} stands there twice"
    for text in texts:
        yield from _place(text)


def _place(text: str) -> Iterator[str]:
    try:
        place = parse_listen(text)
    except SipError as error:
        yield str(error)
        return
    if place.interface and not _is_address(place.interface):
        yield f"{text!r}: the interface {place.interface!r} is no IP address"
    names = [name for name in (place.key, place.certificate) if name]
    faults = [fault for name in names if (fault := unreadable(name))]
    yield from faults
    if names and not faults:
        yield from _told(fault_of_identity(place.certificate, place.key))
    yield from _authority(place.chain)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _host(text: str) -> Iterator[str]:
    labels = text.removesuffix(".").split(".")
    is_name = len(text) <= 253 and all(_LABEL.fullmatch(each) for each in labels)
    if text and not is_name and not _is_address(text):
        yield f"{text!r} is no host name and no address"


def _octets(text: str) -> Iterator[str]:
    """A C-octet string of a bind (SMPP 3.4 3.1); it may be a secret."""
    if not (text.isascii() and text.isprintable()):
        yield "must be of ASCII without control characters"


def _aliases(texts: tuple[str, ...]) -> Iterator[str]:
    for text in texts:
        try:
            parse_alias(text)
        except SipError as error:
            yield str(error)


def _web(text: str) -> Iterator[str]:
    if not text:
        return
    yield from _place(text)
    if not text.lower().startswith("tcp:"):
        yield f"{text!r}: not tcp"


def _msrp_listen(text: str) -> Iterator[str]:
    if not text:
        return
    yield from _place(text)
    if not _STREAM_PORT.match(text):
        yield f"{text!r}: not tcp or tls with a port"


def _msrp_uri(text: str) -> Iterator[str]:
    if not text:
        return
    try:
        parse_msrp_uri(text)
    except MsrpSyntaxError as error:
        yield f"{text!r} is no MSRP URI with a transport: {error}"


def _token(text: str) -> Iterator[str]:
    if text and not _TOKEN.fullmatch(text):  # a secret is not shown
        yield "must be 16 to 256 letters, digits and ._~+/- (RFC 6750 2.1)"


def _xcap_root(text: str) -> Iterator[str]:
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


def _sip_uri(text: str) -> Iterator[str]:
    if not text:
        return
    try:
        uri = parse_uri(text)
    except SipError as error:
        yield f"{text!r}: {error}"
        return
    if not isinstance(uri, SipUri):
        yield f"{text!r} is no SIP URI"


def _needed_sip_uri(text: str) -> Iterator[str]:
    if text:
        yield from _sip_uri(text)
    else:
        yield "must not be empty"


def _networks(texts: tuple[str, ...]) -> Iterator[str]:
    for text in texts:
        try:
            ipaddress.ip_network(text)
        except ValueError as error:
            yield str(error)


def _file(name: str) -> Iterator[str]:
    yield from _told(unreadable(name) if name else "")


def _told(fault: str) -> Iterator[str]:
    if fault:
        yield fault


def _authority(name: str) -> Iterator[str]:
    if name:
        yield from _told(fault_of_authority(name))


def _authorities(names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        yield from _told(fault_of_authority(name))


def _alphabets(found: tuple[object, ...]) -> Iterator[str]:
    if not found:
        yield "must name at least one alphabet"


def _users(users: tuple[UserConfig, ...]) -> Iterator[str]:
    for username in _repeated(each.username for each in users):
        yield f"{username!r} stands there twice"


def _credentials(users: tuple[CredentialsConfig, ...]) -> Iterator[str]:
    for username, realm in _repeated((each.username, each.realm) for each in users):
        yield f"{username!r} stands there twice in realm {realm!r}"


def _centres(centres: tuple[SmscConfig, ...]) -> Iterator[str]:
    for name in _repeated(centre.name for centre in centres):
        yield f"the name {name!r} is used more than once"


def _iwfs(iwfs: tuple[IwfConfig, ...]) -> Iterator[str]:
    for name in _repeated(each.name.lower() for each in iwfs):
        yield f"the name {name!r} is used more than once"


def _numbers(texts: tuple[str, ...]) -> Iterator[str]:
    if not texts:
        yield "must hold at least one number"
    ranges = []
    for text in texts:
        try:
            ranges.append((range_of(text), text))
        except ValueError as error:
            yield str(error)
    for one, other, number in overlaps(ranges):
        yield f"{one!r} and {other!r} both hold {number}"


def _services(names: tuple[str, ...]) -> Iterator[str]:
    if not names:
        yield "must name at least one service"
    for name in _repeated(names):
        yield f"{name!r} stands there twice"


def _number_pools(pools: tuple[NumberPoolConfig, ...]) -> Iterator[str]:
    for name in _repeated(pool.name for pool in pools):
        yield f"the name {name!r} is used more than once"
    if count(each for pool in pools for each in pool.ranges) > MOST_NUMBERS:
        yield f"holds more than {MOST_NUMBERS} numbers"
    # Whatever their services: who answers to a number says only who it is and to which.
    named = [(each, pool.name) for pool in pools for each in pool.ranges]
    for one, other, number in overlaps(named):
        yield f"the pools {one!r} and {other!r} both hold {number}"


def _repeated(values: Iterable[T]) -> list[T]:
    return [value for value, count in Counter(values).items() if count > 1]


# -- keys that clash -----------------------------------------------------------------


def _config(config: Config) -> Iterator[PairFault]:
    if not (config.smsc or config.iwf):
        yield "smsc", "must hold at least one [[smsc]], or there must be an [[iwf]]"
    if config.smsc and any(each.name.lower() == "sms" for each in config.iwf):
        yield "iwf", "the name 'SMS' is that of the IWF in this process"
    for key, fault in addressing.emergencies(config.dial_plan, config.gateway.country):
        yield f"dial_plan.{key}", fault


def _user(user: UserConfig) -> Iterator[PairFault]:
    if not user.password:
        yield "password", "is missing (or password_file)"


def _sip(sip: SipConfig) -> Iterator[PairFault]:
    if sip.timing.t1 > sip.timing.t2:
        yield "timing.t1", "is longer than t2"
    if not sip.timing.t1:
        yield "timing.t1", "must not be 0"
    if sip.limits.max_body > sip.limits.max_message:
        yield "limits.max_body", "is larger than max_message"
    if sip.session_expires < sip.min_se:
        yield "session_expires", "is shorter than min_se"


def _msrp(msrp: MsrpConfig) -> Iterator[PairFault]:
    if msrp.listen and not msrp.host:
        interface = parse_listen(msrp.listen).interface
        if not interface or ipaddress.ip_address(interface).is_unspecified:
            yield "host", "is missing where listen names no interface"
    if not msrp.spool:
        yield "spool", "must name a directory"
    if 0 < msrp.max_chunk < _LEAST_CHUNK:
        yield "max_chunk", f"must be 0 or at least {_LEAST_CHUNK}"
    if msrp.reception.max_size > msrp.storage.storage:
        yield "reception.max_size", "is larger than storage.storage"
    if msrp.limits.max_path < 2 and msrp.relay.uri:
        yield "limits.max_path", "has no room for a relay"


def _msrp_relay(relay: MsrpRelayConfig) -> Iterator[PairFault]:
    if relay.username and not relay.password:
        yield "password", "is missing (or password_file)"
    if relay.password and not relay.username:
        yield "username", "is missing beside the password"
    if relay.username and not relay.uri:
        yield "uri", "is missing beside the username"


def _centre(centre: SmscConfig) -> Iterator[PairFault]:
    if centre.backoff_initial > centre.backoff_maximum:
        yield "backoff_initial", "is longer than backoff_maximum"
    if centre.throttle_initial > centre.throttle_maximum:
        yield "throttle_initial", "is longer than throttle_maximum"
    loose = [form is IdForm.LOOSE for form in (centre.response_id, centre.receipt_id)]
    if any(loose) and not all(loose):
        yield "receipt_id", 'is "loose" together with response_id, or neither is'
    for prefix in _repeated(centre.prefixes):
        yield "prefixes", f"{prefix!r} stands there twice"


def _tls(tls: SmscTlsConfig) -> Iterator[PairFault]:
    if tls.key and not tls.certificate:
        yield "key", "needs a certificate"
    elif tls.certificate:
        for fault in _told(fault_of_identity(tls.certificate, tls.key)):
            yield "certificate", fault


def _xdms(xdms: XdmsConfig) -> Iterator[PairFault]:
    if xdms.username and not xdms.password:
        yield "password", "is missing (or password_file)"
    if xdms.password and not xdms.username:
        yield "username", "is missing beside the password"
    if ":" in xdms.username:
        yield "username", "must not have a colon (RFC 7617 2)"
    if xdms.username and not xdms.root.lower().startswith("https:"):
        yield "username", "needs a root that begins with https"
    if xdms.root and not xdms.actions:
        yield "actions", "must name at least one element"


def _pages(web: WebConfig) -> Iterator[PairFault]:
    if web.token_file and not web.token:
        yield "token_file", "is empty"


def _policy(chosen: Policy) -> Iterable[PairFault]:
    return policy.contradictions(chosen).items()


RULES: Final = Rules(
    fields={
        (GatewayConfig, "state"): _state,
        (SipConfig, "listen"): _listen,
        (SipConfig, "aliases"): _aliases,
        (SipConfig, "next_hop"): _sip_uri,
        (SipConfig, "address"): _sip_uri,
        (SipConfig, "participating_function"): _sip_uri,
        (SipConfig, "trusted"): _networks,
        (SipConfig, "users"): _users,
        (SipConfig, "credentials"): _credentials,
        (ConnectionSettings, "trust_roots"): _authorities,
        (MsrpConfig, "listen"): _msrp_listen,
        (MsrpConfig, "trust_roots"): _authorities,
        (MsrpRelayConfig, "uri"): _msrp_uri,
        (Config, "smsc"): _centres,
        (Config, "iwf"): _iwfs,
        (IwfConfig, "uri"): _needed_sip_uri,
        (SmscConfig, "host"): _host,
        (SmscConfig, "system_id"): _octets,
        (SmscConfig, "password"): _octets,
        (SmscConfig, "system_type"): _octets,
        (SmscConfig, "address_range"): _octets,
        (SmscText, "alphabets"): _alphabets,
        (SmscTlsConfig, "hostname"): _host,
        (SmscTlsConfig, "authority"): _authority,
        (SmscTlsConfig, "certificate"): _file,
        (SmscTlsConfig, "key"): _file,
        (WebConfig, "listen"): _web,
        (WebConfig, "token"): _token,
        (DialPlanSettings, "rules"): addressing.faults_of_rules,
        (DialPlanSettings, "short_numbers"): addressing.faults_of_short_numbers,
        (DialPlanSettings, "names"): addressing.faults_of_names,
        (Config, "directory"): addressing.faults_of_directory,
        (EnumSettings, "servers"): addressing.faults_of_servers,
        (NumberPoolConfig, "numbers"): _numbers,
        (NumberPoolConfig, "services"): _services,
        (Config, "number_pool"): _number_pools,
        (XdmsConfig, "root"): _xcap_root,
        (XdmsConfig, "trust_roots"): _authorities,
    },
    tables={
        Config: _config,
        UserConfig: _user,
        CredentialsConfig: _user,
        SipConfig: _sip,
        MsrpConfig: _msrp,
        MsrpRelayConfig: _msrp_relay,
        SmscConfig: _centre,
        SmscTlsConfig: _tls,
        DialRule: addressing.faults_of_rule,
        NamedUser: addressing.faults_of_name,
        DirectoryEntry: addressing.faults_of_entry,
        XdmsConfig: _xdms,
        WebConfig: _pages,
        Policy: _policy,
    },
)
