"""The lab's SM-SC, spoken to by a real ESME over the network in memory."""

from __future__ import annotations

from typing import Any

from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from cpmgw.lab.arrow import Arrow, Lifeline
from cpmgw.lab.behaviour import IdForm, SmsBehaviour
from cpmgw.lab.handset import SmsOptions
from cpmgw.lab.laboratory import Laboratory, LabSettings
from cpmgw.lab.outbox import Patience
from cpmgw.lab.receipt import Address
from tests.support.network import MemoryNetwork
from txsmpp.client import Bind, ClientOptions, EsmeClient
from txsmpp.constants import EsmClass, MessageState
from txsmpp.errors import ConnectionLost
from txsmpp.interfaces import IEsmeHandler
from txsmpp.pdu import (
    AlertNotification,
    CancelSm,
    DataSm,
    Pdu,
    QuerySm,
    ReplaceSm,
    SmeAddress,
    SubmitMulti,
    SubmitSm,
)
from txsmpp.status import CommandStatus
from txsmpp.text.encoding import prepare
from txsmpp.text.policy import Segmentation, TextPolicy
from txsmpp.text.receipt import parse_receipt
from txsmpp.text.received import read
from txsmpp.tlv import Tag, Tlv

ALICE = "15145550001"
BOB = "15145550002"
LONG = "Über den Wolken 😀 " * 20


@implementer(IEsmeHandler)
class EsmeHandler:
    """Takes what comes, and answers as it is told."""

    def __init__(self) -> None:
        self.came: list[Any] = []
        self.alerts: list[AlertNotification] = []
        self.status: list[int] = []

    async def message(self, pdu: Any, session: Any) -> int:
        self.came.append(pdu)
        return self.status.pop(0) if self.status else 0

    def alert(self, pdu: AlertNotification, session: Any) -> None:
        self.alerts.append(pdu)

    def bound(self, session: Any) -> None: ...

    def lost(self, session: Any, reason: Any) -> None: ...

    @property
    def receipts(self) -> list[tuple[str, MessageState | None]]:
        found = [parse_receipt(pdu) for pdu in self.came]
        return [(r.message_id, r.state) for r in found if r is not None]


class CentreTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.lab = Laboratory(
            self.network, LabSettings(patience=Patience(attempts=3, retry=5.0))
        )
        self.lab.startService()
        self.centre = self.lab.centre
        self.handler = EsmeHandler()
        self.esme = self.client()
        self.esme.startService()
        self.network.settle()

    def client(self, password: str = "secret", system_id: str = "cpmgw") -> EsmeClient:
        endpoint = TCP4ClientEndpoint(self.network, "127.0.0.1", 2775)
        bind = Bind(system_id=system_id, password=password)
        return EsmeClient(
            self.network, "lab", endpoint, [bind], ClientOptions(), self.handler
        )

    def submit(self, pdu: Pdu | None = None, **fields: Any) -> Any:
        """Submit, and give the response if it is there at once."""
        answered = self.esme.submit(pdu or message(**fields))
        self.network.settle()
        return self.successResultOf(answered)


def message(text: str = "hello", **fields: Any) -> SubmitSm:
    """A submit_sm from Alice to Bob that wants a receipt."""
    values: dict[str, Any] = {
        "source_addr_ton": 1,
        "source_addr_npi": 1,
        "source_addr": ALICE,
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "destination_addr": BOB,
        "registered_delivery": 1,
        "short_message": text.encode(),
        **fields,
    }
    return SubmitSm(**values)


class BindTests(CentreTestCase):
    def test_bound(self) -> None:
        """A subscriber with its password is bound (4.1)."""
        self.assertTrue(self.esme.bound)
        self.assertEqual([s.system_id for s in self.centre.sessions], ["cpmgw"])

    def test_strangers(self) -> None:
        """A wrong password and an unknown system_id are refused (4.1)."""
        for password, system_id in (("wrong", "cpmgw"), ("secret", "stranger")):
            stranger = self.client(password, system_id)
            stranger.startService()
            self.network.settle()
            self.assertFalse(stranger.bound)
            stranger.stopService()
        self.assertEqual(len(self.centre.binds), 3)
        self.assertEqual(len(self.centre.sessions), 1)

    def test_stop(self) -> None:
        """The lab unbinds its ESMEs when it stops, and listens no more."""
        stopped = self.lab.stopService()
        self.network.advance(5)
        self.successResultOf(stopped)
        self.assertFalse(self.esme.bound)
        self.assertEqual(self.centre.sessions, [])


