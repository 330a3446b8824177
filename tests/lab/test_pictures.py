"""What the lab's people see of content, and the photograph that they send."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.lab.pictures import (
    content_details,
    content_of,
    landscape,
    picture_of,
    pictures_in,
    smil_in,
    text_in,
)
from cpmgw.mm4.entity import Entity, leaf, multipart, to_cpm
from cpmgw.mm4.smil import with_smil

PHOTO = landscape(160, 120)


def letter() -> Entity:
    """Two texts, a picture and a sound, with SMIL."""
    return with_smil(
        multipart(
            "mixed",
            (
                leaf("text/plain; charset=utf-8", "Grüße".encode()),
                leaf("image/jpeg", PHOTO),
                leaf("text/plain; charset=iso-8859-1", "Zoë".encode("latin-1")),
                leaf("audio/amr", b"#!AMR\n" + bytes(3_000)),
                leaf("video/mp4", b""),
            ),
        )
    )


class PictureTests(SynchronousTestCase):
    def test_landscape(self) -> None:
        """It is a JPEG of the pixels asked for, and always the same."""
        picture = picture_of(leaf("image/jpeg", PHOTO))
        assert picture is not None
        self.assertEqual((picture.width, picture.height), (160, 120))
        self.assertEqual(landscape(160, 120), PHOTO)
        self.assertEqual(str(picture), f"▣ image/jpeg 160x120, {_kilo(PHOTO)} KB")

    def test_none(self) -> None:
        """What is no picture, or a broken one, is none."""
        for each in (
            leaf("text/plain", b"x"),
            leaf("image/jpeg", b"x"),
            leaf("image/jpeg", PHOTO[: len(PHOTO) // 2]),
            leaf("image/png", b""),
        ):
            self.assertIsNone(picture_of(each))

    def test_looked_into(self) -> None:
        """Texts in their charsets, pictures and SMIL are found at any depth."""
        entity = multipart("mixed", (letter(),))
        self.assertEqual(text_in(entity), "Grüße\nZoë")
        self.assertEqual([each.octets for each in pictures_in(entity)], [PHOTO])
        self.assertIn("<smil>", smil_in(entity))
        self.assertEqual(smil_in(leaf("text/plain", b"x")), "")

    def test_details(self) -> None:
        """The ladder shows texts, pictures and other clips; no SMIL, nothing empty."""
        self.assertEqual(
            [*content_details(letter())],
            [
                '"Grüße"',
                f"▣ image/jpeg 160x120, {_kilo(PHOTO)} KB",
                '"Zoë"',
                "▣ audio/amr, 3 KB",
            ],
        )

    def test_content(self) -> None:
        """What CPIM carries is taken apart; what cannot be is one part."""
        kind, encoding, octets = to_cpm(letter())
        self.assertEqual(text_in(content_of(kind, encoding, octets)), "Grüße\nZoë")
        broken = content_of("multipart/mixed", "", b"no boundary at all")
        self.assertEqual([*broken.leaves()], [broken])


def _kilo(octets: bytes) -> int:
    return round(len(octets) / 1024)
