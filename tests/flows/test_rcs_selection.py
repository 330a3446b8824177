"""GSMA RCC.10 sections 4 and 5, end to end: what is interworked, and what is not."""

from __future__ import annotations

from cpmgw.cpm.features import Feature
from cpmgw.cpm.imdn import Imdn, notification_body
from cpmgw.lab.client_imdn import DELIVERED
from cpmgw.sip.message import Request, Response
from tests.flows.dialog import RemoteIwf, invite, offer
from tests.flows.house import ALICE, BOB, House

MORE = """
[[iwf]]
name = "sessions"
service = "SMS"
uri = "sip:127.0.0.1:5080"
kinds = ["large", "file", "session", "group"]
text_only = true

[[iwf]]
name = "mms"
service = "MMS"
uri = "sip:127.0.0.1:5081"

[[iwf]]
name = "mail"
service = "email"
uri = "sip:127.0.0.1:5082"
addresses = "mailbox"
assigns_originator = true

[[iwf]]
name = "im"
service = "SIMPLE-IM"
uri = "sip:127.0.0.1:5083"

[[number_pool]]
name = "groups"
numbers = ["+15145559000"]
services = ["SMS", "MMS"]

[xdms]
root = "http://127.0.0.1:9/"
"""
THEN = "2025-01-01T00:00:00Z"


class Network(House):
    """The profile rcs, with an IWF for everything that RCS does not interwork with."""

    profile = "rcs"
    more = MORE

    def setUp(self) -> None:
        super().setUp()
        self.iwfs = {
            name: RemoteIwf(self.network, port, name)
            for name, port in (
                ("sessions", 5080),
                ("mms", 5081),
                ("mail", 5082),
                ("im", 5083),
            )
        }
        for iwf in self.iwfs.values():
            iwf.endpoint.startService()
            self.addCleanup(self._stop, iwf.endpoint)

    @property
    def asked(self) -> list[str]:
        """The IWFs on other hosts that have been asked for anything."""
        return [name for name, iwf in self.iwfs.items() if iwf.received]

    def answer(self, request: Request) -> Response:
        """The answer to an INVITE."""
        pending = self.lab.endpoint.request(request)
        self.settle()
        response: Response = self.successResultOf(pending)
        return response

    def refused(self, request: Request) -> None:
        """It is 488, with a Warning, and no IWF hears of it."""
        response = self.answer(request)
        self.assertEqual(response.status, 488)
        self.assertTrue(response.headers.get("Warning"))
        self.assertEqual(self.asked, [])


class Limited(Network):
    policy = "selection.text_size_limit = 600"

    def test_up_to_a_size(self) -> None:
        """A text goes by SMS up to the operator's limit, beyond it by MMS.

        [RCC.10 5.1 step 5a] [RCC.10 5.1 step 5b]
        """
        self.assertEqual(self.send(text="x" * 600).status, 202)
        self.assertEqual(self.asked, [])
        sent = len(self.centre.submitted)
        self.assertGreater(sent, 1)
        self.assertEqual(self.send(text="x" * 601).status, 200)
        self.assertEqual((self.asked, len(self.centre.submitted)), (["mms"], sent))


