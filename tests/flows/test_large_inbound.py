"""TS 6.2.2.2.3, Table 11: SMS to large message mode. [SCR Int-S-029-O]"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.cpm.cpim import CpimMessage, parse_cpim
from cpmgw.cpm.features import Feature, accept_contact, icsi, tag
from cpmgw.cpm.identity import nccsid_of
from cpmgw.iwf.sms import inbound_large
from cpmgw.lab.handset import SmsOptions
from cpmgw.lab.laboratory import LabSettings
from cpmgw.lab.outbox import Patience
from cpmgw.lab.receipt import Address
from cpmgw.msrp import inbox
from cpmgw.sdp.roles import Direction, Setup
from cpmgw.sip.message import Response
from tests.flows.house import ALICE, BOB, House
from tests.flows.large import Large
from tests.flows.messages import Talk
from txsmpp.status import CommandStatus

TEXT = "A long story. " * 100
OK = CommandStatus.ESME_ROK
TEMPORARY = CommandStatus.ESME_RX_T_APPN
PERMANENT = CommandStatus.ESME_RX_P_APPN
COMPLETED = 'SIP;cause=200;text="Call completed"'
FAILED = 'SIP;cause=480;text="Transmission Failed"'


class LargeInbound(Large):
    settings = LabSettings(patience=Patience(attempts=1))

    def write(self, text: str = TEXT, **details: Any) -> Deferred[list[int]]:
        """Bob's handset writes to Alice; the command_status of each segment."""
        statuses = self.centre.send_sms(BOB[4:], ALICE[4:], text, SmsOptions(**details))
        self.settle()
        return statuses

    def outcome(self, text: str = TEXT, **details: Any) -> int:
        """The command_status of the last segment."""
        statuses = self.write(text, **details)
        self.wait_until(lambda: statuses.called)
        self.settle()
        last: int = self.successResultOf(statuses)[-1]
        return last

    def temporary(self) -> int:
        """How many short messages were refused for now, whoever waited for that."""
        return self.gateway.traffic.received["home", TEMPORARY]

    def received(self, **details: Any) -> Talk:
        """The call that brings a text, which goes well."""
        self.assertEqual(self.outcome(**details), OK)
        return self.side.last


