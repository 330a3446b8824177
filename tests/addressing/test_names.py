"""Tests of cpmgw.addressing.names."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.names import NameTable, is_name, user_key, user_uri
from cpmgw.addressing.settings import NamedUser
from tests.addressing.plans import sip


class NameTests(SynchronousTestCase):
    """What an alphanumeric address can be (3GPP TS 23.040 9.1.2.5)."""

    def test_length(self) -> None:
        """1 to 11 characters."""
        for text in ("A", "A" * 11):
            self.assertTrue(is_name(text), text)
        for text in ("", "A" * 12):
            self.assertFalse(is_name(text), text)

    def test_characters(self) -> None:
        """Those of one septet in GSM 03.38 that ASCII has as well."""
        for text in ("MyBank", "A&B (1/2)", "a@b_c.d", "4711 AG"):
            self.assertTrue(is_name(text), text)
        for text in ("Ünï", "a[b]", "a^b", "a`b", "a{b", "a|b", "a\\b", "a~b"):
            self.assertFalse(is_name(text), text)

    def test_numbers(self) -> None:
        """What has no letter would pass for a number, however it is written."""
        for text in (
            "911",
            "15145550001",
            "+1234",
            "*100#",
            "9-1-1",
            "9 1 1",
            "(9)1,1",
        ):
            self.assertFalse(is_name(text), text)
        self.assertTrue(is_name("911x"))

    def test_nobody(self) -> None:
        """Who is hidden has no name (RFC 3323 4.1.1.3)."""
        for text in ("anonymous", "Anonymous"):
            self.assertFalse(is_name(text), text)
        self.assertTrue(is_name("anonymouse"))

    def test_controls(self) -> None:
        """No control, no surrogate, no space at either end."""
        for text in ("a\0b", "a\nb", "\udce4", " a", "a ", " "):
            self.assertFalse(is_name(text), text)


class UserTests(SynchronousTestCase):
    """SIP URIs that identify a user."""

    def test_user_uri(self) -> None:
        """A SIP or SIPS URI with a user is one, with parameters too."""
        for text in ("sip:a@h", "sips:a@h:5061", "sip:a@h;x=y"):
            self.assertEqual(str(user_uri(text)), text)

    def test_no_user_uri(self) -> None:
        """No user, a password, headers, another scheme or no URI."""
        for text in (
            "sip:h",
            "sip:a:secret@h",
            "sip:a@h?Subject=x",
            "tel:+15145550001",
            "mailto:a@h",
            "a@h",
            "",
            "sip:a b@h",
            "sip:" + "a" * 100_000,
        ):
            self.assertIs(None, user_uri(text), text[:40])

    def test_key(self) -> None:
        """Escapes, the case of the host, scheme and parameters tell nobody apart."""
        self.assertEqual(
            user_key(sip("sip:b%61nk@Example.NET;user=phone")),
            user_key(sip("sips:bank@example.net:5061")),
        )
        self.assertNotEqual(user_key(sip("sip:Bank@h")), user_key(sip("sip:bank@h")))
        self.assertIs(None, user_key(sip("sip:h")))


class TableTests(SynchronousTestCase):
    """[[dial_plan.names]] from both sides."""

    table = NameTable([NamedUser(name="BANK", uri="sip:bank@h", display="My Bank")])

    def test_by_name(self) -> None:
        """A name is found in any case."""
        for text in ("BANK", "bank", "BaNk"):
            listed = self.table.of_name(text)
            assert listed is not None
            self.assertEqual(("BANK", "My Bank"), (listed.name, listed.display))
            self.assertEqual("sip:bank@h", str(listed.uri))
        self.assertIs(None, self.table.of_name("BANK2"))

    def test_by_user(self) -> None:
        """A user is found whatever parameters its URI has."""
        listed = self.table.of_user(sip("sip:bank@H;nccsid=SMS"))
        assert listed is not None
        self.assertEqual("BANK", listed.name)
        self.assertIs(None, self.table.of_user(sip("sip:bank@other")))
        self.assertIs(None, self.table.of_user(sip("sip:h")))

    def test_bad_uri(self) -> None:
        """A user that is none is refused."""
        self.assertRaises(ValueError, NameTable, [NamedUser(name="A", uri="sip:h")])
