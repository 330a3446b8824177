"""TS Table 2: submit_sm_resp to the SIP answer (6.2.2.1.1, 6.2.4, 6.1.1).

[SCR Int-S-005-O]
"""

from __future__ import annotations

from cpmgw.iwf.sms.tables.table_02 import TABLE_2_STATUS
from cpmgw.lab.behaviour import SmsBehaviour
from tests.flows.house import BOB, House
from txsmpp.constants import MessageState
from txsmpp.status import CommandStatus


class ResponseCode(House):
    def answer_to(self, status: int) -> int:
        """The SIP status for a command_status."""
        self.centre.behave(SmsBehaviour(status=status))
        return self.send(text="Hello").status

    def test_202_for_command_status_0(self) -> None:
        """202 "Accepted" sent when command_status is 0. [TS 5.1 step 12]"""
        sent = self.send(text="Hello")
        assert sent.response is not None
        self.assertEqual((sent.status, sent.response.reason), (202, "Accepted"))

    def test_400_for_command_status_3(self) -> None:
        """400 "Bad Request" sent when command_status is 3."""
        self.assertEqual(self.answer_to(0x03), 400)

    def test_404_for_command_status_b(self) -> None:
        """404 "Not Found" sent when command_status is B."""
        self.assertEqual(self.answer_to(0x0B), 404)

    def test_480_for_delivery_failure(self) -> None:
        """480 when command status is ESME_RDELIVERYFAILURE 0xFE."""
        self.assertEqual(self.answer_to(0xFE), 480)

    def test_every_command_status_has_an_answer(self) -> None:
        """Each SMPP 3.4 status maps to an error; 480 and 503 are the temporary ones."""
        for status in CommandStatus:
            if status == CommandStatus.ESME_ROK or status > 0xFF:
                continue
            self.assertIn(status, TABLE_2_STATUS.rows, status.name)
            self.assertTrue(400 <= TABLE_2_STATUS.of(status) < 600, status.name)

    def test_vendor_status_is_500(self) -> None:
        """A status that SMPP does not name says no more than that it failed."""
        self.assertEqual(self.answer_to(0x4FF), 500)

    def test_refusal_tells_why(self) -> None:
        """The Warning names the command_status (conversation TS 6.4)."""
        self.centre.behave(SmsBehaviour(status=CommandStatus.ESME_RINVDSTADR))
        response = self.send(text="Hello").response
        assert response is not None
        self.assertIn("ESME_RINVDSTADR", response.headers.get("Warning") or "")

    def test_temporary_refusal_says_when_to_come_again(self) -> None:
        """480 and 503 carry Retry-After (RFC 3261 20.33)."""
        self.centre.behave(SmsBehaviour(status=CommandStatus.ESME_RSYSERR))
        response = self.send(text="Hello").response
        assert response is not None
        self.assertEqual(response.status, 503)
        self.assertEqual(response.headers.get("Retry-After"), "5")


class Throttled(House):
    smsc = "throttle_limit = 1.0"

    def test_503_for_command_status_58(self) -> None:
        """503 "Service Unavailable" sent when command_status is 58, and stays so."""
        self.centre.behave(SmsBehaviour(throttled=1000))
        sent = self.send(text="Hello")
        self.network.advance(30)
        self.assertEqual(sent.status, 503)

    def test_throttling_that_ends_in_time_is_not_seen(self) -> None:
        """A throttled submission is retried; the sender gets its 202."""
        self.centre.behave(SmsBehaviour(throttled=2))
        sent = self.send(text="Hello")
        self.network.advance(1)
        self.settle()
        self.assertEqual(sent.status, 202)


