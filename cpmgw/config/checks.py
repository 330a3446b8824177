"""What types cannot say of a configuration: addresses, files, and what clashes."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from cpmgw import policy
from cpmgw.config.reading import Rules, unreadable
from cpmgw.config.sections import (
    Config,
    CredentialsConfig,
    GatewayConfig,
    SipConfig,
    SmscConfig,
    SmscTlsConfig,
    UserConfig,
    WebConfig,
)
from cpmgw.policy import Policy
from cpmgw.sip.errors import SipError
from cpmgw.sip.listening import parse_listen
from cpmgw.sip.settings import ConnectionSettings
from cpmgw.sip.uri import SipUri, parse_uri
from cpmgw.store import address
from txsmpp.text.message_id import IdForm

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
    for name in (place.key, place.certificate, place.chain):
        if name:
            yield from _file(name)


def _web(text: str) -> Iterator[str]:
    if not text:
        return
    yield from _place(text)
    if not text.lower().startswith("tcp:"):
        yield f"{text!r}: not tcp"


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


def _networks(texts: tuple[str, ...]) -> Iterator[str]:
    for text in texts:
        try:
            ipaddress.ip_network(text)
        except ValueError as error:
            yield str(error)


def _file(name: str) -> Iterator[str]:
    fault = unreadable(name) if name else ""
    if fault:
        yield fault


def _files(names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        yield from _file(name)


def _users(users: tuple[UserConfig, ...]) -> Iterator[str]:
    for username in _repeated(each.username for each in users):
        yield f"{username!r} stands there twice"


def _credentials(users: tuple[CredentialsConfig, ...]) -> Iterator[str]:
    for username, realm in _repeated((each.username, each.realm) for each in users):
        yield f"{username!r} stands there twice in realm {realm!r}"


def _centres(centres: tuple[SmscConfig, ...]) -> Iterator[str]:
    if not centres:
        yield "must hold at least one [[smsc]]"
    for name in _repeated(centre.name for centre in centres):
        yield f"the name {name!r} is used more than once"


def _repeated(values: Iterable[T]) -> list[T]:
    return [value for value, count in Counter(values).items() if count > 1]


# -- keys that clash -----------------------------------------------------------------


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


def _policy(chosen: Policy) -> Iterable[PairFault]:
    return policy.contradictions(chosen).items()


RULES: Final = Rules(
    fields={
        (GatewayConfig, "state"): _state,
        (SipConfig, "listen"): _listen,
        (SipConfig, "next_hop"): _sip_uri,
        (SipConfig, "address"): _sip_uri,
        (SipConfig, "participating_function"): _sip_uri,
        (SipConfig, "trusted"): _networks,
        (SipConfig, "users"): _users,
        (SipConfig, "credentials"): _credentials,
        (ConnectionSettings, "trust_roots"): _files,
        (Config, "smsc"): _centres,
        (SmscTlsConfig, "authority"): _file,
        (SmscTlsConfig, "certificate"): _file,
        (SmscTlsConfig, "key"): _file,
        (WebConfig, "listen"): _web,
    },
    tables={
        UserConfig: _user,
        CredentialsConfig: _user,
        SipConfig: _sip,
        SmscConfig: _centre,
        SmscTlsConfig: _tls,
        Policy: _policy,
    },
)
