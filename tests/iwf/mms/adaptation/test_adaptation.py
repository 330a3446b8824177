"""Which parts of a message stay, become something else, or are left out (TS 6.3)."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import AdaptationConfig, MmscMedia
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.mms.adaptation.adaptation import Adaptation
from cpmgw.mm4.entity import Entity, leaf, multipart
from cpmgw.policy import Policy
from cpmgw.traffic import Traffic
from tests.iwf.mms.adaptation.samples import Bench, picture, seen
from tests.iwf.mms.adaptation.test_pictures import bomb

SMIL = leaf("application/smil", b"<smil/>", content_id="<smil>")
TEXT = leaf("text/plain; charset=UTF-8", b"hello")
LARGE = 1_000_000


class Adapting(SynchronousTestCase):
    """One relay that takes text, JPEG and AMR, and a workshop that works at once."""

    def setUp(self) -> None:
        self.bench = Bench()
        self.traffic = Traffic()
        self.clock = Clock()
        self.settings = AdaptationConfig(ffmpeg="no-such-program", pixels=2_000_000)
        self.adaptation = Adaptation(
            self.bench, lambda: self.settings, Policy, self.traffic, self.clock
        )
        self.media = self.of()

    def of(self, **keys: Any) -> MmscMedia:
        """What a relay takes."""
        types = ("text/plain", "image/jpeg", "audio/amr", "application/smil")
        return MmscMedia(**{"types": types, "widest": 640, "highest": 480, **keys})

    def adapt(self, entity: Entity, most: int = LARGE) -> Entity:
        """What is made of a content."""
        work = self.adaptation.adapt(entity, self.media, most)
        return self.successResultOf(Deferred.fromCoroutine(work))

    def refused(self, entity: Entity, most: int = LARGE) -> CannotInterwork:
        """Why nothing is made of a content."""
        work = self.adaptation.adapt(entity, self.media, most)
        failure = self.failureResultOf(Deferred.fromCoroutine(work), CannotInterwork)
        error: CannotInterwork = failure.value
        return error

    def test_unmodified(self) -> None:
        """What the relay takes stays the very same, SMIL included [TS 6.3 1]."""
        image = leaf("image/jpeg", picture(), content_location="a.jpg")
        whole = multipart("related", (SMIL, TEXT, image), start="<smil>")
        self.assertIs(self.adapt(whole), whole)
        self.assertEqual(self.traffic.adapted, {})

    def test_converted(self) -> None:
        """What it does not take is converted; what refers to it finds it."""
        image = leaf("image/png", picture("PNG"), content_location="a.png")
        made = self.adapt(multipart("mixed", (TEXT, image)))
        self.assertIs(made.parts[0], TEXT)
        self.assertEqual(made.parts[1].media_type.name, "image/jpeg")
        self.assertEqual(made.parts[1].get("Content-Location"), "a.png")
        self.assertEqual(seen(made.parts[1].body)[0], "JPEG")
        self.assertEqual(self.traffic.adapted, {("image", "converted"): 1})

    def test_alias(self) -> None:
        """image/jpg is what image/jpeg is."""
        image = leaf("image/jpg", picture())
        self.assertIs(self.adapt(image), image)

    def test_larger_than_its_box(self) -> None:
        """A picture of a type that it takes, too large for its screen, is resized."""
        made = self.adapt(leaf("image/jpeg", picture(size=(1280, 960))))
        self.assertEqual(seen(made.body), ("JPEG", (640, 480)))

    def test_html(self) -> None:
        """HTML becomes text."""
        made = self.adapt(leaf("text/html", b"<p>one</p><p>two</p>"))
        self.assertEqual(made.content_type, 'text/plain; charset="UTF-8"')
        self.assertIn(b"one", made.body)
        self.assertNotIn(b"<p>", made.body)

    def test_left_out(self) -> None:
        """What cannot be converted is left out, and the rest goes [TS 6.3 1e]."""
        clip = leaf("video/mp4", b"octets")
        inner = multipart("mixed", (leaf("application/pdf", b"%PDF"),))
        made = self.adapt(multipart("mixed", (TEXT, clip, inner)))
        self.assertEqual(made.parts, (TEXT,))
        self.assertEqual(
            self.traffic.adapted, {("video", "failed"): 1, ("other", "failed"): 1}
        )

    def test_nothing_left(self) -> None:
        """Nothing that MMS takes: 488; SMIL alone is no content [TS 6.3 1a]."""
        for entity in (
            leaf("application/pdf", b"%PDF"),
            multipart("related", (SMIL, leaf("video/mp4", b"x"))),
            multipart("mixed", ()),
            SMIL,
        ):
            error = self.refused(entity)
            self.assertEqual((error.status, error.cause), (488, "content"))
            self.assertIn("1a", error.section)

    def test_not_adapted(self) -> None:
        """By [mmsc.media] adapt nothing is converted, only left out."""
        self.media = self.of(adapt=False)
        image = leaf("image/png", picture("PNG"))
        self.assertEqual(self.adapt(multipart("mixed", (TEXT, image))).parts, (TEXT,))
        self.assertEqual(self.bench.done, [])
        large = leaf("image/jpeg", picture(size=(1280, 960)))
        self.assertIs(self.adapt(large), large)

    def test_size(self) -> None:
        """What is too large is made smaller, as much as it needs [TS 6.3 1b]."""
        one = leaf("image/jpeg", picture(size=(400, 300), quality=95))
        two = leaf("image/jpeg", picture(size=(200, 150), quality=95))
        whole = multipart("mixed", (TEXT, one, two))
        most = whole.size // 3
        made = self.adapt(whole, most)
        self.assertLessEqual(made.size, most)
        self.assertIs(made.parts[0], TEXT)
        self.assertTrue(all(seen(each.body) for each in made.parts[1:]))
        self.assertIs(self.adapt(whole, whole.size), whole)

    def test_large_and_small(self) -> None:
        """What is small already stays as it came beside what is large [TS 6.3 1b]."""
        types = ("image/jpeg", "image/gif", "audio/amr", "text/plain")
        self.media = self.of(types=types)
        photo = leaf("image/jpeg", picture(size=(640, 480), quality=95))
        dot = leaf("image/gif", picture("GIF", (2, 2)))
        sound = leaf("audio/amr", b"#!AMR\n" + bytes(12_000))
        whole = multipart("mixed", (dot, photo, sound, TEXT))
        for most in (whole.size // 3, 20_000):
            made = self.adapt(whole, most)
            self.assertLessEqual(made.size, most)
            self.assertIs(made.parts[0], dot)
            self.assertIs(made.parts[2], sound)
            self.assertEqual(seen(made.parts[1].body)[0], "JPEG")

    def test_no_smaller(self) -> None:
        """What does not get smaller stays, and the others make room for it.

        [TS 6.3 1b] [TS 6.3 1e]
        """
        photo = leaf("image/jpeg", picture(size=(640, 480), quality=95))
        for octets in (20_000, len(photo.body) + 1):
            sound = leaf("audio/amr", bytes(octets))  # no ffmpeg
            for parts in ((photo, sound), (sound, photo)):
                whole = multipart("mixed", parts)
                made = self.adapt(whole, octets + 9_000)
                self.assertLessEqual(made.size, octets + 9_000)
                self.assertTrue(any(each is sound for each in made.parts))
            self.assertEqual(self.refused(whole, octets).cause, "too-large")
            self.assertEqual(self.refused(whole, octets + 50).cause, "too-large")

    def test_as_small_as_it_gets(self) -> None:
        """Of what does not get small enough the smallest is taken."""
        self.media = self.of(picture="image/png", types=("image/png",))
        photo = leaf("image/png", picture("PNG", (300, 300)))
        bar = leaf("image/png", picture("PNG", (60, 480)))
        whole = multipart("mixed", (photo, bar))
        made = self.adapt(whole, 36_000)
        self.assertLessEqual(made.size, 36_000)
        self.assertEqual(seen(made.parts[1].body), ("PNG", (34, 270)))
        self.assertGreater(made.parts[1].size, 18_000)
        refusal = self.refused(multipart("mixed", (bar, bar)), 36_000)
        self.assertEqual(refusal.cause, "too-large")

    def test_too_large(self) -> None:
        """What cannot be made so small is 488 [TS 6.3 1b]."""
        text = leaf("text/plain", b"x" * 1_001)
        image = leaf("image/jpeg", picture())
        for entity, most in (
            (text, 1_000),
            (multipart("mixed", (text, image)), 1_001),
            (image, 100),
        ):
            error = self.refused(entity, most)
            self.assertEqual((error.status, error.cause), (488, "too-large"))
            self.assertIn("1b", error.section)

    def test_bomb(self) -> None:
        """A decompression bomb refuses the message, be its type taken or not."""
        for content_type in ("image/png", "image/jpeg"):
            image = leaf(content_type, bomb(30_000, 30_000))
            error = self.refused(multipart("mixed", (TEXT, image)))
            self.assertEqual((error.status, error.cause), (488, "content"))

    def test_unreadable(self) -> None:
        """A picture that nobody can read goes as it came, if its type is taken."""
        image = leaf("image/jpeg", b"not a picture at all")
        self.assertIs(self.adapt(image), image)

    def test_busy(self) -> None:
        """Where too much waits the message is to come again: 503."""
        self.bench.is_busy = True
        error = self.refused(leaf("image/png", picture("PNG")))
        self.assertEqual((error.status, error.cause), (503, "busy"))
        self.assertEqual(error.headers[0][0], "Retry-After")
        self.assertEqual(self.traffic.adapted, {("image", "busy"): 1})

    def test_too_long(self) -> None:
        """What waits or works for too long is to come again: 503, and is taken back."""
        self.bench.is_stuck = True
        image = leaf("image/png", picture("PNG"))
        work = Deferred.fromCoroutine(self.adaptation.adapt(image, self.media, LARGE))
        most = self.settings.timeout * 2
        self.clock.advance(most - 0.1)
        self.assertNoResult(work)
        self.clock.advance(0.1)
        error = self.failureResultOf(work, CannotInterwork).value
        assert isinstance(error, CannotInterwork)
        self.assertEqual((error.status, error.cause), (503, "busy"))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_many_together_too_long(self) -> None:
        """The time is for all parts together."""
        image = leaf("image/png", picture("PNG"))
        self.bench.takes = lambda: self.clock.advance(self.settings.timeout)
        error = self.refused(multipart("mixed", (image, image, image)))
        self.assertEqual((error.status, error.cause), (503, "busy"))
        self.assertEqual(self.bench.done, ["convert", "convert"])
        self.bench.done.clear()
        self.assertEqual(len(self.adapt(multipart("mixed", (image, image))).parts), 2)
