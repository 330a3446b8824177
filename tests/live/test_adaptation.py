"""Sound and video through ffmpeg, as a relay takes them (TS 6.3)."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from cpmgw.iwf.mms.adaptation.clips import Clip, convert
from cpmgw.iwf.mms.adaptation.errors import CannotConvert
from tests.live.case import LiveTestCase, command, program

LARGE = 10_000_000


class Clips(LiveTestCase):
    """What ffmpeg makes within its limits; it runs here as in a thread."""

    needs = (command("ffmpeg", "ffmpeg"), command("ffprobe", "ffmpeg"))

    def clip(self, content_type: str, most: int = LARGE, **limits: Any) -> Clip:
        """What is wanted of a clip."""
        ffmpeg = program("ffmpeg")
        assert ffmpeg is not None
        values = {"timeout": 30.0, "memory": 1024**3, "ffmpeg": ffmpeg, **limits}
        return Clip(content_type=content_type, most=most, **values)

    def sample(self, name: str, *arguments: str) -> bytes:
        """A clip of ffmpeg's own test pattern or tone."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            given = (program("ffmpeg"), "-nostdin", "-loglevel", "error", *arguments)
            subprocess.run([*map(str, given), str(path)], check=True, timeout=60)
            return path.read_bytes()

    def tone(self, name: str, seconds: int = 2) -> bytes:
        """A tone."""
        source = f"sine=frequency=440:duration={seconds}"
        return self.sample(name, "-f", "lavfi", "-i", source)

    def pattern(self, seconds: int = 2) -> bytes:
        """A video of 720 lines with a tone."""
        return self.sample(
            "pattern.mp4",
            *("-f", "lavfi", "-i", f"testsrc=size=1280x720:rate=25:duration={seconds}"),
            *("-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}"),
            *("-c:v", "mpeg4", "-c:a", "aac", "-shortest"),
        )

    def test_sound(self) -> None:
        """A tone becomes AMR or MP3, whatever it came as."""
        for name, content_type in (
            ("tone.wav", "audio/wav"),
            ("tone.mp3", "audio/mpeg"),
            ("tone.ogg", "audio/ogg"),
            ("tone.m4a", "audio/mp4"),
        ):
            octets = self.tone(name)
            made = convert(octets, content_type, self.clip("audio/amr"))
            self.assertTrue(made.startswith(b"#!AMR\n"), name)
            self.assertLess(len(made), 5_000)
        made = convert(octets, content_type, self.clip("audio/mpeg"))
        self.assertTrue(made.startswith((b"ID3", b"\xff")))

    def test_video(self) -> None:
        """A video becomes 3GP or MP4 of the size that it may have."""
        octets = self.pattern(4)
        for content_type, most in (
            ("video/3gpp", 300_000),
            ("video/3gpp", 60_000),
            ("video/mp4", 100_000),
        ):
            made = convert(octets, "video/mp4", self.clip(content_type, most))
            self.assertEqual(made[4:8], b"ftyp")
            self.assertLessEqual(len(made), most)

    def test_too_long(self) -> None:
        """More seconds than its octets can hold are not converted."""
        wanted = self.clip("video/3gpp", 10_000)
        self.assertRaises(CannotConvert, convert, self.pattern(4), "video/mp4", wanted)
        sound = self.clip("audio/amr", 1_000)
        self.assertRaises(
            CannotConvert, convert, self.tone("t.wav"), "audio/wav", sound
        )

    def test_playlist(self) -> None:
        """A playlist that is said to be a clip opens no other file."""
        secret = Path(self.folder, "secret.wav")
        secret.write_bytes(self.tone("tone.wav"))
        for octets in (
            f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\nfile:{secret}\n".encode(),
            f"ffconcat version 1.0\nfile '{secret}'\n".encode(),
        ):
            for content_type in ("audio/mpeg", "audio/mp4", "audio/wav", "audio/aac"):
                wanted = self.clip("audio/amr")
                self.assertRaises(CannotConvert, convert, octets, content_type, wanted)

    def test_limits(self) -> None:
        """Time and memory end it; nothing of it is left."""
        octets = self.pattern(20)
        before = set(Path(tempfile.gettempdir()).glob("cpmgw-clip-*"))
        for limits in ({"timeout": 0.05}, {"memory": 10 * 1024**2}):
            wanted = self.clip("video/3gpp", **limits)
            self.assertRaises(CannotConvert, convert, octets, "video/mp4", wanted)
        left = set(Path(tempfile.gettempdir()).glob("cpmgw-clip-*"))
        self.assertEqual(left - before, set())

    def test_all_of_it(self) -> None:
        """Its time is for all that is tried, not for each time."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        made = "sleep 0.4; for last; do :; done; printf %03000d 7 > ${last#file:}"
        for name, words in (("ffmpeg", made), ("ffprobe", "echo 0.1")):
            path = folder / name
            path.write_text(f"#!/bin/sh\n{words}\n")
            path.chmod(0o755)
        for timeout, why in ((0.7, "longer than"), (30.0, "no clip of 2000")):
            wanted = self.clip(
                "video/3gpp", 2_000, ffmpeg=str(folder / "ffmpeg"), timeout=timeout
            )
            error = self.assertRaises(CannotConvert, convert, b"x", "video/mp4", wanted)
            self.assertIn(why, str(error))

    def test_garbage(self) -> None:
        """What is no clip, and a program that is not there, make none."""
        wanted = self.clip("audio/amr")
        self.assertRaises(CannotConvert, convert, b"noise" * 100, "audio/ogg", wanted)
        self.assertRaises(CannotConvert, convert, b"x", "application/pdf", wanted)
        nobody = self.clip("audio/amr", ffmpeg="no-such-program")
        self.assertRaises(CannotConvert, convert, b"x", "audio/ogg", nobody)