class SubmitTests(CentreTestCase):
    def test_message_reaches_its_handset(self) -> None:
        """submit_sm is accepted with an id, and its text is shown (4.4)."""
        response = self.submit()
        self.assertEqual(response.message_id, "1000001")
        (shown,) = self.centre.handset(BOB).inbox
        self.assertEqual((shown.text, shown.sender), ("hello", ALICE))

    def test_receipt(self) -> None:
        """A receipt follows when one was asked for, and only then (5.2.17)."""
        response = self.submit()
        self.submit(registered_delivery=0)
        self.assertEqual(
            self.handler.receipts, [(response.message_id, MessageState.DELIVERED)]
        )

    def test_receipt_follows_its_response(self) -> None:
        """The response is on its way before the receipt; receipt_first turns that."""
        order: list[str] = []
        self.centre.tap = lambda arrow: order.append(arrow.name)
        self.submit()
        self.assertLess(order.index("submit_sm_resp"), order.index("deliver_sm"))
        order.clear()
        self.centre.behave(SmsBehaviour(receipt_first=True))
        self.submit()
        self.assertLess(order.index("deliver_sm"), order.index("submit_sm_resp"))

    def test_segments_become_one_text(self) -> None:
        """A handset shows a concatenated message once, whole, in any order."""
        for segmentation in Segmentation:
            policy = TextPolicy(segmentation=segmentation)
            segments = prepare(LONG, policy, 7)
            for segment in reversed(segments):
                self.submit(
                    data_coding=segment.data_coding,
                    esm_class=EsmClass.UDHI if segment.udhi else 0,
                    short_message=segment.short_message(),
                    tlvs=segment.tlvs(),
                )
        texts = self.centre.handset(BOB).texts
        self.assertEqual(texts, [LONG] * len(Segmentation))

    def test_data_sm(self) -> None:
        """data_sm is as good as submit_sm (4.7)."""
        payload = Tlv(Tag.MESSAGE_PAYLOAD, b"by data-sm")
        response = self.submit(
            DataSm(
                source_addr=ALICE,
                destination_addr=BOB,
                registered_delivery=1,
                tlvs=(payload,),
            )
        )
        self.assertEqual(response.message_id, "1000001")
        self.assertEqual(self.centre.handset(BOB).texts, ["by data-sm"])
        self.assertEqual(len(self.handler.receipts), 1)

    def test_submit_multi(self) -> None:
        """Each destination of submit_multi has a fate of its own (4.5)."""
        other = "15145550003"
        self.centre.behave(SmsBehaviour(status=CommandStatus.ESME_RINVDSTADR), other)
        response = self.submit(
            SubmitMulti(
                source_addr=ALICE,
                dest_address=(SmeAddress(1, 1, BOB), SmeAddress(1, 1, other)),
                registered_delivery=1,
                short_message=b"all",
            )
        )
        (refused,) = response.unsuccess_sme
        self.assertEqual(
            (refused.destination_addr, refused.error_status_code), (other, 0x0B)
        )
        self.assertEqual(self.centre.handset(BOB).texts, ["all"])
        self.assertEqual([id for id, _ in self.handler.receipts], [response.message_id])

    def test_binary(self) -> None:
        """What is no text is shown as none."""
        self.submit(data_coding=4, short_message=b"\x00\x01")
        self.assertEqual(self.centre.handset(BOB).texts, [None])


