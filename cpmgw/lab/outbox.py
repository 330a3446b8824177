"""What an SM-SC has for its ESMEs: kept until one of them takes it.

A real SM-SC does not forget a message or receipt because a connection was lost or the
ESME had no time: it comes again. So does this one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from cpmgw.lab.arrow import Tap, nobody
from cpmgw.lab.smpp_arrows import pdu_arrow
from txsmpp.pdu import AlertNotification, Pdu, Response
from txsmpp.status import CommandStatus

TEMPORARY: Final = frozenset(
    {
        CommandStatus.ESME_RSYSERR,
        CommandStatus.ESME_RMSGQFUL,
        CommandStatus.ESME_RTHROTTLED,
        CommandStatus.ESME_RX_T_APPN,
    }
)
"""The answers after which an SM-SC tries again (SMPP 3.4 5.1.3)."""


RECEIVING: Final = frozenset({"transceiver", "receiver"})


class Session(Protocol):
    """What is needed of an ESME's session."""

    system_id: str
    bind_mode: str

    def deliver(self, pdu: Pdu) -> Deferred[Response]:
        """Send deliver_sm or data_sm; fires with its answer."""

    def alert(self, pdu: AlertNotification) -> None:
        """Send alert_notification, which has no answer."""


class Patience(msgspec.Struct, frozen=True):
    """How often, and after how many seconds, a refused message is sent again."""

    attempts: int = 20
    retry: float = 5.0


class Parcel:
    """One PDU for an ESME (any, if `system_id` is None), until it is taken."""

    def __init__(self, pdu: Pdu, system_id: str | None) -> None:
        self.pdu = pdu
        self.system_id = system_id
        self.attempts = 0
        self.done: Deferred[int] = Deferred()


class Outbox:
    """The messages and receipts that are on their way to ESMEs."""

    def __init__(
        self,
        clock: IReactorTime,
        patience: Patience | None = None,
        tap: Callable[[], Tap] = lambda: nobody,
    ) -> None:
        self._clock = clock
        self._patience = patience or Patience()
        self._tap = tap
        self._sessions: list[Session] = []
        self._waiting: list[Parcel] = []
        self.under_way = 0

    @property
    def waiting(self) -> int:
        """How many PDUs no ESME has been offered, or is to be offered again."""
        return len(self._waiting)

    def bound(self, session: Session) -> None:
        """An ESME is here: what waited for it goes out."""
        self._sessions.append(session)
        self._pump()

    def lost(self, session: Session) -> None:
        """An ESME is gone."""
        if session in self._sessions:
            self._sessions.remove(session)

    def send(self, pdu: Pdu, system_id: str | None = None) -> Deferred[int]:
        """Deliver a PDU; fires, and never fails, with the command_status at the end.

        That is the ESME's answer if it is final, or its last one if attempts are over.
        """
        parcel = Parcel(pdu, system_id)
        self._waiting.append(parcel)
        self._pump()
        return parcel.done

    def alert(self, pdu: AlertNotification) -> int:
        """Tell every receiving ESME that a handset is there; nobody answers (4.12)."""
        listeners = [
            session for session in self._sessions if session.bind_mode in RECEIVING
        ]
        for session in listeners:
            self._seen(pdu, from_esme=False)
            session.alert(pdu)
        return len(listeners)

    def _seen(self, pdu: Pdu, *, from_esme: bool) -> None:
        tap = self._tap()
        if tap is not nobody:
            tap(pdu_arrow(pdu, self._clock.seconds(), from_esme=from_esme))

    def _pump(self) -> None:
        for parcel in tuple(self._waiting):
            if session := self._session(parcel.system_id):
                self._waiting.remove(parcel)
                self._offer(parcel, session)

    def _session(self, system_id: str | None) -> Session | None:
        for index, session in enumerate(self._sessions):
            if session.bind_mode in RECEIVING and system_id in {
                None,
                session.system_id,
            }:
                self._sessions.append(self._sessions.pop(index))
                return session
        return None

    def _offer(self, parcel: Parcel, session: Session) -> None:
        parcel.attempts += 1
        self.under_way += 1
        self._seen(parcel.pdu, from_esme=False)
        answered = session.deliver(parcel.pdu)
        answered.addCallbacks(
            self._answered,
            self._unanswered,
            callbackArgs=(parcel,),
            errbackArgs=(parcel,),
        )

    def _answered(self, pdu: Response, parcel: Parcel) -> None:
        self.under_way -= 1
        self._seen(pdu, from_esme=True)
        status = pdu.command_status
        self._end(parcel, status, again=status in TEMPORARY)

    def _unanswered(self, failure: Failure, parcel: Parcel) -> None:
        self.under_way -= 1
        self._end(parcel, CommandStatus.ESME_RDELIVERYFAILURE, again=True)

    def _end(self, parcel: Parcel, status: int, *, again: bool) -> None:
        if again and parcel.attempts < self._patience.attempts:
            self._clock.callLater(self._patience.retry, self._again, parcel)
        else:
            parcel.done.callback(status)

    def _again(self, parcel: Parcel) -> None:
        self._waiting.append(parcel)
        self._pump()
