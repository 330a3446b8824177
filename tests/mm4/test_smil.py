"""Tests of cpmgw.mm4.smil."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.mm4.entity import Entity, leaf, multipart, read_entity
from cpmgw.mm4.smil import has_smil, with_smil
from tests.mm4.written import encode_entity

TEXT = leaf("text/plain; charset=utf-8", b"hello")
PICTURE = leaf("image/jpeg", b"\xff\xd8")
SOUND = leaf("audio/amr", b"#!AMR")
VIDEO = leaf("video/3gpp", b"ftyp")
CARD = leaf("text/x-vcard", b"BEGIN:VCARD")
SMIL = leaf("application/smil", b"<smil/>", content_id="<s>")


def shown(entity: Entity) -> list[tuple[str | None, list[tuple[str, str]]]]:
    """The duration of each <par>, and what is in it."""
    root = etree.fromstring(entity.parts[0].body)
    return [
        (par.get("dur"), [(str(each.tag), each.get("src", "")) for each in par])
        for par in root.iter("par")
    ]


class Having(SynchronousTestCase):
    """Whether there is SMIL."""

    def test_root(self) -> None:
        """SMIL wherever it stands: who made it wants it to be used. [TS 6.3 1]"""
        for entity in (
            SMIL,
            leaf("application/smil+xml", b""),
            multipart("related", (SMIL, TEXT)),
            multipart("related", (TEXT, SMIL), start="<s>"),
            multipart("related", (TEXT, SMIL), start="s"),
            multipart("mixed", (SMIL, TEXT)),
            multipart("mixed", (multipart("related", (SMIL,)),)),
            multipart("mixed", (PICTURE, SMIL)),
            multipart("related", (SMIL, TEXT.with_fields(content_id="t")), start="<t>"),
        ):
            self.assertTrue(has_smil(entity))
            self.assertIs(with_smil(entity), entity)

    def test_none(self) -> None:
        """Elsewhere it is none."""
        for entity in (
            TEXT,
            multipart("related", (TEXT, PICTURE)),
            multipart("mixed", ()),
        ):
            self.assertFalse(has_smil(entity))


class Making(SynchronousTestCase):
    """SMIL of ours."""

    def test_unmodified(self) -> None:
        """What has SMIL stays as it is [TS 6.3 1]."""
        entity = multipart("related", (SMIL, TEXT))
        self.assertIs(with_smil(entity, "x"), entity)

    def test_related(self) -> None:
        """A multipart/related whose root is the SMIL, and the leaves as they were."""
        entity = with_smil(multipart("mixed", (TEXT, PICTURE)))
        kind = entity.media_type
        self.assertEqual(kind.name, "multipart/related")
        self.assertEqual(kind.parameter("type"), "application/smil")
        self.assertEqual(kind.parameter("start"), entity.parts[0].get("Content-ID"))
        self.assertTrue(has_smil(entity))
        self.assertEqual(
            [each.body for each in entity.parts[1:]], [TEXT.body, PICTURE.body]
        )

    def test_single(self) -> None:
        """A message of one part gets one as well."""
        entity = with_smil(PICTURE)
        self.assertEqual(shown(entity), [("5000ms", [("img", "image1.jpg")])])

    def test_layout(self) -> None:
        """A root layout with its size, and the regions that are used."""
        root = etree.fromstring(
            with_smil(multipart("mixed", (TEXT, VIDEO))).parts[0].body
        )
        layout = root.find("head/layout/root-layout")
        assert layout is not None
        self.assertEqual((layout.get("width"), layout.get("height")), ("320", "480"))
        regions = {each.get("id") for each in root.iter("region")}
        used = {each.get("region") for each in root.iter("text", "video")}
        self.assertEqual((regions, used), ({"Image", "Text"}, {"Image", "Text"}))

    def test_slides(self) -> None:
        """A <par> for each picture, sound and video, with the text next to it."""
        entity = with_smil(
            multipart("mixed", (TEXT, PICTURE, PICTURE, TEXT, SOUND, VIDEO, TEXT, TEXT))
        )
        self.assertEqual(
            shown(entity),
            [
                ("5000ms", [("img", "image2.jpg"), ("text", "text1.txt")]),
                ("5000ms", [("img", "image3.jpg"), ("text", "text4.txt")]),
                (None, [("audio", "audio5.amr")]),
                (None, [("video", "video6.3gp"), ("text", "text7.txt")]),
                ("5000ms", [("text", "text8.txt")]),
            ],
        )

    def test_left_out(self) -> None:
        """Attachments and other kinds are there, and not shown."""
        attached = PICTURE.with_fields(content_disposition="attachment; filename=a.jpg")
        entity = with_smil(multipart("mixed", (attached, CARD, TEXT)))
        self.assertEqual(shown(entity), [("5000ms", [("text", "text3.txt")])])
        self.assertEqual(len(entity.parts), 4)
        self.assertEqual(entity.parts[1].get("Content-Location"), "a.jpg")

    def test_alternative(self) -> None:
        """Of alternatives the plain text is taken, or the last."""
        html = leaf("text/html", b"<b>hello")
        for parts, wanted in (
            ((TEXT, html), TEXT.body),
            ((html, CARD), CARD.body),
        ):
            entity = with_smil(multipart("alternative", parts))
            self.assertEqual([each.body for each in entity.parts[1:]], [wanted])

    def test_choice(self) -> None:
        """Alternatives that are more than text stay, for who shows them to choose."""
        choice = multipart("alternative", (TEXT, PICTURE))
        for entity in (
            choice,
            multipart("mixed", (TEXT, choice)),
            multipart("alternative", (TEXT, multipart("related", (CARD, PICTURE)))),
        ):
            self.assertIs(with_smil(entity), entity)

    def test_seven_bit(self) -> None:
        """It goes as it is: in lines of ASCII, and not encoded."""
        entity = with_smil(multipart("mixed", (TEXT, PICTURE)), "Grüße 😀")
        octets = entity.parts[0].body
        self.assertTrue(octets.isascii())
        self.assertIn(b"\r\n", octets)
        self.assertNotIn(b"\n", octets.replace(b"\r\n", b""))
        (meta,) = etree.fromstring(octets).iter("meta")
        self.assertEqual(meta.get("content"), "Grüße 😀")
        _, _, written = encode_entity(entity)
        self.assertIn(octets, written)
        head = written[: written.index(b"<smil>")].lower()
        self.assertNotIn(b"quoted-printable", head)
        self.assertNotIn(b"base64", head)

    def test_names(self) -> None:
        """Names that are there are used; every part has one of its own."""
        entity = with_smil(
            multipart(
                "mixed",
                (
                    PICTURE.with_fields(content_location="a&b.jpg"),
                    PICTURE.with_fields(content_id="<y@z>"),
                    PICTURE.with_fields(content_location="a&b.jpg"),
                    leaf("image/png; name=own.png", b""),
                    leaf("image/png; name=own.png", b""),
                    leaf("image/x-strange-thing; name=../../etc", b""),
                    PICTURE.with_fields(content_location="smil.xml"),
                    PICTURE.with_fields(content_location="my \u00e9.jpg"),
                ),
            )
        )
        sources = [src for _, [(_, src)] in shown(entity)]
        self.assertEqual(
            sources,
            [
                "a&b.jpg",
                "cid:y@z",
                "image3.jpg",
                "own.png",
                "image5.png",
                "image6.bin",
                "image7.jpg",
                "image8.jpg",
            ],
        )
        self.assertEqual(entity.parts[4].get("Content-ID"), "<own.png>")
        self.assertEqual(entity.parts[2].get("Content-Location"), "")

    def test_title(self) -> None:
        """A title that says anything is text and nothing else."""
        title = 'a"<b>&\x00\r\n'
        root = etree.fromstring(with_smil(TEXT, title).parts[0].body)
        (meta,) = root.iter("meta")
        self.assertEqual(meta.get("content"), 'a"<b>&')

    @given(
        st.lists(
            st.builds(
                leaf,
                st.sampled_from(["image/gif", "text/plain", "video/mp4", "a/b"]),
                st.binary(max_size=9),
                content_location=st.text(max_size=9),
                content_id=st.text(max_size=9),
            ),
            max_size=6,
        ),
        st.text(max_size=20),
    )
    @settings(max_examples=200, deadline=None)
    def test_any_parts(self, parts: list[Entity], title: str) -> None:
        """Any names of any parts: well-formed, every leaf kept, nothing shown twice."""
        entity = with_smil(multipart("mixed", parts), title)
        sources = [src for _, items in shown(entity) for _, src in items]
        self.assertEqual(len(sources), len(set(sources)))
        found = read_entity(*encode_entity(entity))
        self.assertEqual(
            [each.body for each in found.parts[1:]], [each.body for each in parts]
        )