class Headers(House):
    def test_copied_headers(self) -> None:
        """Call-ID, To, Via, From and CSeq are those of the request."""
        sent = self.send(text="Hello")
        assert sent.response is not None
        response, request = sent.response, sent.request
        self.assertEqual(response.call_id, request.call_id)
        self.assertEqual(response.to.uri, request.to.uri)
        self.assertEqual(response.from_, request.from_)
        self.assertEqual(response.cseq, request.cseq)
        self.assertTrue(response.via.branch)

    def test_content_length(self) -> None:
        """Content-Length is set to 0."""
        sent = self.send(text="Hello")
        assert sent.response is not None
        self.assertEqual(sent.response.headers.get("Content-Length"), "0")

    def test_stored_identifiers(self) -> None:
        """The answer has the stored identifiers and a Server header (6.1.1)."""
        response = self.send(
            text="Hello",
            conversation_id="f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            contribution_id="dfb4e64f-2c98-46a1-8e14-98eb5736a268",
            in_reply_to="0e2b9b7f-0001-4c5b-9f0e-1d7f8e4b7a11",
        ).response
        assert response is not None
        headers = response.headers
        self.assertEqual(
            headers.get("Conversation-ID"), "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
        )
        self.assertEqual(
            headers.get("Contribution-ID"), "dfb4e64f-2c98-46a1-8e14-98eb5736a268"
        )
        self.assertEqual(
            headers.get("InReplyTo-Contribution-ID"),
            "0e2b9b7f-0001-4c5b-9f0e-1d7f8e4b7a11",
        )
        server = headers.get("Server") or ""
        self.assertTrue(server.startswith("IWF-SMS-serv/OMA2.1 cpmgw/"), server)

    def test_message_context_and_correlator(self) -> None:
        """Message-Context pager-message and the fingerprint of the text (6.2.4)."""
        response = self.send(text="На здоровье, мой друг").response
        assert response is not None
        self.assertEqual(response.headers.get("Message-Context"), "pager-message")
        self.assertEqual(
            response.headers.get("Message-Correlator"),
            "=?utf-8?b?0J3QsCDQt9C00L7RgNC+0LLRjNC1LCDQvNC+0Lkg0LTRgNGD0LM=?=",
        )


class Status200(House):
    policy = "pager_success_status = 200"

    def test_200_by_policy(self) -> None:
        """6.2.4 speaks of a 200: policy may choose it; the headers are there too."""
        response = self.send(text="Hello").response
        assert response is not None
        self.assertEqual((response.status, response.reason), (200, "OK"))
        self.assertEqual(response.headers.get("Message-Correlator"), "Hello")


class Concatenated(House):
    def test_one_answer_after_the_last(self) -> None:
        """The SIP response is sent with the last submit_sm_resp (6.2.2.1.1)."""
        self.centre.behave(SmsBehaviour(delay=3.0))
        sent = self.send(text="x" * 400)
        self.network.advance(2.9)
        self.settle()
        self.assertEqual(sent.status, 0)
        self.network.advance(0.2)
        self.settle()
        self.assertEqual(sent.status, 202)

    def test_one_refused_segment_refuses_the_message(self) -> None:
        """A segment that is refused: its answer, and the others are cancelled."""
        self.centre.behave(
            SmsBehaviour(throttled=1, throttle_status=0x0B, receipt_delay=60.0)
        )
        sent = self.send(text="x" * 400)
        self.assertEqual(sent.status, 404)
        taken = list(self.centre.messages.values())
        self.assertEqual([each.state for each in taken], [MessageState.DELETED] * 2)
        self.assertEqual(self.centre.handset(BOB[4:]).texts, [])
        self.assertEqual(sent.notifications, [])


class NoAnswer(House):
    smsc = "response_timeout = 5.0"

    def test_408_where_the_sm_sc_does_not_answer(self) -> None:
        """408 "Request Timeout" (6.1.1, last paragraph)."""
        self.centre.behave(SmsBehaviour(silent=True))
        sent = self.send(text="Hello")
        self.network.advance(6)
        self.settle()
        self.assertEqual(sent.status, 408)

    def test_408_where_one_segment_has_no_answer(self) -> None:
        """408 as well, though another one is refused: what has left is unknown."""
        self.centre.behave(SmsBehaviour(silent=True, throttled=1, throttle_status=0x08))
        sent = self.send(text="x" * 400)
        self.network.advance(6)
        self.settle()
        self.assertEqual(sent.status, 408)

    def test_503_where_no_bind_is_up(self) -> None:
        """503 with Retry-After while the SM-SC is away (6.2.2 note 2)."""
        self.network.partition("127.0.0.1", 2775)
        self.network.cut("127.0.0.1", 2775)
        self.settle()
        response = self.send(text="Hello").response
        assert response is not None
        self.assertEqual(response.status, 503)
        self.assertIn("Retry-After", response.headers)
