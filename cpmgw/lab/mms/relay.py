"""An MMS relay/server with handsets: real MM4 towards the gateway, obedient in tests.

It takes messages, brings them to handsets, reports, and sends what handsets write. How
it treats the messages to a number is said by a `MmsBehaviour`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred

from cpmgw.bodies.spool import Spool, SpoolLimits
from cpmgw.lab.arrow import Tap, nobody
from cpmgw.lab.behaviour import MmsBehaviour, MmscQuirks
from cpmgw.lab.mm4_arrows import air_arrow
from cpmgw.lab.mms.connections import Connections
from cpmgw.lab.mms.fates import Fates, Taken
from cpmgw.lab.mms.handset import MmsHandset
from cpmgw.lab.mms.post import Parcel, Post
from cpmgw.lab.mms.reception import CameMail, Reception
from cpmgw.lab.mms.sending import MmsOptions, Sender, SentMms, content
from cpmgw.lab.mms.writing import VERSION
from cpmgw.mm4.addresses import number_of, system_address
from cpmgw.mm4.entity import Entity
from cpmgw.mm4.pdu import (
    DeliveryReport,
    Forward,
    ReadReply,
    Request,
    RequestStatus,
    Result,
    Transaction,
)
from cpmgw.smtp.interfaces import Reply
from cpmgw.smtp.listener import MailPort
from cpmgw.smtp.pool import MailRelay
from cpmgw.smtp.settings import ClientTls, RelaySettings, ServerSettings, TlsMode

NOWHERE: Final = "/nonexistent/lab-mms"
"""Where large bodies would be, if the lab put any into files."""
_OBEDIENT: Final = MmsBehaviour()


class MmsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the relay listens and what its users' domain is; where the gateway is.

    Port 0 takes a free one. `max_size` octets of a mail are taken, and eight times that
    of all are kept in memory. `queue_time` is how many seconds a mail waits for the
    gateway.
    """

    host: str = "127.0.0.1"
    port: int = 2526
    domain: str = "mms.example.net"
    gateway_host: str = "127.0.0.1"
    gateway_port: int = 2525
    gateway_domain: str = "mm4.ims.example.net"
    max_size: int = 10 * 1024 * 1024
    queue_time: float = 10.0