class Delivery(LargeInbound):
    """A text that arrives."""

    def test_delivered(self) -> None:
        """INVITE, MSRP, BYE: Alice has it, and the SM-SC is told so.

        [TS 6.2.2.2.3 step 2] [TS 6.2.2.2.3 step 3] [TS 6.2.2.2.3 step 5]
        """
        talk = self.received()
        self.assertEqual(talk.texts, [TEXT])
        self.assertEqual(talk.reasons, [COMPLETED])
        self.assertEqual(self.alice.inbox, [])

    def test_whole(self) -> None:
        """Nothing is sent before all segments are here. [TS 6.2.2.2.3 step 2]"""
        self.write(order=(1, 2, 3))
        self.assertEqual(self.side.talks, [])

    def test_offer(self) -> None:
        """sendonly, actpass, message/cpim, text/plain, and the size.

        [TS 6.2.2.2.3 step 3] [RCC.10 6.2.2.2.3 difference 1]
        """
        talk = self.received()
        stream = talk.stream
        self.assertIs(stream.direction, Direction.SENDONLY)
        self.assertIs(stream.setup, Setup.ACTPASS)
        self.assertTrue(stream.has_cema)
        self.assertEqual(stream.accept_types, ("message/cpim",))
        self.assertEqual(stream.accept_wrapped_types, ("text/plain",))
        self.assertEqual(stream.connect_to, ("127.0.0.1", 2855))
        selector = stream.file.selector
        assert selector is not None
        ((content_type, octets),) = talk.came
        self.assertEqual(content_type, "message/cpim")
        self.assertEqual(selector.size, len(octets))

    def test_table_11(self) -> None:
        """The header fields of the INVITE. [TS 6.2.2.2.3 step 3]"""
        talk = self.received()
        request = talk.first
        assert request is not None
        headers = request.headers
        self.assertEqual(str(request.uri), ALICE)
        self.assertEqual(str(request.to.uri), ALICE)
        self.assertEqual(headers.raw("P-Asserted-Identity"), [f"<{BOB}>"])
        self.assertEqual(nccsid_of(request.from_.uri), "SMS")
        self.assertIn(tag(Feature.LARGE), headers.get("Contact") or "")
        self.assertEqual(headers.get("Accept-Contact"), accept_contact(Feature.LARGE))
        self.assertEqual(headers.get("P-Asserted-Service"), icsi(Feature.LARGE))
        self.assertIn("timer", headers.all("Supported"))
        self.assertNotIn("Session-Expires", headers)
        self.assertNotIn("Message-Expires", headers)
        self.assertIn("Date", headers)
        self.assertIn("IWF-SMS-client/OMA2.1", headers.get("User-Agent") or "")

    def test_record_route(self) -> None:
        """Our Record-Route brings back what follows in the dialog."""
        talk = self.received()
        assert talk.first is not None
        (route,) = talk.first.headers.addresses("Record-Route")
        self.assertIn("iwf=SMS", str(route.uri))

    def test_cpim(self) -> None:
        """The same wrapper as in a MESSAGE, with its imdn.Message-ID."""
        message = self.cpim(self.received())
        self.assertEqual(message.content_type, "text/plain;charset=UTF-8")
        self.assertEqual(message.get("From"), f"<{BOB}>")
        self.assertEqual(message.get("To"), f"<{ALICE}>")
        self.assertTrue(message.imdn("Message-ID"))

    def test_other_alphabets(self) -> None:
        """Octets count, not characters: 700 of two octets are a large message."""
        talk = self.received(text="\u044f" * 700)
        self.assertEqual(self.cpim(talk).content.decode(), "\u044f" * 700)

    def test_roles(self) -> None:
        """We wait for a client that is active, and connect to all others (5.2.1.2)."""
        for setup in ("active", "passive", "actpass"):
            self.side.answer = self.answering(setup=setup)
            talk = self.received(text=f"{setup} {TEXT}")
            self.assertEqual(talk.texts, [f"{setup} {TEXT}"])
            self.assertEqual(talk.reasons, [COMPLETED])

    def test_without_wrapped_types(self) -> None:
        """An answer may leave the wrapped types out (conversation TS 7.2.2.2)."""
        self.side.answer = self.answering(wrapped="")
        self.assertEqual(self.received().texts, [TEXT])

    def test_refresh(self) -> None:
        """A client may offer the same again while the message is on its way."""
        self.side.taking = Deferred()
        statuses = self.write()
        talk = self.side.last
        answer = talk.reinvite(talk.description)
        self.assertEqual(answer.status, 200)
        self.side.taking.callback(200)
        self.wait_until(lambda: statuses.called)
        self.settle()
        self.assertEqual(self.successResultOf(statuses)[-1], OK)
        self.assertEqual(talk.reasons, [COMPLETED])

    def answering(self, **said: Any) -> Any:
        """An answer that says this."""

        def answer(talk: Talk) -> Response:
            return self.side.response(talk, 200, **said)

        return answer

    def cpim(self, talk: Talk) -> CpimMessage:
        """What came, unwrapped."""
        ((_, octets),) = talk.came
        return parse_cpim(octets)


class Sizes(LargeInbound):
    """What is too large for a SIP MESSAGE (conversation TS 5.1)."""

    def test_limit(self) -> None:
        """A body of 1300 octets goes as a MESSAGE, one of 1301 does not."""
        self.assertEqual(self.outcome("x" * 200), OK)
        (message,) = self.alice.inbox
        room = 1_300 - (len(message.request.body) - 200)
        self.assertEqual(self.outcome("y" * room), OK)
        self.assertEqual(len(self.alice.inbox[-1].request.body), 1_300)
        self.assertEqual(self.side.talks, [])
        self.assertEqual(self.outcome("z" * (room + 1)), OK)
        self.assertEqual(len(self.alice.inbox), 2)
        self.assertEqual(self.side.last.texts, ["z" * (room + 1)])


class WithoutMsrp(House):
    def test_all_by_message(self) -> None:
        """Without [msrp] all goes as a MESSAGE, and there are no sessions."""
        statuses = self.centre.send_sms(BOB[4:], ALICE[4:], TEXT)
        self.wait_until(lambda: statuses.called)
        self.assertEqual(self.successResultOf(statuses)[-1], OK)
        self.assertEqual(self.cpm.user(ALICE).texts, [TEXT])


