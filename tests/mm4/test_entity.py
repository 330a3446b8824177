"""Tests of cpmgw.mm4.entity."""

from __future__ import annotations

import tracemalloc
from email import message_from_bytes, policy
from email.encoders import encode_base64
from email.message import EmailMessage, Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.errors import MimeError
from cpmgw.cpm.mime import MimeLimits
from cpmgw.mm4.entity import (
    Entity,
    encoded,
    fields_for_cpm,
    leaf,
    multipart,
    read_entity,
    to_cpm,
)
from cpmgw.mm4.transfer import is_line_safe
from tests.mm4.written import encode_entity

QP = "quoted-printable"
BODY = st.binary(max_size=200) | st.sampled_from(
    [
        b"",
        b"\r\n",
        b"a\n\r\rb",
        b"x" * 1_200,
        b"--a\r\n--a--\r\n",
        b"--=_\r\n.\r\nFrom x\r\n \r\n",
        "Grüße".encode(),
        b"\x00",
    ]
)
LEAF = st.builds(
    leaf,
    st.sampled_from(
        [
            "text/plain; charset=utf-8",
            "text/html",
            "image/jpeg",
            "application/smil",
            "application/octet-stream",
            "text/x-vcard; name=a.vcf",
        ]
    ),
    BODY,
    content_id=st.sampled_from(["<a@b>", "<1>"]),
    content_location=st.sampled_from(["a.jpg", "é ü.txt"]),
)
ENTITY = st.recursive(
    LEAF,
    lambda inner: st.builds(
        multipart,
        st.sampled_from(["mixed", "related", "alternative"]),
        st.lists(inner, min_size=1, max_size=3),
        boundary=st.sampled_from(["a", "", "=_", "x y", "a" * 70, "a" * 71, "\r\n"]),
    ),
    max_leaves=6,
)


def bodies(entity: Entity) -> list[tuple[str, bytes]]:
    """The type and octets of each leaf."""
    return [(each.media_type.name, each.body) for each in entity.leaves()]


def parsed(content_type: str, encoding: str, octets: bytes) -> Message:
    """A mail of this content as the standard library reads it."""
    head = f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}"
    return message_from_bytes(
        head.encode() + b"\r\n\r\n" + octets, policy=policy.compat32
    )


class Values(SynchronousTestCase):
    """Entities as values."""

    def test_leaf(self) -> None:
        """A leaf has a body, its fields, and itself as the only leaf."""
        entity = leaf("image/jpeg", b"abc", content_id="<a>", content_location="a.jpg")
        self.assertEqual(
            entity.headers, (("Content-ID", "<a>"), ("Content-Location", "a.jpg"))
        )
        self.assertEqual(entity.media_type.name, "image/jpeg")
        self.assertEqual((entity.size, list(entity.leaves())), (3, [entity]))
        self.assertEqual(entity.get("content-id"), "<a>")
        self.assertFalse(entity.is_multipart)

    def test_multipart(self) -> None:
        """A multipart has the parameters it is given, and the size of its leaves."""
        inner = multipart("alternative", (leaf("text/plain", b"12"),))
        entity = multipart("related", (inner, leaf("image/gif", b"3")), start='<"a>')
        self.assertEqual(entity.content_type, r'multipart/related; start="<\"a>"')
        self.assertEqual(entity.media_type.parameter("start"), '<"a>')
        self.assertEqual((entity.size, len(list(entity.leaves()))), (3, 2))

    def test_with_fields(self) -> None:
        """A field that is set replaces whatever it was."""
        entity = leaf("a/b", b"", content_id="<a>", content_location="x")
        self.assertEqual(
            entity.with_fields(content_id="<b>").headers,
            (("Content-Location", "x"), ("Content-ID", "<b>")),
        )


