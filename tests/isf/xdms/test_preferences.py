"""What users prefer, asked of an XDMS: what each of its answers means."""

from __future__ import annotations

import base64

from zope.interface.verify import verifyObject

from cpmgw.interfaces import IPreferences
from tests.isf.xdms.asking import (
    FOUND,
    POLICY,
    XUI,
    PreferencesTestCase,
    none,
    unavailable,
)
from tests.isf.xdms.policies import ALICE, BOB, action, document, one, rule, validity


class Answers(PreferencesTestCase):
    """What each answer means."""

    def test_interface(self) -> None:
        """It is what the selection asks."""
        verifyObject(IPreferences, self.preferences)

    def test_found(self) -> None:
        """The services that the target user prefers are found. [TS 5.1 step 7]"""
        self.assertEqual(self.ask(), FOUND)

    def test_request(self) -> None:
        """The document is asked for by its selector (RFC 4825 6.2), for the user."""
        self.ask()
        (asked,) = self.xdms.requests
        self.assertEqual(
            asked.path,
            "/services/org.openmobilealliance.access-rules/users/"
            "sip%3A%2B15145550100%40ims.example.net/access-rules",
        )
        self.assertEqual((asked.method, asked.xui), ("GET", XUI))
        self.assertEqual(asked.headers["x-3gpp-asserted-identity"], f'"{XUI}"')
        self.assertEqual(asked.headers["accept-encoding"], "identity")
        self.assertIn("application/auth-policy+xml", asked.headers["accept"])
        self.assertNotIn("authorization", asked.headers)
        self.assertNotIn("if-none-match", asked.headers)

    def test_names(self) -> None:
        """Application, document, header and actions are as configured."""
        self.preferences = self.build(
            auid="simservs", document="index.xml", asserted_identity="X-Asserted"
        )
        self.assertEqual(self.ask(), none("http-404"))
        asked = self.xdms.requests[0]
        self.assertTrue(asked.path.startswith("/services/simservs/users/"), asked.path)
        self.assertTrue(asked.path.endswith("/index.xml"), asked.path)
        self.assertEqual(asked.headers["x-asserted"], f'"{XUI}"')
        self.preferences = self.build(actions=("bearer",), asserted_identity="")
        self.assertEqual(self.ask(), none("no-rule"))
        self.assertFalse(
            [name for name in self.xdms.requests[1].headers if "asserted" in name]
        )

    def test_tel(self) -> None:
        """A tel URI is a user, too."""
        self.xdms.put("tel:+15145550101", POLICY)
        self.assertEqual(self.ask("tel:+1-514-555-0101;nccsid=SMS"), FOUND)

    def test_rules_are_for_originators(self) -> None:
        """One document answers for each originator, without being asked for again."""
        self.xdms.put(XUI, document(rule(one(ALICE), action("SMS"))))
        services = self.ask(originator=ALICE).services
        self.assertEqual(
            (services, self.ask(originator=BOB)), (("SMS",), none("no-rule"))
        )
        self.assertEqual(len(self.xdms.requests), 1)

    def test_off(self) -> None:
        """Without a root nobody is asked."""
        self.preferences = self.build(root="")
        self.assertEqual(self.ask(), none("off"))

    def test_no_address(self) -> None:
        """Who has no SIP or tel URI has no document."""
        self.assertEqual(self.ask("mailto:a@example.net"), none("no-address"))
        self.assertEqual(self.xdms.requests, [])

    def test_statuses(self) -> None:
        """Each status has its meaning (RFC 4825 7.4, RFC 9110 15)."""
        rows = {
            404: none("http-404"),
            410: none("http-410"),
            204: unavailable("http-204"),
            304: unavailable("http-304"),
            400: unavailable("http-400"),
            401: unavailable("unauthorized"),
            403: unavailable("unauthorized"),
            407: unavailable("unauthorized"),
            409: unavailable("http-409"),
            429: unavailable("http-429"),
            500: unavailable("http-500"),
            503: unavailable("http-503"),
        }
        for status, answer in rows.items():
            self.behave(status=status)
            self.preferences = self.build()
            self.assertEqual(self.ask(), answer, status)

    def test_redirects(self) -> None:
        """A redirect is not followed."""
        for status in (301, 302, 303, 307, 308):
            self.preferences = self.build()
            self.behave(status=status, headers=(("Location", "/elsewhere"),))
            self.assertEqual(self.ask(), unavailable(f"http-{status}"))
        self.assertEqual(len(self.xdms.requests), 5)

    def test_types(self) -> None:
        """What calls itself something else than XML is not read."""
        for media_type in (
            "application/auth-policy+xml; charset=utf-8",
            "APPLICATION/XML",
            "text/xml",
            "",
        ):
            self.preferences = self.build()
            self.behave(media_type=media_type)
            self.assertEqual(self.ask(), FOUND, media_type)
        for media_type in ("text/html", "application/json", "+xml+x"):
            self.preferences = self.build()
            self.assertReason("wrong-type", media_type=media_type)

    def test_documents(self) -> None:
        """A document that cannot be read leaves preferences unavailable."""
        past = validity("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z")
        self.network.rightNow = 1.8e9
        rows = {
            b"<ruleset>": "malformed",
            b"": "malformed",
            b"<simservs/>": "wrong-root",
            document(rule(past, action("SMS"))): "expired",
        }
        for body, reason in rows.items():
            self.preferences = self.build()
            self.assertReason(reason, body=body)

    def test_compressed(self) -> None:
        """What is compressed although nobody asked for it is not inflated."""
        headers = (("Content-Encoding", "gzip"),)
        self.assertReason(
            "malformed", headers=headers, body=b"\x1f\x8b\x08" + bytes(50)
        )

    def test_cookies(self) -> None:
        """No cookie is sent back."""
        self.behave(headers=(("Set-Cookie", "a=b; Path=/"),))
        self.ask()
        self.xdms.put("tel:+15145550101", POLICY)
        self.ask("tel:+15145550101")
        self.assertNotIn("cookie", self.xdms.requests[1].headers)


class Login(PreferencesTestCase):
    """Who asks (RFC 7617)."""

    def test_password(self) -> None:
        """User name and password are sent where there are any."""
        self.xdms.login = ("isf", "sécret")
        self.assertEqual(self.ask(), unavailable("unauthorized"))
        self.preferences = self.build(username="isf", password="sécret")
        self.assertEqual(self.ask(), FOUND)
        sent = self.xdms.requests[-1].headers["authorization"].removeprefix("Basic ")
        self.assertEqual(base64.b64decode(sent).decode(), "isf:sécret")

    def test_wrong_password(self) -> None:
        """A wrong password leaves preferences unavailable."""
        self.xdms.login = ("isf", "secret")
        self.preferences = self.build(username="isf", password="wrong")
        self.assertEqual(self.ask(), unavailable("unauthorized"))
