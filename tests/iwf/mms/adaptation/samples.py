"""Pictures and other content to adapt, made as they are asked for."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from typing import Any

from PIL import Image
from twisted.internet.defer import Deferred, fail, maybeDeferred
from zope.interface import implementer

from cpmgw.errors import TooBusy
from cpmgw.interfaces import IWorkshop


@implementer(IWorkshop)
class Bench:
    """A workshop that works at once; with `is_busy` it takes nothing on.

    With `is_stuck` what it takes on waits and is never done.
    """

    def __init__(self) -> None:
        self.waiting = 0
        self.is_busy = False
        self.is_stuck = False
        self.done: list[str] = []
        self.takes: Callable[[], None] = lambda: None

    def do(self, work: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        """Do work now."""
        if self.is_busy:
            return fail(TooBusy("3 pieces of work wait already"))
        if self.is_stuck:
            return Deferred()
        self.done.append(work.__name__)
        self.takes()
        return maybeDeferred(work, *arguments)


def picture(
    form: str = "JPEG",
    size: tuple[int, int] = (320, 240),
    mode: str = "RGB",
    **options: Any,
) -> bytes:
    """A picture of noise, which compresses badly."""
    width, height = size
    bands = len(Image.new(mode, (1, 1)).getbands())
    noise = random.Random(7).randbytes(width * height * bands)
    made = io.BytesIO()
    Image.frombytes(mode, size, noise).save(made, form, **options)
    return made.getvalue()


def seen(octets: bytes) -> tuple[str | None, tuple[int, int]]:
    """The format and size of a picture."""
    with Image.open(io.BytesIO(octets)) as found:
        found.load()
        return found.format, found.size