class MmsRelay(MultiService):
    """The MMS relay/server.

    `sent` are what its handsets sent, `results` all responses that came. `tap` is
    called with each PDU, each refusal and each message on the air.
    """

    def __init__(
        self, reactor: Any, settings: MmsSettings, identity: Callable[[], str]
    ) -> None:
        super().__init__()
        self.tap: Tap = nobody
        self.behaviour = MmsBehaviour()
        self.sent: list[SentMms] = []
        self.results: list[Result] = []
        self.settings = settings
        self._clock = reactor
        self._identity = identity
        self._behaviours: dict[str, MmsBehaviour] = {}
        self._awaited: dict[str, list[Result]] = {}
        self._system = system_address(settings.domain)
        self._sender = Sender(settings.domain, settings.gateway_domain)
        spool = _spool(settings)
        self.connections = Connections(reactor)
        self.link = MailRelay(reactor, "lab", _client(settings))
        self._post = Post(reactor, self.link, spool, self._system, lambda: self.tap)
        self._fates = Fates(
            reactor,
            self._post,
            self._system,
            identity,
            self._awaited.__setitem__,
            lambda: self.tap,
        )
        self.reception = Reception(
            reactor, self.connections, self.behaviour_of, self._came, lambda: self.tap
        )
        now = reactor.seconds
        self._port = MailPort(
            self.connections, _server(settings), self.reception, spool, now
        )
        self.link.setServiceParent(self)
        self._port.setServiceParent(self)

    # -- what tests and the demo ask for -----------------------------------------------

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port.addresses[0][2]

    @property
    def mails(self) -> list[CameMail]:
        """All mails that came, whatever they were answered."""
        return self.reception.mails

    @property
    def forwards(self) -> list[Forward]:
        """The MM4_forward.REQ that came."""
        return [each.pdu for each in self.mails if isinstance(each.pdu, Forward)]

    @property
    def failed(self) -> list[tuple[Any, Reply]]:
        """What the gateway has not taken: the PDU, and the last reply."""
        return self._post.failed

    def handset(self, number: str) -> MmsHandset:
        """The handset of a number; + is of no matter."""
        return self._fates.handset(number)

    def behave(self, behaviour: MmsBehaviour, number: str | None = None) -> None:
        """Treat messages to this number so (to every other one, without a number)."""
        if number is None:
            self.behaviour = behaviour
        else:
            self._behaviours[number.lstrip("+")] = behaviour

    def behaviour_of(self, number: str) -> MmsBehaviour:
        """How messages to a number are treated; responses, which have none, are taken.

        What they are for is not known before they are here.
        """
        if not number:
            return _OBEDIENT
        return self._behaviours.get(number.lstrip("+"), self.behaviour)

    def switch_on(self, number: str) -> None:
        """Switch a handset on: what waited arrives."""
        self._fates.switch_on(number)

    def look(self, number: str) -> int:
        """The owner looks at what she has not seen yet; how many that is."""
        return self._fates.look(number)

    def send(
        self,
        number: str,
        targets: str | tuple[str, ...],
        of: Entity | str,
        options: MmsOptions | None = None,
    ) -> SentMms:
        """A handset writes to one number or several."""
        options = options or MmsOptions()
        entity = content(of, options.smil)
        pdu = self._sender.forward(
            number,
            (targets,) if isinstance(targets, str) else targets,
            options,
            identity=self._identity(),
            now=self._clock.seconds(),
        )
        sent = SentMms(pdu, entity)
        self.sent.append(sent)
        self._awaited[pdu.transaction.transaction_id] = sent.results
        if self.tap is not nobody:
            now = self._clock.seconds()
            self.tap(air_arrow(number, pdu.subject, entity, now, out=True))
        self.repeat(sent, options).addCallback(sent.settle)
        return sent

    def repeat(
        self, sent: SentMms, options: MmsOptions | None = None
    ) -> Deferred[Reply]:
        """Send the very same again, as a relay does that is not sure."""
        options = options or MmsOptions()
        return self._post.send(
            Parcel(
                pdu=sent.pdu,
                entity=sent.entity,
                sender=options.mail_from or sent.pdu.sender,
                recipients=(*sent.pdu.to, *sent.pdu.cc),
                quirks=options.quirks,
            )
        )

    # -- what comes --------------------------------------------------------------------

    def _came(self, came: CameMail) -> None:
        pdu = came.pdu
        if isinstance(pdu, Forward):
            self._forwarded(came, pdu)
        elif isinstance(pdu, Result):
            self.results.append(pdu)
            self._awaited.get(pdu.transaction.transaction_id, []).append(pdu)
        else:
            self._reported(came, pdu)

    def _forwarded(self, came: CameMail, pdu: Forward) -> None:
        """A message has come: each recipient has a fate of her own."""
        said: dict[RequestStatus, list[str]] = {}
        taken: list[Taken] = []
        behaviours = [self.behaviour_of(each) for each in came.numbers]
        addresses = [each.address for each in came.envelope.recipients]
        for number, address, each in zip(
            came.numbers, addresses, behaviours, strict=True
        ):
            if each.status in (RequestStatus.OK, None):
                message = Taken(
                    number=number,
                    address=address,
                    pdu=pdu,
                    entity=came.entity,
                    behaviour=each,
                )
                taken.append(message)
            if each.status is not None:
                said.setdefault(each.status, []).append(address)
        if pdu.acknowledge:
            for status, recipients in said.items():
                named = tuple(recipients) if len(said) > 1 else ()
                self._answer(came, pdu, status, behaviours[0], named)
        for message in taken:
            self._fates.take(message)

    def _reported(self, came: CameMail, pdu: DeliveryReport | ReadReply) -> None:
        """The gateway tells what became of something that a handset sent."""
        behaviour = self.behaviour_of(number_of(pdu.sender))
        message_id = pdu.transaction.message_id
        sent = next((s for s in self.sent if s.message_id == message_id), None)
        if sent is not None and isinstance(pdu, DeliveryReport):
            sent.reports.append(pdu)
        elif sent is not None and isinstance(pdu, ReadReply):
            sent.read_replies.append(pdu)
        status = behaviour.report_status
        if sent is None:
            status = RequestStatus.NOT_FOUND
        if pdu.acknowledge and status is not None:
            self._answer(came, pdu, status, behaviour)

    def _answer(
        self,
        came: CameMail,
        pdu: Request,
        status: RequestStatus,
        behaviour: MmsBehaviour,
        recipients: tuple[str, ...] = (),
    ) -> None:
        """Answer a request, once or more often, when it is time."""
        asked = pdu.transaction
        result = Result(
            transaction=Transaction(
                type=asked.type.response,
                transaction_id=asked.transaction_id,
                message_id=asked.message_id,
                version=VERSION,
            ),
            status=status,
            status_text=behaviour.status_text,
            recipients=recipients,
        )
        parcel = Parcel(
            pdu=result,
            sender=self._system,
            recipients=(_answered_to(came, pdu, behaviour.quirks),),
            quirks=behaviour.quirks,
        )
        for _ in range(behaviour.copies):
            self._clock.callLater(behaviour.delay, self._post.send, parcel)


def _answered_to(came: CameMail, pdu: Request, quirks: MmscQuirks) -> str:
    """Whom a response goes to: the envelope's sender, or the system that it names."""
    if quirks.to_system or not came.envelope.sender:
        return pdu.originator_system or came.envelope.sender
    return came.envelope.sender


def _spool(settings: MmsSettings) -> Spool:
    size = settings.max_size
    return Spool(NOWHERE, SpoolLimits(spill=size, memory=8 * size, files=0))


def _client(settings: MmsSettings) -> RelaySettings:
    return RelaySettings(
        host=settings.gateway_host,
        port=settings.gateway_port,
        own_name=settings.domain,
        queue_time=settings.queue_time,
        tls=ClientTls(mode=TlsMode.NONE),
    )


def _server(settings: MmsSettings) -> ServerSettings:
    return ServerSettings(
        listen=f"tcp:{settings.port}:interface={settings.host}",
        own_name=settings.domain,
        peers=("0.0.0.0/0", "::/0"),
        max_size=settings.max_size,
        drain=1.0,
    )