class Reading(SynchronousTestCase):
    """Content of peers, within limits."""

    mixed = b"--b\r\nContent-Type: image/gif\r\n\r\n%s\r\n--b--\r\n"

    def test_leaf(self) -> None:
        """Without a type it is text; its encoding is undone."""
        entity = read_entity("", "", memoryview(b"hi\r\n"))
        self.assertEqual(entity, Entity(content_type="text/plain", body=b"hi\r\n"))
        entity = read_entity("image/gif", "base64", b"aGk=\r\n")
        self.assertEqual(entity.body, b"hi")

    def test_fields(self) -> None:
        """Fields stay as written, in order."""
        octets = b"--b\r\nX-Own: 1\r\nCONTENT-id:  <a>\r\n\r\nhi\r\n--b--"
        part = read_entity("multipart/mixed; boundary=b", "", octets).parts[0]
        self.assertEqual(part.headers, (("X-Own", "1"), ("CONTENT-id", "<a>")))
        self.assertEqual(part.content_type, "text/plain")

    def test_size_limit(self) -> None:
        """So many octets, not one more."""
        limits = MimeLimits(max_size=5)
        self.assertEqual(read_entity("", "", b"12345", limits).size, 5)
        self.assertRaises(MimeError, read_entity, "", "", b"123456", limits)

    def test_depth_limit(self) -> None:
        """So deep, not deeper."""
        octets = self.mixed % b"x"
        kind = "multipart/mixed; boundary=b"
        for depth in range(2):
            octets = b"--o%d\r\nContent-Type: %s\r\n\r\n%s\r\n--o%d--" % (
                depth,
                kind.encode(),
                octets,
                depth,
            )
            kind = f"multipart/mixed; boundary=o{depth}"
        self.assertEqual(read_entity(kind, "", octets, MimeLimits(max_depth=3)).size, 1)
        self.assertRaises(
            MimeError, read_entity, kind, "", octets, MimeLimits(max_depth=2)
        )

    def test_parts_limit(self) -> None:
        """So many parts in all, wherever they are."""
        inner = b"--i\r\n\r\n1\r\n--i\r\n\r\n2\r\n--i--"
        octets = (
            b"--b\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n"
            + inner
            + b"\r\n--b\r\n\r\n3\r\n--b--"
        )
        kind = "multipart/mixed; boundary=b"
        self.assertEqual(read_entity(kind, "", octets, MimeLimits(max_parts=4)).size, 3)
        self.assertRaises(
            MimeError, read_entity, kind, "", octets, MimeLimits(max_parts=3)
        )

    def test_header_limits(self) -> None:
        """A part's fields and their octets, and one past each."""
        octets = b"--b\r\nA: 1\r\nB: 2\r\n\r\n--b--"
        kind = "multipart/mixed; boundary=b"
        for limits in (MimeLimits(max_headers=2), MimeLimits(max_header_block=12)):
            self.assertEqual(
                len(read_entity(kind, "", octets, limits).parts[0].headers), 2
            )
        for limits in (MimeLimits(max_headers=1), MimeLimits(max_header_block=10)):
            self.assertRaises(MimeError, read_entity, kind, "", octets, limits)

    def test_unusable(self) -> None:
        """No boundary, none of it in the content, an encoding nobody knows."""
        for kind, encoding, octets in (
            ("multipart/mixed", "", b"--b\r\n"),
            ("multipart/mixed; boundary=b", "", b"x"),
            ("text/plain", "zip", b"x"),
            ("text/plain", "base64", b"a"),
            ("multipart/mixed; boundary=b", "", b"--b--\r\n"),
            ("multipart/mixed; boundary=b", "", b"--b\r\n"),
        ):
            self.assertRaises(MimeError, read_entity, kind, encoding, octets)

    def test_cut(self) -> None:
        """Base64 that ends within its characters, as does the mail, was cut."""
        part = b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8gd29ybGQ"
        inner = b"--o\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + part
        for kind, octets in (("b", part), ("o", inner), ("o", inner + b"\r\n--o--")):
            kind = f"multipart/mixed; boundary={kind}"
            self.assertRaises(MimeError, read_entity, kind, "", octets)
        kind = "multipart/mixed; boundary=b"
        for end in (b"=", b"\r\n--b--", b"\r\n--b"):
            (found,) = read_entity(kind, "", part + end).parts
            self.assertEqual(found.body, b"hello world")

    def test_odd_lines(self) -> None:
        """A line in the header of a part that is no field harms nothing."""
        octets = b"--b\r\nContent-Type: image/gif\r\nodd line\r\n\r\nGIF\r\n--b--"
        (found,) = read_entity("multipart/mixed; boundary=b", "", octets).parts
        self.assertEqual((found.content_type, found.body), ("image/gif", b"GIF"))

    def test_long_type(self) -> None:
        """A long parameter does not cost the boundary, nor what follows it."""
        name = "x" * 600
        kind = f'multipart/related; name="{name}"; boundary=b; start="<a>"'
        entity = read_entity(kind, "", self.mixed % b"x")
        self.assertEqual(bodies(entity), [("image/gif", b"x")])
        for written in (encode_entity(entity), to_cpm(entity)):
            self.assertIn('start="<a>"', written[0])
            self.assertEqual(bodies(read_entity(*written)), bodies(entity))

    def test_memory(self) -> None:
        """Parts within parts are not copied at each depth."""
        octets, kind = self.mixed % bytes(1_000_000), "multipart/mixed; boundary=b"
        for depth in range(5):
            head = b"--o%d\r\nContent-Type: %s\r\n\r\n" % (depth, kind.encode())
            octets = head + octets + b"\r\n--o%d--" % depth
            kind = f"multipart/mixed; boundary=o{depth}"
        tracemalloc.start()
        try:
            read_entity(kind, "", octets)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        self.assertLess(peak, 1_500_000)

    @given(st.binary(max_size=200))
    @settings(max_examples=200)
    def test_any_octets(self, octets: bytes) -> None:
        """Any octets are an entity that can be written, or refused."""
        content = b"--b\r\n" + octets + b"\r\n--b--"
        try:
            entity = read_entity("multipart/mixed; boundary=b", "", content)
        except MimeError:
            return
        kind, encoding, written = encode_entity(entity)
        self.assertTrue(written.isascii() and is_line_safe(written) and kind.isascii())
        self.assertEqual(bodies(read_entity(kind, encoding, written)), bodies(entity))

    @given(st.lists(BODY, min_size=1, max_size=3), st.text(max_size=40))
    @settings(max_examples=100, deadline=None)
    def test_standard_library(self, octets: list[bytes], text: str) -> None:
        """What the standard library writes is read, octet for octet."""
        message = MIMEMultipart("related")
        for each in octets:
            part = MIMEBase("image", "jpeg")
            part.set_payload(each)
            part["Content-Location"] = "a.jpg"
            encode_base64(part)
            message.attach(part)
        content = text.encode("utf-8", "replace").decode()
        message.attach(MIMEText(content, "plain", "utf-8"))
        whole = message.as_bytes(policy=policy.compat32.clone(linesep="\r\n"))
        _, _, body = whole.partition(b"\r\n\r\n")
        entity = read_entity(message["Content-Type"].replace("\n", ""), "", body)
        found = [each.body for each in entity.leaves()]
        self.assertEqual(found[:-1], octets)
        self.assertEqual(found[-1], content.encode())


