"""An SM-SC with handsets: real SMPP towards its ESMEs, and obedient towards tests.

It takes messages, brings them to handsets, reports, and sends what handsets write. How
it treats the messages to a number is said by an `SmsBehaviour`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from zope.interface import implementer

from cpmgw.lab.arrow import Tap, nobody
from cpmgw.lab.behaviour import SmsBehaviour
from cpmgw.lab.carriage import Carriage
from cpmgw.lab.handset import Handset, ShortMessage, SmsOptions, address_of, compose
from cpmgw.lab.outbox import Outbox, Patience
from cpmgw.lab.receipt import (
    FINAL_STATES,
    Address,
    StoredMessage,
)
from cpmgw.lab.smpp_arrows import pdu_arrow
from txsmpp.constants import MessageState
from txsmpp.interfaces import ISmscHandler
from txsmpp.pdu import (
    AlertNotification,
    BindRequest,
    CancelSm,
    DataSm,
    Pdu,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    Response,
    SmeAddress,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    UnsuccessSme,
    answer,
)
from txsmpp.server import SmscSession
from txsmpp.status import CommandStatus

Procedure = Callable[[Any, Any], Awaitable[Response]]


class Subscription(msgspec.Struct, frozen=True):
    """An ESME that may bind."""

    system_id: str = "cpmgw"
    password: str = "secret"


@implementer(ISmscHandler)
class SmsCentre:
    """The SM-SC behind a `txsmpp.server.SmscFactory`.

    `binds` are the bind requests it saw, `submitted` the messages it accepted; `tap` is
    called with each PDU and each short message on the air.
    """

    def __init__(
        self,
        clock: IReactorTime,
        subscriptions: tuple[Subscription, ...] = (Subscription(),),
        patience: Patience | None = None,
    ) -> None:
        self.tap: Tap = nobody
        self.behaviour = SmsBehaviour()
        self.binds: list[BindRequest] = []
        self.submitted: list[Pdu] = []
        self.sessions: list[SmscSession] = []
        self.outbox = Outbox(clock, patience, lambda: self.tap)
        self._carriage = Carriage(clock, self.outbox, lambda: self.tap)
        self._clock = clock
        self._passwords = {each.system_id: each.password for each in subscriptions}
        self._behaviours: dict[str, SmsBehaviour] = {}
        self._throttled: dict[str, int] = {}
        self._reference = 0
        self._procedures: Mapping[
            type[Pdu], Callable[[Any, Any], Awaitable[Response]]
        ] = {
            SubmitSm: self._submit,
            DataSm: self._submit,
            SubmitMulti: self._submit_multi,
            QuerySm: self._query,
            CancelSm: self._cancel,
            ReplaceSm: self._replace,
        }

    # -- what tests and the demo ask for

    @property
    def messages(self) -> dict[int, StoredMessage]:
        """Every message that was taken, in order; what has become of it."""
        return self._carriage.messages

    def handset(self, number: str) -> Handset:
        """The handset of a number; + is of no matter."""
        return self._carriage.handset(number)

    def behave(self, behaviour: SmsBehaviour, number: str | None = None) -> None:
        """Treat messages to this number so (to every other one, without a number)."""
        if number is None:
            self.behaviour = behaviour
        else:
            self._behaviours[number.lstrip("+")] = behaviour
        self._throttled.pop((number or "").lstrip("+"), None)

    def switch_on(self, number: str, *, alert: bool = False) -> None:
        """Switch a handset on: what waited arrives; `alert` tells the ESMEs first."""
        handset = self.handset(number)
        handset.on = True
        if alert:
            address = address_of(handset.number)
            self.outbox.alert(AlertNotification(address.ton, address.npi, address.addr))
        self._carriage.wake(number)

    def send_sms(
        self, source: str, target: str, text: str, options: SmsOptions | None = None
    ) -> Deferred[list[int]]:
        """A handset writes; fires with the last command_status of each segment."""
        self._reference = self._reference % 255 + 1
        pdus = compose(source, target, text, self._reference, options or SmsOptions())
        self._carriage.air(source, text, len(pdus), out=True)
        return gatherResults([self.outbox.send(pdu) for pdu in pdus])

    # -- ISmscHandler

    async def authenticate(self, bind: BindRequest) -> int:
        """Accept the subscribers, with their password (SMPP 3.4 4.1)."""
        self.binds.append(bind)
        if bind.system_id not in self._passwords:
            return CommandStatus.ESME_RINVSYSID
        if self._passwords[bind.system_id] != bind.password:
            return CommandStatus.ESME_RINVPASWD
        return CommandStatus.ESME_ROK

    def bound(self, session: SmscSession) -> None:
        """An ESME is bound."""
        self.sessions.append(session)
        self.outbox.bound(session)

    def lost(self, session: SmscSession, reason: object = None) -> None:
        """An ESME is gone."""
        if session in self.sessions:
            self.sessions.remove(session)
        self.outbox.lost(session)

    async def request(self, session: SmscSession, pdu: Pdu) -> Response:
        """Answer a request of an ESME."""
        self._seen(pdu, from_esme=True)
        procedure = self._procedures.get(type(pdu))
        if procedure is None:
            response: Response = answer(pdu, CommandStatus.ESME_RINVCMDID)
        else:
            response = await procedure(session, pdu)
        self._seen(response, from_esme=False)
        return response

    def _seen(self, pdu: Pdu, *, from_esme: bool) -> None:
        if self.tap is not nobody:
            self.tap(pdu_arrow(pdu, self._clock.seconds(), from_esme=from_esme))

    # -- the procedures

    async def _submit(self, session: SmscSession, pdu: SubmitSm | DataSm) -> Response:
        """submit_sm and data_sm (4.4, 4.7)."""
        target = Address(pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr)
        behaviour = self._behaviour(target)
        status = await self._treat(session, behaviour, target)
        if status:
            return answer(pdu, status)
        self.submitted.append(pdu)
        message = self._carriage.take(session.system_id, pdu, target, behaviour)
        return answer(pdu, message_id=message.message_id)

    async def _submit_multi(self, session: SmscSession, pdu: SubmitMulti) -> Response:
        """submit_multi: each destination has a fate of its own (4.5)."""
        refused: list[UnsuccessSme] = []
        number = self._carriage.new_number()
        self.submitted.append(pdu)
        for each in pdu.dest_address:
            if not isinstance(each, SmeAddress):
                return answer(pdu, CommandStatus.ESME_RINVDLNAME)
            target = Address(
                each.dest_addr_ton, each.dest_addr_npi, each.destination_addr
            )
            behaviour = self._behaviour(target)
            if status := await self._treat(session, behaviour, target):
                refused.append(
                    UnsuccessSme(target.ton, target.npi, target.addr, status)
                )
            else:
                self._carriage.take(session.system_id, pdu, target, behaviour, number)
        return SubmitMultiResp(
            self.behaviour.response_id.write(number),
            tuple(refused),
            sequence_number=pdu.sequence_number,
        )

    async def _query(self, session: SmscSession, pdu: QuerySm) -> Response:
        """query_sm (4.8)."""
        message = self._carriage.named(session.system_id, pdu.message_id)
        if message is None:
            return answer(pdu, CommandStatus.ESME_RINVMSGID)
        return QuerySmResp(
            pdu.message_id,
            message_state=message.state,
            error_code=min(message.behaviour.error, 255),
            sequence_number=pdu.sequence_number,
        )

    async def _cancel(self, session: SmscSession, pdu: CancelSm) -> Response:
        """cancel_sm: only what is still on the way (4.9)."""
        message = self._carriage.named(session.system_id, pdu.message_id)
        if message is None:
            return answer(pdu, CommandStatus.ESME_RINVMSGID)
        if message.state in FINAL_STATES:
            return answer(pdu, CommandStatus.ESME_RCANCELFAIL)
        self._carriage.finish(message, MessageState.DELETED)
        return answer(pdu)

    async def _replace(self, session: SmscSession, pdu: ReplaceSm) -> Response:
        """replace_sm: only what is still on the way (4.10)."""
        message = self._carriage.named(session.system_id, pdu.message_id)
        if message is None:
            return answer(pdu, CommandStatus.ESME_RINVMSGID)
        if not self._carriage.replace(message, pdu.short_message):
            return answer(pdu, CommandStatus.ESME_RREPLACEFAIL)
        return answer(pdu)

    async def _treat(
        self, session: SmscSession, behaviour: SmsBehaviour, target: Address
    ) -> int:
        """Do what the number's behaviour says before the answer; gives its status."""
        if behaviour.delay:
            await deferLater(self._clock, behaviour.delay)
        key = target.addr.lstrip("+")
        key = key if key in self._behaviours else ""
        if self._throttled.get(key, 0) < behaviour.throttled:
            self._throttled[key] = self._throttled.get(key, 0) + 1
            return behaviour.throttle_status
        if behaviour.drop:
            transport: Any = session.transport
            transport.abortConnection()
        if behaviour.drop or behaviour.silent:
            await Deferred[None]()
        return behaviour.status

    def _behaviour(self, target: Address) -> SmsBehaviour:
        return self._behaviours.get(target.addr.lstrip("+"), self.behaviour)


__all__ = ["Handset", "ShortMessage", "SmsCentre", "Subscription"]