class BehaviourTests(CentreTestCase):
    def test_refused(self) -> None:
        """Any command_status can be the answer, for one number or for all."""
        self.centre.behave(SmsBehaviour(status=CommandStatus.ESME_RINVDSTADR), BOB)
        self.assertEqual(self.submit().command_status, 0x0B)
        self.assertEqual(self.submit(destination_addr=ALICE).command_status, 0)
        self.assertEqual(self.centre.handset(BOB).inbox, [])

    def test_throttled(self) -> None:
        """So many are throttled, then accepted; the ESME gets them through in order."""
        self.centre.behave(SmsBehaviour(throttled=3))
        answered = [self.esme.submit(message(text)) for text in ("one", "two", "three")]
        self.network.advance(30)
        self.assertEqual(
            [self.successResultOf(a).command_status for a in answered], [0] * 3
        )
        self.assertEqual(self.centre.handset(BOB).texts, ["one", "two", "three"])

    def test_late_answer(self) -> None:
        """An answer can be late."""
        self.centre.behave(SmsBehaviour(delay=3.0))
        answered = self.esme.submit(message())
        self.network.advance(2.9)
        self.assertNoResult(answered)
        self.network.advance(0.2)
        self.successResultOf(answered)

    def test_no_answer(self) -> None:
        """An answer can be missing; the message is taken by nobody."""
        self.centre.behave(SmsBehaviour(silent=True))
        answered = self.esme.submit(message())
        self.network.advance(25)
        self.assertNoResult(answered)
        self.assertEqual(self.centre.messages, {})
        self.network.advance(20)
        self.failureResultOf(answered)

    def test_dropped_connection(self) -> None:
        """The connection can be dropped in place of an answer; the ESME comes back."""
        self.centre.behave(SmsBehaviour(drop=True))
        answered = self.esme.submit(message())
        self.network.settle()
        self.failureResultOf(answered, ConnectionLost)
        self.network.advance(10)
        self.assertTrue(self.esme.bound)

    def test_states(self) -> None:
        """A message can end in any state; only DELIVERED reaches the handset."""
        for state in (MessageState.UNDELIVERABLE, MessageState.EXPIRED):
            self.centre.behave(SmsBehaviour(state=state))
            self.submit()
            self.assertEqual(self.handler.receipts[-1][1], state)
        self.assertEqual(self.centre.handset(BOB).inbox, [])

    def test_late_and_twice(self) -> None:
        """A receipt can be late, and come twice."""
        self.centre.behave(SmsBehaviour(receipt_delay=60, receipt_copies=2))
        self.submit()
        self.network.advance(59)
        self.assertEqual(self.handler.receipts, [])
        self.network.advance(2)
        self.assertEqual(len(self.handler.receipts), 2)

    def test_out_of_order(self) -> None:
        """Receipts can be held back until so many are there: newest first then."""
        self.centre.behave(SmsBehaviour(hold_receipts=3))
        ids = [self.submit().message_id for _ in range(3)]
        self.assertEqual([id for id, _ in self.handler.receipts], ids[::-1])

    def test_id_forms(self) -> None:
        """The receipt's id can be written in another way than the response's."""
        self.centre.behave(
            SmsBehaviour(response_id=IdForm.HEX, receipt_id=IdForm.PADDED)
        )
        self.assertEqual(self.submit().message_id, "F4241")
        self.assertEqual(self.handler.receipts[0][0], "0001000001")