class Writing(SynchronousTestCase):
    """Content for SMTP."""

    def test_choice(self) -> None:
        """Text that can be carried stays; other text, and what is none, is encoded."""
        for kind, body, wanted in (
            ("text/plain", b"a\r\n", "7bit"),
            ("application/smil", b"<smil/>\r\n", "7bit"),
            ("text/plain", "Grüße aus Berlin an der Spree\r\n".encode(), QP),
            ("text/plain", b"a\n", QP),
            ("text/plain", b"abc", QP),
            ("text/plain", "Привет\r\n".encode(), "base64"),
            ("image/jpeg", b"abc\r\n", "base64"),
            ("application/pdf", b"", "base64"),
        ):
            _, encoding, octets = encode_entity(leaf(kind, body))
            self.assertEqual(encoding, wanted)
            self.assertTrue(octets.endswith(b"\r\n") or not octets)
            self.assertEqual(read_entity(kind, encoding, octets).body, body)

    def test_as_it_came(self) -> None:
        """What can be carried stays octet for octet, but for preamble and epilogue."""
        octets = (
            b"--b\r\nContent-Type: text/plain\r\nContent-ID: <a>\r\nX-Own: y\r\n\r\n"
            b"hello\r\n.\r\n\r\n--b\r\nContent-Type: image/gif; name=a.gif\r\n"
            b"content-transfer-encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n"
        )
        kind = "multipart/Related; Boundary=b; type=text/plain"
        self.assertEqual(
            encode_entity(read_entity(kind, "", octets)), (kind, "7bit", octets)
        )

    def test_changed(self) -> None:
        """A leaf of another type and body is written with what it is now."""
        octets = (
            b"--b\r\nContent-Type: image/bmp\r\nContent-ID: <a>\r\n"
            b"Content-Transfer-Encoding: 8bit\r\n\r\nBM\r\n--b--\r\n"
        )
        entity = read_entity("multipart/mixed; boundary=b", "", octets)
        part = msgspec.structs.replace(
            entity.parts[0], content_type="image/jpeg", body=b"\xff\xd8"
        )
        _kind, _encoding, octets = encode_entity(
            msgspec.structs.replace(entity, parts=(part,))
        )
        self.assertIn(
            b"Content-Type: image/jpeg\r\nContent-ID: <a>\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n/9g=\r\n",
            octets,
        )

    def test_boundary_in_part(self) -> None:
        """A boundary that is in a part gives way to another one."""
        for body in (b"--b\r\n", b"x\r\n--b--\r\n", b"--\xff\n"):
            entity = multipart(
                "mixed", (leaf("text/plain", body), leaf("a/b", b"")), boundary="b"
            )
            kind, encoding, octets = encode_entity(entity)
            self.assertEqual(
                bodies(read_entity(kind, encoding, octets)), bodies(entity)
            )
        inner = multipart("mixed", (leaf("text/plain", b"x"),), boundary="b1")
        kind, _, octets = encode_entity(multipart("mixed", (inner,), boundary="b"))
        self.assertNotIn('"b"', kind)

    def test_hostile_fields(self) -> None:
        """No field of a part adds another, is 8 bit, or too long for a line."""
        entity = Entity(
            content_type='image/gif; name="b\u00e9.gif"\r\nX-Bad: 1',
            headers=(
                ("Content-Location", "a\r\nX-Bad: 2"),
                ("Content-Description", "caf\u00e9\r\n\r\nbody"),
                ("Content-Disposition", 'attachment; filename="\u00e9.gif"; a="\\""'),
                ("Content-ID", "<\u00e9 b>"),
                ("X-Bad\r\nX-Bad", "3"),
                ("X-Long", "x" * 1_000),
                ("Content-Type", "text/html"),
                ("Content-Type", "text/html"),
            ),
        )
        _, _, octets = encode_entity(multipart("mixed", (entity,), boundary="b"))
        message = parsed('multipart/mixed; boundary="b"', "7bit", octets)
        part = list(message.walk())[1]
        self.assertEqual(part["X-Bad"], None)
        self.assertEqual(part["X-Long"], None)
        self.assertEqual(part.get_all("Content-Type"), [part["Content-Type"]])
        self.assertEqual(part.get_content_type(), "image/gif")
        self.assertEqual(part.get_filename(), "\u00e9.gif")
        self.assertEqual(part["Content-Location"], "a X-Bad: 2")
        self.assertEqual(part["Content-ID"], "<%C3%A9 b>")
        self.assertTrue(octets.isascii() and is_line_safe(octets))

    def test_octets_of_no_charset(self) -> None:
        """Octets that are no UTF-8, as SIP lets them through, are written as U+FFFD."""
        kind = 'image/png; name="\udce9.png"'
        part = leaf(kind, b"x", content_id="<\udce9>", content_description="\udce9")
        for entity in (part, multipart("related", (part,), title="\udcff")):
            for written in (encode_entity(entity), to_cpm(entity)):
                written[0].encode()
                self.assertEqual(bodies(read_entity(*written)), bodies(entity))
        self.assertEqual(to_cpm(part)[0], 'image/png; name="\ufffd.png"')
        self.assertIn("%EF%BF%BD.png", encode_entity(part)[0])

    def test_fields_of_the_whole(self) -> None:
        """What describes a content stands in the header of the mail, once."""
        entity = leaf(
            "image/png",
            b"x",
            content_disposition='inline; filename="\u00e9.png"',
            content_location="a.png\r\nX: y",
            x_own="1",
            content_md5="abc",
            content_description="d" * 1_000,
        )
        entity = msgspec.structs.replace(
            entity, headers=(*entity.headers, ("CONTENT-location", "b.png"))
        )
        self.assertEqual(
            encoded(entity).fields(),
            (
                ("Content-Type", "image/png"),
                ("Content-Transfer-Encoding", "base64"),
                ("Content-Disposition", "inline; filename*=utf-8''%C3%A9.png"),
                ("Content-Location", "a.png X: y"),
            ),
        )
        self.assertEqual(
            fields_for_cpm(entity)[:2],
            (
                ("Content-Disposition", 'inline; filename="\u00e9.png"'),
                ("Content-Location", "a.png X: y"),
            ),
        )

    def test_long_type(self) -> None:
        """A type that fits on no line loses its parameters."""
        kind, _, _ = encode_entity(leaf("image/gif; name=" + "x" * 2_000, b""))
        self.assertEqual(kind, "image/gif")

    def test_signed(self) -> None:
        """Signed content stays as it is, octet for octet, as long as it can."""
        content = (
            b"--s\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n"
            b"\r\naGk=\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n"
            b"--s--"
        )
        kind = 'multipart/signed; boundary="s"; micalg=pgp-sha256'
        entity = read_entity(kind, "", content)
        self.assertEqual((entity.body, entity.parts), (content, ()))
        self.assertEqual(encode_entity(entity), (kind, "7bit", content + b"\r\n"))
        self.assertEqual(to_cpm(entity), (kind, "", content))
        raw = msgspec.structs.replace(entity, body=content.replace(b"x", b"\xff"))
        kind, encoding, octets = encode_entity(raw)
        found = read_entity(kind, encoding, octets)
        self.assertEqual([each.body for each in found.leaves()], [b"hi", b"\xff"])
        broken = msgspec.structs.replace(entity, body=b"\xff")
        self.assertRaises(MimeError, encode_entity, broken)

    @given(ENTITY)
    @settings(max_examples=300, deadline=None)
    def test_round_trip(self, entity: Entity) -> None:
        """Any entity comes back octet for octet, and SMTP can carry what is written."""
        kind, encoding, octets = encode_entity(entity)
        self.assertTrue(is_line_safe(octets))
        self.assertTrue(octets.isascii())
        self.assertTrue(octets.endswith(b"\r\n") or not octets)
        self.assertEqual(bodies(read_entity(kind, encoding, octets)), bodies(entity))

    @given(ENTITY)
    @settings(max_examples=200, deadline=None)
    def test_oracle(self, entity: Entity) -> None:
        """The standard library reads the same leaves."""
        message = parsed(*encode_entity(entity))
        found = [
            (each.get_content_type(), each.get_payload(decode=True))
            for each in message.walk()
            if each.get_content_maintype() != "multipart"
        ]
        self.assertEqual(found, bodies(entity))


