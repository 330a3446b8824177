"""Pictures: size, type, what is left out of them, and bombs."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

from PIL import Image, ImageOps
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from cpmgw.iwf.mms.adaptation.errors import CannotConvert
from cpmgw.iwf.mms.adaptation.pictures import Frame, convert, fits
from tests.iwf.mms.adaptation.samples import picture, seen


def frame(
    content_type: str = "image/jpeg",
    box: tuple[int, int] = (640, 480),
    most: int = 10_000_000,
    pixels: int = 1_000_000,
) -> Frame:
    """What is wanted of a picture."""
    return Frame(
        content_type=content_type,
        widest=box[0],
        highest=box[1],
        most=most,
        pixels=pixels,
    )


class Pictures(SynchronousTestCase):
    """What is made of them."""

    def test_box(self) -> None:
        """A picture is made to fit its box, its sides in the same ratio."""
        made = convert(picture(size=(800, 400)), frame(box=(200, 200)))
        self.assertEqual(seen(made), ("JPEG", (200, 100)))

    def test_smaller_is_left(self) -> None:
        """What is smaller than its box is not made larger."""
        made = convert(picture(size=(20, 10)), frame())
        self.assertEqual(seen(made), ("JPEG", (20, 10)))

    def test_types(self) -> None:
        """Each type that can be read becomes each that can be made."""
        for form in ("JPEG", "PNG", "GIF", "WEBP", "BMP"):
            for wanted, name in (
                ("image/jpeg", "JPEG"),
                ("image/png", "PNG"),
                ("image/gif", "GIF"),
            ):
                made = convert(picture(form), frame(wanted))
                self.assertEqual(seen(made), (name, (320, 240)), (form, wanted))

    def test_octets(self) -> None:
        """Quality goes first, then size, until it has as many octets as it may."""
        source = picture("PNG", (400, 300))
        for most in (60_000, 20_000, 5_000):
            made = convert(source, frame(most=most))
            self.assertLessEqual(len(made), most)
        self.assertLess(seen(made)[1][0], 400)

    def test_no_smaller(self) -> None:
        """At some size it is no picture any more; the smallest is known."""
        error = self.assertRaises(
            CannotConvert, convert, picture(size=(600, 40)), frame(most=100)
        )
        self.assertEqual(seen(error.smallest), ("JPEG", (600, 40)))

    def test_any_turn(self) -> None:
        """However a camera was held, and however large, it is turned upright."""
        for size in ((64, 32), (1_000, 500)):
            corners = Image.new("RGB", size, "white")
            corners.paste("red", (0, 0, size[0] // 2, size[1] // 2))
            corners.paste("blue", (size[0] // 2, 0, size[0], size[1] // 2))
            for turn in range(10):
                exif = Image.Exif()
                exif[0x0112] = turn
                made = io.BytesIO()
                corners.save(made, "PNG", exif=exif)
                with Image.open(made) as source:
                    wanted = ImageOps.exif_transpose(source)
                wanted.thumbnail((160, 120))
                found = io.BytesIO(
                    convert(made.getvalue(), frame("image/png", (160, 120)))
                )
                with Image.open(found) as shown:
                    self.assertEqual(shown.size, wanted.size)
                    for x in (0.2, 0.8):
                        for y in (0.2, 0.8):
                            at = int(x * shown.width), int(y * shown.height)
                            self.assertEqual(
                                shown.convert("RGB").getpixel(at),
                                wanted.convert("RGB").getpixel(at),
                                (size, turn, at),
                            )

    def test_broken_exif(self) -> None:
        """EXIF that nobody can read turns nothing."""
        for exif in (
            b"Exif\0\0",
            b"Exif\0\0MM\0*\0\0\0\1",
            b"Exif\0\0II*\0" + bytes(9),
        ):
            made = convert(picture(size=(80, 40), exif=exif), frame())
            self.assertEqual(seen(made), ("JPEG", (80, 40)))

    def test_transparency(self) -> None:
        """What is transparent becomes white where the type knows no transparency."""
        clear = io.BytesIO()
        Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(clear, "PNG")
        with Image.open(io.BytesIO(convert(clear.getvalue(), frame()))) as made:
            pixel = made.convert("RGB").getpixel((4, 4))
        self.assertEqual(pixel, (255, 255, 255))

    def test_turned_and_nameless(self) -> None:
        """It is turned as EXIF says, and what EXIF tells beside is left out."""
        exif = Image.Exif()
        exif[0x0112] = 6  # turned by a quarter
        exif[0x010E] = "at home"
        source = picture(size=(80, 40), exif=exif)
        made = convert(source, frame())
        self.assertEqual(seen(made), ("JPEG", (40, 80)))
        self.assertNotIn(b"at home", made)
        self.assertNotIn(b"Exif", made)

    def test_fits(self) -> None:
        """Whether it is in its box is known without decoding it."""
        self.assertTrue(fits(picture(size=(64, 48)), frame(box=(64, 48))))
        self.assertFalse(fits(picture(size=(65, 48)), frame(box=(64, 48))))
        self.assertRaises(CannotConvert, fits, b"no picture", frame())

    def test_broken(self) -> None:
        """What is no picture, or only the beginning of one, is not converted."""
        whole = picture()
        for octets in (b"", b"GIF89a", whole[:200], whole[: len(whole) // 2]):
            self.assertRaises(CannotConvert, convert, octets, frame())

    def test_bomb(self) -> None:
        """Few octets that are a huge picture are not decoded; at the limit they are."""
        octets = bomb(30_000, 30_000)
        self.assertLess(len(octets), 1_000)
        for work in (convert, fits):
            error = self.assertRaises(CannotConvert, work, octets, frame())
            self.assertTrue(error.bomb)
        limit = frame(pixels=320 * 240)
        self.assertEqual(seen(convert(picture(), limit))[0], "JPEG")
        below = frame(pixels=320 * 240 - 1)
        self.assertTrue(self.assertRaises(CannotConvert, fits, picture(), below).bomb)

    def test_scans(self) -> None:
        """A JPEG of more scans than any camera makes is refused, not decoded."""
        for count, pixels in ((100, 1_000_000), (20, 320 * 240)):
            limit = frame(pixels=pixels)
            self.assertEqual(seen(convert(scans(count), limit))[0], "JPEG")
            self.assertTrue(fits(scans(count), limit))
            for work in (convert, fits):
                error = self.assertRaises(CannotConvert, work, scans(count + 1), limit)
                self.assertTrue(error.bomb)

    def test_no_scans(self) -> None:
        """What looks like a scan in a remark, or behind the picture, is none."""
        marks = b"\xff\xda\x00\x08" * 200
        self.assertTrue(fits(picture(comment=marks) + marks, frame()))
        self.assertTrue(fits(picture(progressive=True), frame()))

    def test_segments(self) -> None:
        """A JPEG of more segments than any has is refused."""
        whole = picture()
        for count, is_bomb in ((9_900, False), (10_001, True)):
            octets = whole[:2] + b"\xff\xfe\x00\x02" * count + whole[2:]
            if is_bomb:
                error = self.assertRaises(CannotConvert, fits, octets, frame())
                self.assertTrue(error.bomb)
            else:
                self.assertTrue(fits(octets, frame()))

    def test_heavy_formats(self) -> None:
        """Of what takes more memory to decode there may be less."""
        for form in ("WEBP", "AVIF"):
            octets = picture(form, (40, 25))
            self.assertTrue(fits(octets, frame(pixels=1_600)))
            error = self.assertRaises(CannotConvert, fits, octets, frame(pixels=1_599))
            self.assertTrue(error.bomb)

    def test_memory(self) -> None:
        """A large picture is in memory once: no copy of its size is made."""
        path = Path(self.mktemp())
        with path.open("wb") as file:
            Image.new("RGBA", (4_000, 4_000)).save(file, "PNG")
        if not Path("/proc/self/status").exists():
            raise SkipTest("no /proc to see it by")
        for content_type in ("image/jpeg", "image/png"):
            ended = subprocess.run(
                [sys.executable, "-c", _PEAK, str(path), content_type],
                capture_output=True,
                check=True,
                timeout=60,
            )
            self.assertLess(int(ended.stdout), 64_000 * 1.4, content_type)


# Prints by how many KB a conversion has raised the peak of memory.
_PEAK = """
import sys
from pathlib import Path
from tests.iwf.mms.adaptation.test_pictures import convert, frame
def peak():
    (line,) = [e for e in open("/proc/self/status") if e.startswith("VmHWM")]
    return int(line.split()[1])
octets = Path(sys.argv[1]).read_bytes()
before = peak()
convert(octets, frame(sys.argv[2], pixels=16_000_000))
print(peak() - before)
"""


def scans(count: int) -> bytes:
    """A JPEG that goes over its pixels so many times."""
    whole = picture(progressive=True)
    last = whole.rindex(b"\xff\xda")
    found = whole.count(b"\xff\xda")
    return whole[:last] + whole[last:-2] * (count - found + 1) + whole[-2:]


def bomb(width: int, height: int) -> bytes:
    """A PNG of so many pixels, whatever its octets are."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )
