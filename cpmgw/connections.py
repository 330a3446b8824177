"""From the configuration's words to those of SIP, MSRP, SMPP and SMTP."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cpmgw.bodies.spool import SpoolLimits
from cpmgw.config import Config, Mm4Config, MmscConfig, SmscConfig, SmscTlsConfig
from cpmgw.cpm import product
from cpmgw.msrp.settings import Listen, MsrpSettings, Relay
from cpmgw.sip.digest import Account
from cpmgw.sip.listening import parse_listen
from cpmgw.sip.settings import EndpointSettings, Login
from cpmgw.smtp.settings import ClientTls, RelaySettings, ServerSettings, TlsMode
from txsmpp.options import Bind, ClientOptions, Mode, TlsOptions

# The option tags that a user agent of this gateway knows (RFC 4028).
SUPPORTED: Final = ("timer",)


def endpoint_settings(config: Config) -> EndpointSettings:
    """How the SIP endpoint behaves ([sip])."""
    sip = config.sip
    return EndpointSettings(
        listen=sip.listen,
        host=sip.host,
        aliases=sip.aliases,
        next_hop=sip.next_hop,
        trusted=sip.trusted,
        limits=sip.limits,
        timing=sip.timing,
        connection=sip.connection,
        transactions=sip.transactions,
        pending=sip.pending,
        pending_octets=sip.pending_octets,
        ringing=sip.ringing,
        retry_after=config.policy.retry_after,
        handler_timeout=sip.handler_timeout,
        drain=sip.drain,
        addresses=sip.addresses,
        shun=sip.shun,
        datagram=sip.datagram,
        realm=sip.realm or config.gateway.domain,
        users=tuple(Account(each.username, each.password) for each in sip.users),
        logins=tuple(
            Login(each.username, each.password, each.realm) for each in sip.credentials
        ),
        supported=SUPPORTED,
        server=product.OWN_PRODUCT,
        user_agent=product.OWN_PRODUCT,
    )


def msrp_settings(config: Config) -> MsrpSettings:
    """How the MSRP node behaves ([msrp])."""
    msrp = config.msrp
    return MsrpSettings(
        listen=_msrp_listen(msrp.listen) if msrp.listen else None,
        host=msrp.host,
        relay=Relay(
            uri=msrp.relay.uri,
            username=msrp.relay.username,
            password=msrp.relay.password,
            expires=msrp.relay.expires,
            chunk=msrp.relay.chunk,
        )
        if msrp.relay.uri
        else None,
        trust_roots=msrp.trust_roots,
        spool=msrp.spool,
        sessions=msrp.sessions,
        connections=msrp.connections,
        unbound=msrp.unbound,
        unbound_per_host=msrp.unbound_per_host,
        setup_timeout=msrp.setup_timeout,
        connect_timeout=msrp.connect_timeout,
        chunk_timeout=msrp.chunk_timeout,
        closing_timeout=msrp.closing_timeout,
        unanswered=msrp.unanswered,
        waiting=msrp.waiting,
        queue=msrp.queue,
        queue_octets=msrp.queue_octets,
        buffered=msrp.buffered,
        max_chunk=msrp.max_chunk,
        limits=msrp.limits,
        reception=msrp.reception,
        sending=msrp.sending,
        storage=msrp.storage,
    )


def _msrp_listen(text: str) -> Listen:
    place = parse_listen(text)
    return Listen(
        port=place.port,
        interface=place.interface,
        backlog=place.backlog,
        secure=place.transport == "TLS",
        key=place.key,
        certificate=place.certificate,
        chain=place.chain,
    )


def smsc_binds(centre: SmscConfig) -> list[Bind]:
    """The binds to one SM-SC; "pair" is a transmitter and a receiver each."""
    modes: tuple[Mode, ...] = (
        ("transmitter", "receiver") if centre.bind == "pair" else (centre.bind,)
    )
    return [
        Bind(
            system_id=centre.system_id,
            password=centre.password,
            mode=mode,
            system_type=centre.system_type,
            interface_version=centre.interface_version,
            addr_ton=centre.addr_ton,
            addr_npi=centre.addr_npi,
            address_range=centre.address_range,
        )
        for _ in range(centre.binds)
        for mode in modes
    ]


def client_options(centre: SmscConfig) -> ClientOptions:
    """What the session with one SM-SC is held to ([[smsc]])."""
    return ClientOptions(
        window=centre.window,
        queue=centre.queue,
        queue_time=centre.queue_time,
        rate=centre.rate,
        response_timeout=centre.response_timeout,
        enquire_link=centre.enquire_link,
        throttle_initial=centre.throttle_initial,
        throttle_maximum=centre.throttle_maximum,
        throttle_limit=centre.throttle_limit,
        backoff_initial=centre.backoff_initial,
        backoff_maximum=centre.backoff_maximum,
        refused_delay=centre.refused_delay,
        max_pdu=centre.max_pdu,
        peer_window=centre.peer_window,
        answer_timeout=centre.answer_timeout,
        inactivity=centre.inactivity,
        bind_timeout=centre.bind_timeout,
        unbind_timeout=centre.unbind_timeout,
        linger=centre.unbind_timeout,
    )


def smsc_tls(tls: SmscTlsConfig) -> TlsOptions | None:
    """TLS towards one SM-SC ([smsc.tls]), None for plain TCP."""
    if not tls.enabled:
        return None
    return TlsOptions(
        authority=tls.authority,
        certificate=tls.certificate,
        key=tls.key,
        hostname=tls.hostname,
    )


def relay_settings(relay: MmscConfig, config: Config) -> RelaySettings:
    """How mail goes to one MMS relay ([[mmsc]]), under the name of this host."""
    tls = relay.tls
    return RelaySettings(
        domain=relay.domain,
        host=relay.host,
        port=relay.port,
        own_name=config.mail_host,
        username=relay.username,
        password=relay.password,
        connections=relay.connections,
        mails_per_connection=relay.mails_per_connection,
        queue=relay.queue,
        queue_octets=relay.queue_octets,
        queue_time=relay.queue_time,
        connect_timeout=relay.connect_timeout,
        command_timeout=relay.command_timeout,
        data_timeout=relay.data_timeout,
        end_timeout=relay.end_timeout,
        idle_timeout=relay.idle_timeout,
        backoff_initial=relay.backoff_initial,
        backoff_maximum=relay.backoff_maximum,
        tls=ClientTls(
            mode=TlsMode(tls.mode),
            authority=tls.authority,
            certificate=tls.certificate,
            key=tls.key,
            hostname=tls.hostname,
        ),
    )


def mail_server_settings(
    mm4: Mm4Config, config: Config, gone: Iterable[MmscConfig] = ()
) -> ServerSettings:
    """How mail comes in at one port ([mm4]), from all networks of all relays.

    Those that are `gone` from the configuration may still have something to answer.
    """
    peers = [network for relay in (*config.mmsc, *gone) for network in relay.peers]
    return ServerSettings(
        listen=mm4.listen,
        own_name=config.mail_host,
        peers=tuple(dict.fromkeys(peers)),
        max_size=mm4.max_size,
        recipients=mm4.recipients,
        connections=mm4.connections,
        connections_per_peer=mm4.connections_per_peer,
        mails_per_connection=mm4.mails_per_connection,
        errors_per_connection=mm4.errors_per_connection,
        command_timeout=mm4.command_timeout,
        data_timeout=mm4.data_timeout,
        drain=config.sip.drain,
        accepts_bare_newlines=mm4.bare_newlines == "accept",
        certificate=mm4.tls.certificate,
        key=mm4.tls.key,
        requires_tls=mm4.tls.require,
    )


def mail_storage(mm4: Mm4Config) -> SpoolLimits:
    """How much of mail there may be while it is under way ([mm4])."""
    return SpoolLimits(spill=mm4.in_memory, storage=mm4.storage)