class HandsetTests(CentreTestCase):
    def test_switched_off(self) -> None:
        """Messages wait for a handset; on, it gets them, and the receipts follow."""
        self.centre.handset(BOB).on = False
        self.submit()
        self.network.advance(60)
        self.assertEqual(self.handler.receipts, [])
        self.centre.switch_on("+" + BOB, alert=True)
        self.network.settle()
        self.assertEqual(self.centre.handset(BOB).texts, ["hello"])
        self.assertEqual(len(self.handler.receipts), 1)
        self.assertEqual([a.source_addr for a in self.handler.alerts], [BOB])

    def test_validity_period(self) -> None:
        """A message that waits too long expires (4.4.1)."""
        self.centre.handset(BOB).on = False
        self.submit(validity_period="000000000100000R")
        self.network.advance(61)
        self.assertEqual(self.handler.receipts[0][1], MessageState.EXPIRED)
        self.centre.switch_on(BOB)
        self.assertEqual(self.centre.handset(BOB).inbox, [])

    def test_query_cancel_replace(self) -> None:
        """A waiting message can be asked for, replaced and taken back (4.8-4.10)."""
        self.centre.handset(BOB).on = False
        first, second = (self.submit().message_id for _ in range(2))
        self.assertEqual(
            self.submit(QuerySm(first)).message_state, MessageState.ENROUTE
        )
        self.submit(ReplaceSm(first, short_message=b"better"))
        self.assertEqual(self.submit(CancelSm(message_id=second)).command_status, 0)
        self.centre.switch_on(BOB)
        self.network.settle()
        self.assertEqual(self.centre.handset(BOB).texts, ["better"])
        self.assertEqual(
            self.submit(QuerySm(second)).message_state, MessageState.DELETED
        )
        for pdu, status in (
            (CancelSm(message_id=first), CommandStatus.ESME_RCANCELFAIL),
            (ReplaceSm(first), CommandStatus.ESME_RREPLACEFAIL),
            (QuerySm("none"), CommandStatus.ESME_RINVMSGID),
            (CancelSm(message_id="none"), CommandStatus.ESME_RINVMSGID),
            (ReplaceSm("none"), CommandStatus.ESME_RINVMSGID),
        ):
            self.assertEqual(self.submit(pdu).command_status, status)

    def send(self, text: str = "hi", **options: Any) -> Any:
        sent = self.centre.send_sms("+" + BOB, "+" + ALICE, text, SmsOptions(**options))
        self.network.settle()
        return sent

    def test_sms_from_a_handset(self) -> None:
        """What a handset writes comes as deliver_sm with its addresses (4.6)."""
        self.assertEqual(self.successResultOf(self.send()), [0])
        (pdu,) = self.handler.came
        self.assertEqual(
            (pdu.source_addr_ton, pdu.source_addr, pdu.destination_addr),
            (1, BOB, ALICE),
        )
        self.assertEqual(read(pdu).text, "hi")

    def test_long_sms(self) -> None:
        """A long text comes in segments, in every way of segmentation."""
        for segmentation in Segmentation:
            self.handler.came.clear()
            self.send(LONG, policy=TextPolicy(segmentation=segmentation))
            whole = segmentation is Segmentation.PAYLOAD
            self.assertEqual(len(self.handler.came) == 1, whole)
            texts = "".join(read(pdu).text or "" for pdu in self.handler.came)
            self.assertEqual(texts, LONG)

    def test_order_of_segments(self) -> None:
        """Segments can come out of order, twice, or not at all."""
        self.send(LONG, order=(3, 1, 1))
        numbers = [read(pdu).concatenation for pdu in self.handler.came]
        self.assertEqual([n.number for n in numbers if n], [3, 1, 1])

    def test_data_sm_and_alphanumeric(self) -> None:
        """It can come as data_sm, and from a name instead of a number."""
        self.send(data_sm=True, source=Address(5, 0, "BANK"))
        (pdu,) = self.handler.came
        self.assertIsInstance(pdu, DataSm)
        self.assertEqual((pdu.source_addr_ton, pdu.source_addr), (5, "BANK"))
        self.assertEqual(read(pdu).text, "hi")

    def test_refused_for_now(self) -> None:
        """The SM-SC tries again after a temporary refusal (5.1.3)."""
        self.handler.status = [CommandStatus.ESME_RX_T_APPN]
        sent = self.send()
        self.assertNoResult(sent)
        self.network.advance(5)
        self.assertEqual(self.successResultOf(sent), [0])

    def test_nobody_bound(self) -> None:
        """Without an ESME a message waits; after a cut it comes again."""
        self.network.cut("127.0.0.1", 2775)
        self.network.settle()
        sent = self.send()
        self.network.advance(10)
        self.assertEqual(self.successResultOf(sent), [0])

    def test_on_the_air(self) -> None:
        """The tap sees the handset's side too."""
        seen: list[Arrow] = []
        self.centre.tap = seen.append
        self.send()
        self.submit()
        air = [a for a in seen if Lifeline.HANDSET in (a.source, a.target)]
        self.assertEqual(
            [(a.source, a.details[1]) for a in air],
            [(Lifeline.HANDSET, '"hi"'), (Lifeline.CENTRE, '"hello"')],
        )