class ForCpm(SynchronousTestCase):
    """Content for CPIM."""

    def test_raw(self) -> None:
        """Nothing is base64 that need not be."""
        picture = leaf("image/jpeg", b"\xff\x00\n", content_id="<\u00e9>")
        self.assertEqual(to_cpm(picture), ("image/jpeg", "binary", b"\xff\x00\n"))
        text = leaf("text/plain", b"hi")
        self.assertEqual(to_cpm(text), ("text/plain", "", b"hi"))
        _kind, encoding, octets = to_cpm(
            multipart("related", (text, picture), boundary="b")
        )
        self.assertEqual(encoding, "binary")
        self.assertEqual(
            octets,
            b"--b\r\n\r\nhi\r\n--b\r\nContent-Type: image/jpeg\r\n"
            b"Content-ID: <\xc3\xa9>\r\nContent-Transfer-Encoding: binary\r\n\r\n"
            b"\xff\x00\n\r\n--b--\r\n",
        )

    @given(ENTITY)
    @settings(max_examples=200, deadline=None)
    def test_round_trip(self, entity: Entity) -> None:
        """Any entity comes back octet for octet."""
        self.assertEqual(bodies(read_entity(*to_cpm(entity))), bodies(entity))

    def test_email_message(self) -> None:
        """What a mail program composed crosses unmodified [TS 6.3 2]."""
        message = EmailMessage()
        message.set_content("Grüße\n")
        message.add_attachment(b"\xff\xd8", "image", "jpeg", filename="a.jpg")
        whole = message.as_bytes(policy=policy.SMTP)
        _, _, body = whole.partition(b"\r\n\r\n")
        entity = read_entity(message["Content-Type"], "", body)
        kind, encoding, octets = to_cpm(entity)
        found = read_entity(kind, encoding, octets)
        self.assertEqual(
            [each.body for each in found.leaves()], ["Grüße\r\n".encode(), b"\xff\xd8"]
        )
        self.assertEqual(found.parts[1].disposition.parameter("filename"), "a.jpg")