class Rcs(Network):
    # -- what is interworked

    def test_text_goes_by_sms(self) -> None:
        """A text goes by SMS; without a limit, however large it is."""
        self.assertEqual(self.send(text="x" * 1_000).status, 202)
        self.assertEqual(self.asked, [])
        self.assertGreater(len(self.centre.submitted), 1)

    def test_all_else_goes_by_mms(self) -> None:
        """A picture, and a text with a picture, go by MMS. [RCC.10 5.1 step 5b]"""
        mixed = (
            b"--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
            b"--b\r\nContent-Type: image/png\r\n\r\nPNG\r\n--b--\r\n"
        )
        for content_type, content in (
            ("image/png", b"PNG"),
            ("multipart/mixed;boundary=b", mixed),
        ):
            self.assertEqual(
                self.send(content_type=content_type, content=content).status, 200
            )
        self.assertEqual((self.asked, self.centre.submitted), (["mms"], []))

    def test_sessions_go_by_sms(self) -> None:
        """A session goes by SMS, and never by MMS. [RCC.10 5.1 step 5c]

        [RCC.10 4 supported 3] [RCC.10 4 unsupported 2] [RCC.10 5.1 step 1]
        [RCC.10 5.1 step 2]
        """
        self.assertEqual(self.answer(invite(ALICE, BOB)).status, 200)
        self.assertEqual(self.asked, ["sessions"])
        self.assertIn("mms", self.ruled_out_by_policy())

    def test_messages_are_checked_by_no_policy(self) -> None:
        """For messages no policy is checked: of SMS and MMS it rules out neither.

        [RCC.10 5.1 step 1] [RCC.10 5.1 step 2]
        """
        large = invite(ALICE, BOB, feature=Feature.LARGE, body=offer("text/plain"))
        for send in (
            lambda: self.send(text="Hello"),
            lambda: self.send(content_type="image/png", content=b"PNG"),
            lambda: self.answer(large),
        ):
            send()
            self.assertEqual(self.ruled_out_by_policy(), {"mail", "im"})

    def ruled_out_by_policy(self) -> set[str]:
        """The IWFs that steps 1 and 2 ruled out for the last request."""
        findings = next(self.gateway.trace.newest()).findings
        return {each.iwf for each in findings if each.step in ("1", "2")}

    def test_large_messages(self) -> None:
        """A large message of text goes by SMS, another by MMS.

        (RCC.10 4 supported 1 and 2, one way)
        """
        for types, name in (("text/plain", "sessions"), ("image/png", "mms")):
            request = invite(
                ALICE, BOB, feature=Feature.LARGE, body=offer(types), call_id=name
            )
            self.assertEqual(self.answer(request).status, 200)
            self.assertEqual(len(self.iwfs[name].received), 1)

    # -- what is not

    def test_sessions_at_the_originating_side(self) -> None:
        """No session in the originating network. [RCC.10 4 unsupported 1]"""
        request = invite(ALICE, BOB)
        served = ("P-Served-User", f"<{ALICE}>;sescase=orig")
        self.refused(request.replace(headers=request.headers.with_added(*served)))

    def test_groups(self) -> None:
        """No session with a group. [RCC.10 4 unsupported 3] [RCC.10 5.2]"""
        contact = "<sip:group@focus.example.net>"
        self.refused(invite(ALICE, BOB, group=True, contact=contact))

    def test_files(self) -> None:
        """No file transfer: no service is selected for one.

        [RCC.10 4 unsupported 4] [RCC.10 6.1.3] [RCC.10 4.1]
        """
        self.refused(invite(ALICE, BOB, feature=Feature.FILE, body=offer("image/png")))

    def test_notifications(self) -> None:
        """A notification needs no selection: it goes where it says, or has a form.

        [RCC.10 4.1]
        """
        sent = self.send(recipient=f"{BOB};nccsid=MMS", content_type="message/imdn+xml")
        self.assertEqual((sent.status, self.asked), (200, ["mms"]))
        (chosen,) = next(self.gateway.trace.newest()).attempts
        self.assertEqual(chosen.selection.candidates, ("mms",))
        document = Imdn(message_id="m-1", notifications=(DELIVERED,))
        body = notification_body(
            document, sender=ALICE, to=BOB, datetime=THEN, message_id="n-1"
        )
        self.assertEqual(self.send(body=body).status, 200)
        self.assertEqual(len(self.iwfs["mms"].received), 2)
        self.assertEqual(self.centre.submitted, [])

    def test_mail(self) -> None:
        """No e-mail. [RCC.10 4 unsupported 5] [RCC.10 6.4]"""
        sent = self.send(recipient="tel:+15145550002", request_uri="mailto:bob@b.test")
        self.assertNotIn("mail", self.asked)
        sent = self.send(
            request_uri="mailto:bob@b.test", recipient="sip:bob@b.test", text="Hello"
        )
        self.assertGreaterEqual(sent.status, 400)
        self.assertNotIn("mail", self.asked)

    def test_other_services(self) -> None:
        """No other service, SIMPLE IM included, named in the address or not.

        [RCC.10 4 unsupported 6] [RCC.10 4 unsupported 7] [RCC.10 6.5]
        [RCC.10 5.1 step 6]
        """
        self.send(recipient=f"{BOB};nccsid=SIMPLE-IM", text="Hello")
        self.send(recipient=f"{BOB};nccsid=MMS", text="Hello")
        self.assertEqual((self.asked, len(self.centre.submitted)), ([], 2))

    def test_originator_without_a_number(self) -> None:
        """Who has no E.164 address is refused with 488. [RCC.10 4 unsupported 8]"""
        sent = self.send(text="Hello", asserted="sip:alice@ims.example.net")
        self.assertEqual((sent.status, self.asked), (488, []))
        self.refused(invite("sip:alice@ims.example.net", BOB))

    def test_several_streams(self) -> None:
        """No session with several media streams. [RCC.10 4 unsupported 9]"""
        two = offer() + b"m=message 9 TCP/MSRP *\r\na=accept-types:text/plain\r\n"
        self.refused(invite(ALICE, BOB, body=two))

    # -- what is not used

    def test_preferences(self) -> None:
        """The XDMS is never asked. [RCC.10 4 concepts 2]"""
        self.send(text="Hello")
        self.assertEqual(self.gateway.traffic.looked_up, {})

    def test_reselection(self) -> None:
        """After an error no other IWF is tried. [RCC.10 4 concepts 3]"""
        self.iwfs["mms"].answer = 480
        sent = self.send(content_type="image/png", content=b"PNG")
        self.assertEqual((sent.status, self.asked), (480, ["mms"]))

    def test_anonymity(self) -> None:
        """There are no anonymous messages. [RCC.10 4 concepts 1]"""
        self.assertEqual(self.send(text="Hello", privacy="id").status, 403)
