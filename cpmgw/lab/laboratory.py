"""All peers of a gateway in one service: what the demo, flow tests and bench start."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred

from cpmgw.bodies.spool import SpoolLimits
from cpmgw.lab.arrow import Tap
from cpmgw.lab.cpm_side import CpmSide, Identities, random_identity
from cpmgw.lab.mms.relay import MmsRelay, MmsSettings
from cpmgw.lab.outbox import Patience
from cpmgw.lab.sms_centre import SmsCentre, Subscription
from cpmgw.msrp.node import MsrpNode
from cpmgw.msrp.reception import ReceptionLimits
from cpmgw.msrp.settings import Listen, MsrpSettings
from cpmgw.sip.endpoint import Endpoint, EndpointSettings
from txsmpp.options import ServerOptions
from txsmpp.server import SmscFactory

FOREVER: Final = 86_400.0
"""How long a peer that is told to be silent is waited for."""
NOWHERE: Final = "/nonexistent/lab-msrp"
"""Where large bodies would be, if the lab put any into files."""


class LabSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the peers listen, and where the gateway is; port 0 takes a free one.

    `mms_domain` is that of MMS users, `gateway_mm4_domain` that of CPM users in MM4.
    What comes by MSRP is kept in memory, `msrp_size` octets of one message and eight
    times that of all at the most.
    """

    host: str = "127.0.0.1"
    sip_port: int = 5070
    smpp_port: int = 2775
    msrp_port: int = 0
    mm4_port: int = 2526
    gateway: str = "sip:127.0.0.1:5060"
    gateway_mm4: str = "127.0.0.1:2525"
    subscriptions: tuple[Subscription, ...] = (Subscription(),)
    patience: Patience = Patience()
    window: int = 100
    smpp_rate: float = 0.0
    msrp_size: int = 10 * 1024 * 1024
    mms_domain: str = "mms.example.net"
    gateway_mm4_domain: str = "mm4.ims.example.net"


class Laboratory(MultiService):
    """An SM-SC and an MMS relay with handsets, and a CPM side; listening once started.

    `centre`, `relay` and `cpm` are the peers, `endpoint` and `node` the CPM side's ends
    of SIP and MSRP.
    """

    def __init__(
        self,
        reactor: Any,
        settings: LabSettings | None = None,
        identities: Identities = random_identity,
    ) -> None:
        super().__init__()
        self.settings = settings or LabSettings()
        self._reactor = reactor
        self._port: Any = None
        self._factory: SmscFactory | None = None
        self.endpoint = Endpoint(reactor, _sip(self.settings))
        self.endpoint.setServiceParent(self)
        self.node = MsrpNode(reactor, _msrp(self.settings))
        self.node.setServiceParent(self)
        self.cpm = CpmSide(self.endpoint, reactor, identities, self.node)
        self.centre = SmsCentre(
            reactor, self.settings.subscriptions, self.settings.patience
        )
        self.relay = MmsRelay(reactor, _mms(self.settings), identities)
        self.relay.setServiceParent(self)

    def watch(self, tap: Tap) -> None:
        """Have each step that a peer sees told to `tap`."""
        self.cpm.tap = tap
        self.centre.tap = tap
        self.relay.tap = tap

    @property
    def smpp_port(self) -> int:
        """The port that the SM-SC listens on."""
        number: int = self._port.getHost().port
        return number

    def startService(self) -> None:
        """Listen for the gateway."""
        settings = self.settings
        self._factory = SmscFactory(self._reactor, _smpp(settings), self.centre)
        self._port = self._reactor.listenTCP(
            settings.smpp_port, self._factory, interface=settings.host
        )
        super().startService()

    def stopService(self) -> Deferred[Any]:
        """Hang up, unbind the ESMEs, and close everything."""
        return self.cpm.stop().addCallback(lambda _: self._close())

    def _close(self) -> Deferred[Any]:
        stopping: list[Deferred[Any]] = [maybeDeferred(super().stopService)]
        if self._port is not None and self._factory is not None:
            stopping.append(maybeDeferred(self._port.stopListening))
            stopping.append(self._factory.unbind_all())
        return gatherResults(stopping, consumeErrors=True)


def _sip(settings: LabSettings) -> EndpointSettings:
    where = f"{settings.sip_port}:interface={settings.host}"
    return EndpointSettings(
        listen=(f"udp:{where}", f"tcp:{where}"),
        next_hop=f"{settings.gateway};lr",
        trusted=("0.0.0.0/0", "::/0"),
        handler_timeout=FOREVER,
        supported=("timer",),
        accept=("message/cpim", "text/plain", "application/sdp"),
        drain=1.0,
    )


def _msrp(settings: LabSettings) -> MsrpSettings:
    return MsrpSettings(
        listen=Listen(port=settings.msrp_port, interface=settings.host),
        reception=ReceptionLimits(max_size=settings.msrp_size),
        storage=SpoolLimits(
            spill=settings.msrp_size, memory=8 * settings.msrp_size, files=0
        ),
        spool=NOWHERE,
    )


def _mms(settings: LabSettings) -> MmsSettings:
    host, _, port = settings.gateway_mm4.rpartition(":")
    return MmsSettings(
        host=settings.host,
        port=settings.mm4_port,
        domain=settings.mms_domain,
        gateway_host=host,
        gateway_port=int(port),
        gateway_domain=settings.gateway_mm4_domain,
    )


def _smpp(settings: LabSettings) -> ServerOptions:
    return ServerOptions(
        system_id="lab",
        window=settings.window,
        answer_timeout=FOREVER,
        rate=settings.smpp_rate,
        linger=1.0,
    )
