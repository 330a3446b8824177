"""Tests of cpmgw.cpm.content."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.content import PROTECTED_TYPES, acceptable, text_of
from cpmgw.cpm.errors import CannotBecomeText, EndToEndProtected
from cpmgw.cpm.mime import MimeLimits


def multipart(*parts: tuple[str, bytes]) -> bytes:
    """A multipart body of (header lines, body); a bare type is a Content-Type."""
    octets = b""
    for head, body in parts:
        lines = head if ":" in head else f"Content-Type: {head}"
        octets += b"--b\r\n" + lines.encode() + b"\r\n\r\n" + body + b"\r\n"
    return octets + b"--b--\r\n"


PLAIN = ("text/plain", b"plain")
HTML = ("text/html", b"<p>html</p>")
IMAGE = ("image/png", b"\x89PNG\r\n")
SMIL = ("application/smil", b"<smil><body/></smil>")


class LeafTests(SynchronousTestCase):
    """One part (TS 6.2.2.1.1)."""

    def test_plain(self) -> None:
        """text/plain in its charset, UTF-8 without one."""
        self.assertEqual(text_of("text/plain", "Grüße 😀".encode()), "Grüße 😀")
        self.assertEqual(
            text_of('Text/Plain; charset="ISO-8859-1"', b"Gr\xfc\xdfe"), "Grüße"
        )
        self.assertEqual(text_of("", b"Hello"), "Hello")

    def test_line_ends(self) -> None:
        """Lines end in LF in the text."""
        self.assertEqual(text_of("text/plain", b"a\r\nb\nc\rd"), "a\nb\nc\nd")

    def test_transfer_encoding(self) -> None:
        """base64 and quoted-printable of the whole."""
        for body, name in ((b"SGVsbG8=", "base64"), (b"Hel=6Co", "quoted-printable")):
            self.assertEqual(
                text_of("text/plain", body, transfer_encoding=name), "Hello"
            )

    def test_html(self) -> None:
        """text/html and XHTML become text, in the charset they name anywhere."""
        self.assertEqual(text_of("text/html", b"<p>a<br>b"), "a\nb")
        self.assertEqual(
            text_of("text/html; charset=iso-8859-1", b"Gr\xfc\xdfe"), "Grüße"
        )
        for declaration in (
            b'<meta charset="iso-8859-1">',
            b'<META http-equiv=x content="text/html; charset=ISO-8859-1">',
        ):
            self.assertEqual(text_of("text/html", declaration + b"\xfc"), "ü")
        self.assertEqual(text_of("application/xhtml+xml", b"<p>a</p>"), "a")

    def test_not_text(self) -> None:
        """Anything else is answered 415 (TS 6.1.1 step 1)."""
        for kind in (
            "image/png",
            "message/cpim",
            "message/imdn+xml",
            "application/im-iscomposing+xml",
            "application/octet-stream",
            "odd",
        ):
            error = self.assertRaises(CannotBecomeText, text_of, kind, b"x")
            self.assertEqual(error.status, 415)
            self.assertFalse(acceptable(kind))

    def test_any_subtype_of_text(self) -> None:
        """Any text content type is acceptable, unknown ones as plain (RCC.10 6.1.1).

        [RCC.10 6.1.1 difference 1]
        """
        self.assertEqual(text_of("text/x-note; charset=utf-8", b"caf\xc3\xa9"), "café")
        self.assertTrue(acceptable("text/x-note"))

    def test_unreadable(self) -> None:
        """Text that cannot be decoded is answered 415."""
        self.assertRaises(CannotBecomeText, text_of, "text/plain", b"\xff")
        self.assertRaises(CannotBecomeText, text_of, "text/plain;charset=x", b"a")
        self.assertRaises(CannotBecomeText, text_of, "text/html", b"x" * 262_145)
        for name in ("odd", "base64"):
            self.assertRaises(
                CannotBecomeText, text_of, "text/plain", b"a", transfer_encoding=name
            )

    def test_size(self) -> None:
        """The limit of the size is kept."""
        limits = MimeLimits(max_size=5)
        text_of("text/plain", b"12345", limits)
        self.assertRaises(CannotBecomeText, text_of, "text/plain", b"123456", limits)

    def test_empty(self) -> None:
        """An empty text is a text."""
        self.assertEqual(text_of("text/plain", b""), "")


class MultipartTests(SynchronousTestCase):
    """The text of a multipart; the rest is left out (TS 6.2)."""

    def text(self, subtype: str, *parts: tuple[str, bytes]) -> str:
        """The text of a multipart body."""
        return text_of(f"multipart/{subtype}; boundary=b", multipart(*parts))

    def test_mixed(self) -> None:
        """Pictures and clips are left out, texts stand one under the other."""
        self.assertEqual(self.text("mixed", IMAGE, PLAIN, IMAGE), "plain")
        self.assertEqual(self.text("mixed", PLAIN, HTML), "plain\nhtml")
        self.assertEqual(self.text("unheard-of", IMAGE, PLAIN), "plain")

    def test_attachment(self) -> None:
        """An attached text file is no part of the text."""
        attached = (
            "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=a",
            b"file",
        )
        self.assertEqual(self.text("mixed", attached, PLAIN), "plain")
        self.assertRaises(CannotBecomeText, self.text, "mixed", attached)

    def test_recipient_list(self) -> None:
        """A recipient list beside the text is no text (TS 6.1)."""
        history = (
            "Content-Type: application/resource-lists+xml\r\n"
            "Content-Disposition: recipient-list-history",
            b"<resource-lists/>",
        )
        self.assertEqual(self.text("mixed", history, PLAIN), "plain")

    def test_alternative(self) -> None:
        """Plain text is preferred wherever it stands, else HTML (RFC 2046 5.1.4)."""
        self.assertEqual(self.text("alternative", PLAIN, HTML), "plain")
        self.assertEqual(self.text("alternative", HTML, PLAIN), "plain")
        self.assertEqual(self.text("alternative", HTML, IMAGE), "html")

    def test_related(self) -> None:
        """The root is the text; `start` says which part it is (RFC 2387)."""
        self.assertEqual(self.text("related", HTML, IMAGE, PLAIN), "html")
        named = ("Content-Type: text/plain\r\nContent-ID: <r>", b"root")
        body = multipart(HTML, named)
        kind = 'multipart/related; boundary=b; start="<r>"'
        self.assertEqual(text_of(kind, body), "root")

    def test_smil(self) -> None:
        """SMIL and its clips are removed, its texts stay (TS 6.2)."""
        self.assertEqual(
            self.text("related", SMIL, IMAGE, PLAIN, PLAIN), "plain\nplain"
        )

    def test_nested(self) -> None:
        """The text is found inside, as deep as six parts."""
        body, kind = b"deep", "text/plain"
        for depth in range(1, 8):
            body = multipart((kind, body)).replace(b"--b", b"--%d" % depth)
            kind = f"multipart/mixed; boundary={depth}"
            if depth <= 6:
                self.assertEqual(text_of(kind, body), "deep")
        self.assertRaises(CannotBecomeText, text_of, kind, body)

    def test_encoded_parts(self) -> None:
        """Parts have their own charset and transfer encoding."""
        part = (
            "Content-Type: text/plain; charset=iso-8859-1\r\n"
            "Content-Transfer-Encoding: base64",
            b"R3L832U=",
        )
        self.assertEqual(self.text("mixed", part), "Grüße")

    def test_part_without_type(self) -> None:
        """A part without a type is text/plain (RFC 2046 5.1)."""
        self.assertEqual(text_of("multipart/mixed;boundary=b", b"--b\n\nx\n--b--"), "x")

    def test_no_text(self) -> None:
        """Without any text, or with CPIM inside, it is answered 415."""
        cpim = ("message/cpim", b"From: <im:a@x>\r\n\r\n\r\nx")
        for parts in ((IMAGE,), (cpim,), (SMIL, IMAGE), ()):
            for subtype in ("mixed", "alternative", "related"):
                self.assertRaises(CannotBecomeText, self.text, subtype, *parts)

    def test_broken(self) -> None:
        """A multipart that cannot be taken apart is answered 415."""
        for kind in ("multipart/mixed", "multipart/mixed;boundary=c"):
            self.assertRaises(CannotBecomeText, text_of, kind, multipart(PLAIN))

    def test_many_parts(self) -> None:
        """64 parts are read, 65 are not."""
        self.assertEqual(self.text("mixed", *[PLAIN] * 64).count("plain"), 64)
        self.assertRaises(CannotBecomeText, self.text, "mixed", *[PLAIN] * 65)

    def test_acceptable(self) -> None:
        """A multipart may hold text, unless it is protected."""
        for kind in ("text/plain; charset=x", "TEXT/HTML", "multipart/mixed"):
            self.assertTrue(acceptable(kind))
        self.assertFalse(acceptable("multipart/encrypted"))

    @settings(deadline=None, max_examples=100)
    @given(
        st.binary(max_size=200), st.sampled_from(["mixed", "related", "alternative"])
    )
    def test_any_octets(self, octets: bytes, subtype: str) -> None:
        """Any octets are text or refused."""
        try:
            text_of(f"multipart/{subtype};boundary=b", b"--b\r\n" + octets)
        except (CannotBecomeText, EndToEndProtected):
            return


class ProtectedTests(SynchronousTestCase):
    """End to end protection cannot be kept and is refused (TS 6.6 item 1)."""

    def test_types(self) -> None:
        """S/MIME, OpenPGP, JOSE and MLS are not opened."""
        for kind in PROTECTED_TYPES:
            error = self.assertRaises(EndToEndProtected, text_of, kind, b"x")
            self.assertEqual(error.status, 415)

    def test_signed_text_is_not_unwrapped(self) -> None:
        """The text in a multipart/signed is not taken out of its signature."""
        body = multipart(PLAIN, ("application/pkcs7-signature", b"x"))
        kind = "multipart/signed; boundary=b; protocol=x"
        self.assertRaises(EndToEndProtected, text_of, kind, body)

    def test_part(self) -> None:
        """A protected part refuses the whole, wherever it stands."""
        protected = ("application/pkcs7-mime; smime-type=enveloped-data", b"x")
        for subtype in ("mixed", "alternative", "related"):
            kind = f"multipart/{subtype}; boundary=b"
            for parts in ((PLAIN, protected), (protected, PLAIN)):
                self.assertRaises(EndToEndProtected, text_of, kind, multipart(*parts))
