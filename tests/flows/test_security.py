"""TS 6.6 and who may send at all: protected content, asserted identities, users."""

from __future__ import annotations

from typing import Any

from cpmgw.config import Config, loads
from cpmgw.sip.credentials import parse_challenge
from cpmgw.sip.digest import Account, answer
from cpmgw.sip.message import Response
from tests.flows.house import House, config_text
from tests.flows.outsider import Outsider

BOUNDARY = "frontier"
PROTECTED = (
    "application/pkcs7-mime; smime-type=enveloped-data",
    f"multipart/signed; boundary={BOUNDARY}; micalg=sha-256",
    f"multipart/encrypted; boundary={BOUNDARY}",
    "application/jose",
)
CPIM = (
    "From: <tel:+15145550001>\r\nTo: <tel:+15145550002>\r\n\r\n"
    "Content-Type: text/plain\r\n\r\nFor your eyes only"
)


def parts(kind: str, signature: str = "application/pkcs7-signature") -> bytes:
    """A multipart of one part of this kind, and a signature."""
    inner = CPIM if kind == "message/cpim" else "For your eyes only"
    return (
        f"--{BOUNDARY}\r\nContent-Type: {kind}\r\n\r\n{inner}\r\n"
        f"--{BOUNDARY}\r\nContent-Type: {signature}\r\n\r\nabc\r\n"
        f"--{BOUNDARY}--\r\n"
    ).encode()


class EndToEnd(House):
    """6.6 1. A request requiring end to end protection SHALL be rejected."""

    def refused(self, **details: Any) -> None:
        sent = self.send(**details)
        self.assertEqual(sent.status, 415)
        self.assertEqual(self.centre.submitted, [])

    def test_protected_content_in_cpim(self) -> None:
        """1. Content that is protected inside CPIM is refused."""
        for kind in PROTECTED:
            with self.subTest(kind=kind):
                self.refused(content_type=kind, content=parts("text/plain"))

    def test_protected_body_of_the_request(self) -> None:
        """1. A SIP body that is protected is refused (RFC 3261 23)."""
        for kind in PROTECTED:
            with self.subTest(kind=kind):
                self.refused(body_type=kind, body=parts("text/plain"))

    def test_signed_cpim(self) -> None:
        """1. A signature around the CPIM asks for protection as well."""
        self.refused(body_type=PROTECTED[1], body=parts("message/cpim"))

    def test_signature_beside_the_cpim(self) -> None:
        """1. So does one that lies beside it."""
        kind = f"multipart/mixed; boundary={BOUNDARY}"
        self.refused(body_type=kind, body=parts("message/cpim"))

    def test_protected_part_of_a_multipart(self) -> None:
        """1. So does a protected part among others."""
        kind = f"multipart/mixed; boundary={BOUNDARY}"
        body = parts("text/plain", "application/pkcs7-mime")
        self.refused(content_type=kind, content=body)

    def test_inbound_is_not_protected(self) -> None:
        """2. What SMS brings leaves without protection of its own."""
        statuses: list[list[int]] = []
        self.centre.send_sms("+15145550002", "+15145550001", "Hi").addCallback(
            statuses.append
        )
        self.network.wait_until(lambda: statuses)
        (message,) = self.cpm.user("tel:+15145550001").inbox
        self.assertEqual(message.request.content_type, "message/cpim")
        assert message.cpim is not None
        self.assertEqual(message.cpim.content_type, "text/plain;charset=UTF-8")


class Strangers(House):
    """Peers outside the trusted networks (RFC 3325, conversation TS 6.1)."""

    def answered(self, **details: Any) -> Response:
        """The answer to a stranger's message."""
        stranger = Outsider(self.network, "192.0.2.9")
        stranger.send(**details)
        self.settle()
        (response,) = stranger.answers
        self.assertEqual(self.centre.submitted, [])
        return response

    def test_asserted_identity(self) -> None:
        """An identity asserted by a stranger: 403 with a Warning."""
        response = self.answered(text="Hello")
        self.assertEqual(response.status, 403)
        self.assertIn("P-Asserted-Identity", response.headers.get("Warning") or "")

    def test_unidentified_sender(self) -> None:
        """A sender nobody vouches for: 403 "127 Service not authorised"."""
        response = self.answered(
            text="Hello", without=frozenset({"P-Asserted-Identity"})
        )
        self.assertEqual(response.status, 403)
        self.assertIn('"127 ', response.headers.get("Warning") or "")

    def test_trusted_peer(self) -> None:
        """The same message from a trusted peer is served."""
        neighbour = Outsider(self.network)
        neighbour.send(text="Hello")
        self.settle()
        self.assertEqual([each.status for each in neighbour.answers], [202])


class Users(House):
    """Peers that are not trusted but have a password (RFC 3261 22, RFC 8760)."""

    def setUp(self) -> None:
        super().setUp()
        self.stranger = Outsider(self.network, "192.0.2.9")

    def config(self) -> Config:
        """The usual configuration, and a user."""
        text = config_text(self.state)
        user = '[[sip.users]]\nusername = "pf"\npassword = "open sesame"\n'
        user += 'numbers = ["+1514555"]\n'
        return loads(text.replace("[[smsc]]", f"{user}\n[[smsc]]", 1))

    def attempt(self, password: str, scheme: str = "MD5", **details: Any) -> int:
        """Send, be challenged, send again with this password; the status then."""
        request = self.stranger.request(
            text="Hello", without=frozenset({"P-Asserted-Identity"}), **details
        )
        self.stranger.octets(request.encode())
        self.settle()
        challenged = self.stranger.answers[-1]
        self.assertEqual(challenged.status, 401)
        values = challenged.headers.raw("WWW-Authenticate")
        chosen = next(
            each
            for each in map(parse_challenge, values)
            if each is not None and each.algorithm == scheme
        )
        credentials = answer(
            chosen,
            Account("pf", password),
            method="MESSAGE",
            uri=str(request.uri),
            cnonce="c",
        )
        headers = request.headers.with_added("Authorization", str(credentials))
        via = str(request.via).replace("z9hG4bK", "z9hG4bKagain")
        cseq = f"{request.cseq.number + 1} MESSAGE"
        headers = headers.with_replaced("Via", via).with_replaced("CSeq", cseq)
        self.stranger.octets(request.replace(headers=headers).encode())
        self.settle()
        return self.stranger.answers[-1].status

    def test_right_password(self) -> None:
        """A challenged user who knows the password is served; MD5 and SHA-256."""
        for scheme in ("SHA-256", "MD5"):
            with self.subTest(scheme=scheme):
                self.assertEqual(self.attempt("open sesame", scheme), 202)
        self.assertEqual(len(self.centre.submitted), 2)

    def test_wrong_password(self) -> None:
        """One who does not is challenged again."""
        self.assertEqual(self.attempt("open barley", "MD5"), 401)
        self.assertEqual(self.centre.submitted, [])

    def test_asserted_identity_is_refused_all_the_same(self) -> None:
        """A password lets nobody assert identities."""
        self.stranger.send(text="Hello")
        self.settle()
        self.assertEqual([each.status for each in self.stranger.answers], [403])

    def test_speaks_for_its_numbers_only(self) -> None:
        """A user may speak for the numbers that are its own, and for no others."""
        sender = "tel:+447700900001"
        self.assertEqual(self.attempt("open sesame", sender=sender), 403)
        warning = self.stranger.answers[-1].headers.get("Warning") or ""
        self.assertIn('"127 ', warning)
        self.assertEqual(self.centre.submitted, [])
