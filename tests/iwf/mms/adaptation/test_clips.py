"""What a program that converts clips may use; programs of a few words stand for it."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.iwf.mms.adaptation import clips
from cpmgw.iwf.mms.adaptation.clips import Clip, convert
from cpmgw.iwf.mms.adaptation.errors import CannotConvert

MEMORY = 64 * 1024**2
# The last argument is the file that is to be made.
MAKE = 'for last; do :; done; made="${last#file:}"\n'


class Running(SynchronousTestCase):
    def program(self, words: str) -> Clip:
        """A clip that is to be made by a program; of 1,000 octets at the most."""
        folder = Path(self.mktemp())
        folder.mkdir()
        path = folder.absolute() / "ffmpeg"
        path.write_text(f"#!/bin/sh\n{MAKE}{words}\n")
        path.chmod(0o755)
        return Clip(
            content_type="audio/amr",
            most=1_000,
            ffmpeg=str(path),
            timeout=20.0,
            memory=MEMORY,
        )

    def make(self, words: str) -> bytes:
        """What a program makes of a clip."""
        return convert(b"octets", "audio/wav", self.program(words))

    def refused(self, words: str) -> CannotConvert:
        """Why nothing is made of it."""
        wanted = self.program(words)
        error = self.assertRaises(CannotConvert, convert, b"x", "audio/wav", wanted)
        assert isinstance(error, CannotConvert)
        return error

    def test_limits(self) -> None:
        """It has its limits before it has done anything."""
        for option, wanted in (("-v", MEMORY // 1024), ("-t", 41), ("-c", 0)):
            made = self.make(f'ulimit {option} > "$made"')
            self.assertEqual(int(made), wanted, option)

    def test_limits_later(self) -> None:
        """Without what sets them before, it has them soon after."""
        self.patch(clips, "_LIMITER", "no-such-program")
        words = 'while [ $(ulimit -v) = unlimited ]; do :; done; ulimit -v > "$made"'
        self.assertEqual(int(self.make(words)), MEMORY // 1024)

    def test_talks_on(self) -> None:
        """What it complains of is no longer than a clip, and is not kept."""
        error = self.refused("while :; do printf '%01000d' 7 >&2 || exit; done")
        self.assertIn("ffmpeg", str(error))
        error = self.refused("while :; do printf '%01000d' 7 || exit; done")
        self.assertIn("ffmpeg", str(error))

    def test_why(self) -> None:
        """Why it failed is told in a few words."""
        self.assertEqual(str(self.refused("echo odd >&2; exit 3")), "ffmpeg: odd")
        self.assertEqual(str(self.refused("exit 0")), "ffmpeg made nothing")

    def test_smallest(self) -> None:
        """What is still too large is known."""
        error = self.refused("printf '%02000d' 7 > \"$made\"")
        self.assertEqual(len(error.smallest), 2_000)
