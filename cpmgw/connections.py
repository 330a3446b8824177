"""From the configuration's words to those of SIP and SMPP."""

from __future__ import annotations

from cpmgw.config import Config, SmscConfig, SmscTlsConfig
from cpmgw.cpm import product
from cpmgw.sip.digest import Account
from cpmgw.sip.settings import EndpointSettings, Login
from txsmpp.options import Bind, ClientOptions, Mode, TlsOptions


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
        server=product.OWN_PRODUCT,
        user_agent=product.OWN_PRODUCT,
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
