"""Users as an XDMS knows them, and what is remembered of their documents."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.interfaces import PreferenceState
from cpmgw.isf.xdms.cache import DocumentCache, Remembered
from cpmgw.isf.xdms.xui import Person, document_url, person_of, xui_of


class Users(SynchronousTestCase):
    def test_identifier(self) -> None:
        """A user is the URI without what does not say who it is (RFC 4825 6.2)."""
        rows = {
            "sip:alice@Example.NET": "sip:alice@example.net",
            "SIPS:alice@example.net:5061": "sips:alice@example.net:5061",
            "sip:+15145550100@h;user=phone;nccsid=SMS?a=b": "sip:+15145550100@h",
            "sip:alice@[2001:db8::1]": "sip:alice@[2001:db8::1]",
            "tel:+1-514-555-0100": "tel:+15145550100",
            "tel:+15145550100;nccsid=SMS": "tel:+15145550100",
            "tel:7042;phone-context=Example.net": "tel:7042;phone-context=example.net",
            "tel:7042;phone-context=+1514": "tel:7042;phone-context=+1514",
            "tel:7042;phone-context=a%0D%0Ab": "",
            "tel:7042": "tel:7042",
            "sip:example.net": "",
            "mailto:alice@example.net": "",
            "": "",
            "sip:": "",
            "sip:a\r\nX: y@h": "",
            'sip:"a"@h': "",
        }
        for user, xui in rows.items():
            self.assertEqual(xui_of(user), xui, user)

    def test_place(self) -> None:
        """The identifier is one segment of the path, whatever is in it."""
        place = "http://x/s/auid/users/sip%3Aa%2F..%2Fb%3F%40h/index"
        for root in ("http://x/s", "http://x/s/"):
            self.assertEqual(
                document_url(root, "auid", "sip:a/../b?@h", "index"), place
            )

    def test_person(self) -> None:
        """Numbers are compared as numbers, others as URIs; who hides is nobody."""
        rows = {
            "tel:+15145550100": Person("+15145550100"),
            "sip:+15145550100@H;user=phone": Person("+15145550100", "h"),
            "sip:alice@h": Person("sip:alice@h", "h"),
            "sip:h": Person("", "h"),
            "urn:service:sos": Person(),
            "x": Person(),
            "": Person(is_anonymous=True),
            "sip:anonymous@Anonymous.Invalid": Person(is_anonymous=True),
        }
        for user, person in rows.items():
            self.assertEqual(person_of(user), person, user)


class Cache(SynchronousTestCase):
    def entry(self, reason: str) -> Remembered:
        """Something to remember."""
        return Remembered(state=PreferenceState.NONE, reason=reason)

    def test_limit(self) -> None:
        """So many are kept, and the longest unused goes for one more."""
        cache = DocumentCache(2)
        for xui in ("a", "b"):
            cache.put(xui, self.entry(xui))
        self.assertEqual(len(cache), 2)
        self.assertEqual(cache.get("a"), self.entry("a"))
        cache.put("c", self.entry("c"))
        self.assertEqual(len(cache), 2)
        self.assertIs(cache.get("b"), None)
        self.assertEqual(cache.get("a"), self.entry("a"))

    def test_newer(self) -> None:
        """The newer entry takes the place of the older one."""
        cache = DocumentCache(1)
        cache.put("a", self.entry("1"))
        cache.put("a", self.entry("2"))
        self.assertEqual(cache.get("a"), self.entry("2"))

    def test_nothing(self) -> None:
        """With a limit of 0 nothing is kept."""
        cache = DocumentCache(0)
        cache.put("a", self.entry("1"))
        self.assertIs(cache.get("a"), None)
        self.assertEqual(len(cache), 0)
