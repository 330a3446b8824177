"""What the keys of one table, and tables of one kind, are not to be together."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Final

from cpmgw import policy as policies
from cpmgw.addressing import checks as addressing
from cpmgw.config.certificates import fault_of_identity
from cpmgw.config.checks import mail, values
from cpmgw.config.mail import MailTlsConfig
from cpmgw.config.number_ranges import MOST_NUMBERS, count, overlaps, range_of
from cpmgw.config.sections import (
    Config,
    CredentialsConfig,
    IwfConfig,
    MsrpConfig,
    MsrpRelayConfig,
    NumberPoolConfig,
    SipConfig,
    SmscConfig,
    SmscTlsConfig,
    UserConfig,
    WebConfig,
    XdmsConfig,
)
from cpmgw.policy import Policy
from cpmgw.sip.listening import parse_listen
from txsmpp.text.message_id import IdForm

# Kilobytes (conversation TS 5.2.1.1 item 4).
_LEAST_CHUNK: Final = 100

PairFault = tuple[str, str]


def users(users: tuple[UserConfig, ...]) -> Iterator[str]:
    """[[sip.users]]: each name once."""
    for username in values.repeated(each.username for each in users):
        yield f"{username!r} stands there twice"


def credentials(users: tuple[CredentialsConfig, ...]) -> Iterator[str]:
    """[[sip.credentials]]: each name once in a realm."""
    for username, realm in values.repeated(
        (each.username, each.realm) for each in users
    ):
        yield f"{username!r} stands there twice in realm {realm!r}"


def centres(centres: tuple[SmscConfig, ...]) -> Iterator[str]:
    """[[smsc]]: each name once."""
    for name in values.repeated(centre.name for centre in centres):
        yield f"the name {name!r} is used more than once"


def iwfs(iwfs: tuple[IwfConfig, ...]) -> Iterator[str]:
    """[[iwf]]: each name once."""
    for name in values.repeated(each.name.lower() for each in iwfs):
        yield f"the name {name!r} is used more than once"


def numbers(texts: tuple[str, ...]) -> Iterator[str]:
    """The numbers of a pool."""
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


def number_pools(pools: tuple[NumberPoolConfig, ...]) -> Iterator[str]:
    """[[number_pool]]: names and numbers once, and not too many."""
    for name in values.repeated(pool.name for pool in pools):
        yield f"the name {name!r} is used more than once"
    if count(each for pool in pools for each in pool.ranges) > MOST_NUMBERS:
        yield f"holds more than {MOST_NUMBERS} numbers"
    # Whatever their services: who answers to a number says only who it is and to which.
    named = [(each, pool.name) for pool in pools for each in pool.ranges]
    for one, other, number in overlaps(named):
        yield f"the pools {one!r} and {other!r} both hold {number}"


# -- keys that clash -----------------------------------------------------------------


def config(config: Config) -> Iterator[PairFault]:
    """What the sections are not to be together."""
    if not (config.smsc or config.mmsc or config.iwf):
        yield (
            "smsc",
            "must hold at least one [[smsc]], or there must be an [[mmsc]] or [[iwf]]",
        )
    own = {"sms": config.smsc, "mms": config.mmsc}
    for name in [each.name for each in config.iwf if own.get(each.name.lower())]:
        yield "iwf", f"the name {name.upper()!r} is that of the IWF in this process"
    yield from mail.together(config)
    for key, fault in addressing.emergencies(config.dial_plan, config.gateway.country):
        yield f"dial_plan.{key}", fault


def user(user: UserConfig) -> Iterator[PairFault]:
    """[[sip.users]] and [[sip.credentials]]."""
    if not user.password:
        yield "password", "is missing (or password_file)"


def sip(sip: SipConfig) -> Iterator[PairFault]:
    """[sip]."""
    if sip.timing.t1 > sip.timing.t2:
        yield "timing.t1", "is longer than t2"
    if not sip.timing.t1:
        yield "timing.t1", "must not be 0"
    if sip.limits.max_body > sip.limits.max_message:
        yield "limits.max_body", "is larger than max_message"
    if sip.session_expires < sip.min_se:
        yield "session_expires", "is shorter than min_se"


def msrp(msrp: MsrpConfig) -> Iterator[PairFault]:
    """[msrp]."""
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


def msrp_relay(relay: MsrpRelayConfig) -> Iterator[PairFault]:
    """[msrp.relay]."""
    if relay.username and not relay.password:
        yield "password", "is missing (or password_file)"
    if relay.password and not relay.username:
        yield "username", "is missing beside the password"
    if relay.username and not relay.uri:
        yield "uri", "is missing beside the username"


def centre(centre: SmscConfig) -> Iterator[PairFault]:
    """[[smsc]]."""
    if centre.backoff_initial > centre.backoff_maximum:
        yield "backoff_initial", "is longer than backoff_maximum"
    if centre.throttle_initial > centre.throttle_maximum:
        yield "throttle_initial", "is longer than throttle_maximum"
    loose = [form is IdForm.LOOSE for form in (centre.response_id, centre.receipt_id)]
    if any(loose) and not all(loose):
        yield "receipt_id", 'is "loose" together with response_id, or neither is'
    for prefix in values.repeated(centre.prefixes):
        yield "prefixes", f"{prefix!r} stands there twice"


def tls(tls: SmscTlsConfig | MailTlsConfig) -> Iterator[PairFault]:
    """[smsc.tls] and [mmsc.tls]."""
    if tls.key and not tls.certificate:
        yield "key", "needs a certificate"
    elif tls.certificate:
        for fault in values.told(fault_of_identity(tls.certificate, tls.key)):
            yield "certificate", fault


def xdms(xdms: XdmsConfig) -> Iterator[PairFault]:
    """[xdms]."""
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


def pages(web: WebConfig) -> Iterator[PairFault]:
    """[web]."""
    if web.token_file and not web.token:
        yield "token_file", "is empty"


def policy(chosen: Policy) -> Iterable[PairFault]:
    """[policy]."""
    return policies.contradictions(chosen).items()