class Failures(LargeInbound):
    """What does not go well, and what the SM-SC is told."""

    def test_refused(self) -> None:
        """The command_status is that of Table 10 for the answer to the INVITE."""
        for status, wanted in (
            (404, CommandStatus.ESME_RINVDSTADR),
            (403, PERMANENT),
            (488, PERMANENT),
            (603, PERMANENT),
            (480, TEMPORARY),
            (486, TEMPORARY),
            (503, TEMPORARY),
        ):
            self.side.answer = status
            self.assertEqual(self.outcome(f"{status} {TEXT}"), wanted, status)
            self.assertEqual(self.side.last.came, [])

    def test_msrp_status(self) -> None:
        """The command_status is that of the MSRP answer; the BYE says it failed."""
        for status, wanted in (
            (400, PERMANENT),
            (403, PERMANENT),
            (408, TEMPORARY),
            (413, PERMANENT),
            (415, PERMANENT),
            (481, TEMPORARY),
            (506, TEMPORARY),
        ):
            self.side.taking = status
            self.assertEqual(self.outcome(f"{status} {TEXT}"), wanted, status)
            self.assertEqual(self.side.last.reasons, [FAILED])

    def test_answer_of_no_use(self) -> None:
        """An answer without our stream: ACK, BYE, and no other try."""
        for said in (
            {"body": b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"},
            {"types": "text/plain"},
            {"direction": "inactive"},
        ):
            self.side.answer = self.answering(**said)
            self.assertEqual(self.outcome(f"{said} {TEXT}"), PERMANENT)
            (reason,) = self.side.last.reasons
            self.assertTrue(reason.startswith("SIP;cause="), reason)
            self.assertEqual(self.side.last.came, [])

    def test_multipart_answer(self) -> None:
        """The description may be one part of an answer (RFC 5621 3.1)."""

        def several(talk: Talk) -> Response:
            whole = self.side.response(talk, 200)
            body = (
                b"--b\r\nContent-Type: application/sdp\r\n\r\n"
                + whole.body
                + b"\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n--b--\r\n"
            )
            return _multipart(whole, body)

        self.side.answer = several
        self.assertEqual(self.outcome(), OK)
        self.assertEqual(self.side.last.texts, [TEXT])

    def test_broken_multipart_answer(self) -> None:
        """One that cannot be taken apart: ACK, BYE, and no other try."""
        self.side.answer = lambda talk: _multipart(
            self.side.response(talk, 200), b"no boundary at all"
        )
        self.assertEqual(self.outcome(), PERMANENT)
        (reason,) = self.side.last.reasons
        self.assertTrue(reason.startswith("SIP;cause=488;"), reason)

    def test_no_invite(self) -> None:
        """An INVITE that cannot be made leaves no session behind."""

        def broken(*_: object, **__: object) -> None:
            raise RuntimeError("a fault")

        self.patch(inbound_large, "large_request", broken)
        self.write()
        self.settle()
        self.assertEqual(self.side.talks, [])
        self.assertEqual(len(self.gateway.msrp), 0)  # type: ignore[arg-type]
        self.assertTrue(self.flushLoggedErrors(RuntimeError))

    def test_hold_in_the_middle(self) -> None:
        """488 for who wants to hold a message half-way; it goes on (RFC 3264 8.4)."""
        self.side.taking = Deferred()
        statuses = self.write()
        talk = self.side.last
        held = talk.description.replace(b"a=recvonly", b"a=inactive")
        self.assertNotEqual(held, talk.description)
        self.assertEqual(talk.reinvite(held).status, 488)
        self.side.taking.callback(200)
        self.wait_until(lambda: statuses.called)
        self.settle()
        self.assertEqual(self.successResultOf(statuses)[-1], OK)

    def test_smaller_maximum(self) -> None:
        """A client that takes less by MSRP is not sent more: no other try."""
        self.side.answer = self.answering(more=("max-size:1000",))
        self.assertEqual(self.outcome(), PERMANENT)
        self.assertEqual(self.side.last.reasons, [FAILED])

    def test_nobody_connects(self) -> None:
        """A client that says active and does not connect: another try later."""
        self.side.answer = self.answering(setup="active")
        self.patch(Talk, "connect", lambda talk, active: None)
        self.write()
        self.pass_time(31.0)
        self.assertEqual(self.temporary(), 1)
        self.assertEqual(self.side.last.reasons, [FAILED])
        self.side.last.session.close()

    def test_nobody_listens(self) -> None:
        """A client that is not where it says: another try later."""
        self.side.answer = self.answering(setup="passive", more=())
        self.network.partition("127.0.0.1", 2900)
        self.write()
        self.pass_time(31.0)
        self.assertEqual(self.temporary(), 1)
        self.network.heal("127.0.0.1", 2900)
        self.side.last.session.close()

    def test_no_answer_to_the_cancel(self) -> None:
        """One that is deaf to the CANCEL holds up no SM-SC, and leaves nothing."""
        ringing: Deferred[Response] = Deferred()
        self.side.answer = lambda talk: ringing
        self.patch(self.side.endpoint, "cancel", lambda *_: None)
        self.network.partition("127.0.0.1", 5070)
        self.write()
        self.pass_time(51.0)
        self.assertEqual(self.temporary(), 1)
        self.network.heal("127.0.0.1", 5070)
        for talk in self.side.talks:
            talk.session.close()
        self.pass_time(60.0)

    def test_no_answer_to_the_invite(self) -> None:
        """A client that rings and rings: CANCEL before the SM-SC waits no longer."""
        ringing: Deferred[Response] = Deferred()
        self.side.answer = lambda talk: ringing
        self.write()
        self.pass_time(49.0)
        self.assertEqual(self.temporary(), 0)
        self.pass_time(3.0)
        self.assertEqual(self.temporary(), 1)
        self.side.last.session.close()

    def test_slow_all_the_way(self) -> None:
        """What takes too long in all is given up, wherever it has come to: BYE."""
        ringing: Deferred[Response] = Deferred()
        self.side.answer = lambda talk: ringing
        self.side.taking = Deferred()
        self.write()
        self.pass_time(30.0)
        ringing.callback(self.side.response(self.side.last, 200))
        self.pass_time(19.0)
        self.assertEqual((self.temporary(), self.side.last.byes), (0, []))
        self.pass_time(3.0)
        self.assertEqual(self.temporary(), 1)
        self.assertEqual(self.side.last.reasons, [FAILED])
        self.side.taking.callback(200)

    def test_no_answer_to_the_message(self) -> None:
        """A message that is never answered: another try later."""
        self.side.taking = Deferred()
        self.write()
        self.pass_time(35.0)
        self.assertEqual(self.temporary(), 1)
        self.assertEqual(self.side.last.reasons, [FAILED])
        self.side.taking.callback(200)

    def test_early_bye(self) -> None:
        """A client that hangs up before it has the message: another try later."""
        self.side.taking = Deferred()
        statuses = self.write()
        self.assertEqual(self.side.last.bye().status, 200)
        self.wait_until(lambda: statuses.called)
        self.settle()
        self.assertEqual(self.successResultOf(statuses)[-1], TEMPORARY)
        self.assertEqual(self.side.last.byes, [])
        self.side.taking.callback(200)

    def test_no_e164_sender(self) -> None:
        """A sender without a number: 0x65. [TS 6.2.2.2.3 step 1]"""
        nobody = Address(ton=0, npi=0, addr="")
        self.assertEqual(self.outcome(source=nobody), PERMANENT)
        self.assertEqual(self.side.talks, [])

    def test_peer_that_sends(self) -> None:
        """Nothing is taken from a client in such a session."""
        self.side.taking = Deferred()
        statuses = self.write()
        talk = self.side.last
        sent = talk.say("And I?")
        self.settle()
        self.assertEqual(self.successResultOf(sent), 403)
        self.side.taking.callback(200)
        self.wait_until(lambda: statuses.called)
        self.settle()

    def answering(self, **said: Any) -> Any:
        """An answer that says this."""

        def answer(talk: Talk) -> Response:
            return self.side.response(talk, 200, **said)

        return answer


class Impatient(LargeInbound):
    smsc = "answer_timeout = 30.0"

    def test_as_long_as_the_centre_waits(self) -> None:
        """All of it is over ten seconds before the SM-SC waits no longer."""
        ringing: Deferred[Response] = Deferred()
        self.side.answer = lambda talk: ringing
        self.write()
        self.pass_time(19.0)
        self.assertEqual(self.temporary(), 0)
        self.pass_time(2.0)
        self.assertEqual(self.temporary(), 1)
        self.side.last.session.close()


class Stopping(LargeInbound):
    settings = LabSettings(patience=Patience(attempts=3, retry=5.0))
    leaves = True

    def test_in_the_middle(self) -> None:
        """A message that was being sent when the gateway stopped comes again, once."""
        self.side.taking = Deferred()
        statuses = self.write()
        first = self.side.last
        self._stop(self.gateway)
        self.side.taking = 200
        first.session.close()
        self.gateway = self.start_gateway()
        self.pass_time(30.0)
        self.wait_until(lambda: statuses.called)
        self.assertEqual(self.successResultOf(statuses)[-1], OK)
        self.assertEqual(self.side.last.texts, [TEXT])
        again = self.side.last.first
        assert first.first is not None and again is not None
        for name in ("Conversation-ID", "Contribution-ID"):
            self.assertEqual(first.first.headers.get(name), again.headers.get(name))


class Unprotected(LargeInbound):
    policy = 'media_protection = "require"'

    def test_nothing_in_clear(self) -> None:
        """Where policy requires TLS nothing is offered without. [TS 6.6]"""
        self.assertEqual(self.outcome(), PERMANENT)
        self.assertEqual(self.side.talks, [])


class OnlyErrors(LargeInbound):
    policy = 'large.failure_report = "partial"'

    def test_refused(self) -> None:
        """A refusal that comes after all has left counts (RFC 4975 7.1.2)."""
        self.side.taking = 413
        self.assertEqual(self.outcome(), PERMANENT)
        self.assertEqual(self.side.last.reasons, [FAILED])

    def test_nothing_said(self) -> None:
        """Without one within ten seconds it has gone well."""
        statuses = self.write()
        self.assertEqual(self.side.last.byes, [])
        self.pass_time(11.0)
        self.assertEqual(self.successResultOf(statuses)[-1], OK)
        self.assertEqual(self.side.last.reasons, [COMPLETED])

    def test_lost(self) -> None:
        """A connection that is lost within them leaves it open: another try."""
        self.side.taking = Deferred()
        self.write()
        self.side.last.session.close()
        self.network.cut("127.0.0.1", 2855)
        self.pass_time(3.0)
        self.assertEqual(self.temporary(), 1)
        self.side.taking.callback(200)


class SecondTry(LargeInbound):
    settings = LabSettings(patience=Patience(attempts=2, retry=5.0))

    def test_again(self) -> None:
        """What failed for now comes again, with the same identifiers."""
        self.side.answer = 480
        statuses = self.write()
        self.side.answer = 200
        self.pass_time(6.0)
        self.assertEqual(self.successResultOf(statuses)[-1], OK)
        first, second = [talk.first for talk in self.side.talks]
        assert first is not None and second is not None
        for name in ("Conversation-ID", "Contribution-ID"):
            self.assertEqual(first.headers.get(name), second.headers.get(name))
        self.assertNotEqual(first.call_id, second.call_id)
        self.assertEqual(self.side.last.texts, [TEXT])


class Rooms(LargeInbound):
    msrp = "sessions = 1"

    def test_no_room(self) -> None:
        """Where there are as many MSRP sessions as may be: another try later."""
        talk = self.side.large()
        talk.acknowledge()
        self.assertEqual(self.outcome(), TEMPORARY)
        talk.bye()
        self.assertEqual(self.outcome(), OK)


class Expiring(LargeInbound):
    policy = "large.message_expires = 3600"

    def test_message_expires(self) -> None:
        """Message-Expires where policy has a time (Table 11)."""
        request = self.received().first
        assert request is not None
        self.assertEqual(request.headers.raw("Message-Expires"), ["3600"])


class Reports(LargeInbound):
    policy = "large.success_report = true"

    def test_reported(self) -> None:
        """The success report that policy asks for is waited for before the BYE."""
        talk = self.received()
        self.assertEqual(talk.texts, [TEXT])
        self.assertEqual(talk.reasons, [COMPLETED])

    def test_not_reported(self) -> None:
        """Where none comes, the answer has said enough."""
        self.patch(inbox, "write_report", lambda *args: b"")
        statuses = self.write()
        self.assertEqual(self.side.last.byes, [])
        self.pass_time(11.0)
        self.assertEqual(self.successResultOf(statuses)[-1], OK)
        self.assertEqual(self.side.last.reasons, [COMPLETED])


class Failing(LargeInbound):
    policy = 'large.failure_report = "no"'

    def test_nothing_answered(self) -> None:
        """Where policy wants no answers, what has left has gone well."""
        self.side.taking = 413
        talk = self.received()
        self.assertEqual(talk.reasons, [COMPLETED])


def _multipart(response: Response, body: bytes) -> Response:
    """The same answer with this for its body."""
    headers = response.headers.with_replaced(
        "Content-Type", 'multipart/mixed;boundary="b"'
    )
    return response.replace(headers=headers, body=body)
