"""Sound and video through ffmpeg, where it is installed. For a thread: it takes time.

It runs in a process of its own with limits of time, memory and output, and reads its
input as what it is said to be: a playlist in disguise would have it open other files.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from cpmgw.iwf.mms.adaptation.errors import CannotConvert

# The demuxer of each type that is read.
_DEMUXERS: Final[Mapping[str, str]] = {
    "audio/amr": "amr",
    "audio/3gpp": "mov",
    "audio/aac": "aac",
    "audio/mp4": "mov",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/opus": "ogg",
    "audio/wav": "wav",
    "audio/webm": "matroska",
    "audio/flac": "flac",
    "video/3gpp": "mov",
    "video/3gpp2": "mov",
    "video/avi": "avi",
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
    "video/ogg": "ogg",
}
SOURCES: Final = frozenset(_DEMUXERS)

_QUIET: Final = ("-nostdin", "-hide_banner", "-loglevel", "error")
_LOCAL: Final = ("-protocol_whitelist", "file")
# What is common to all that handsets play (3GPP TS 26.140 4.3 to 4.8).
_AAC: Final = ("-c:a", "aac", "-ac", "1", "-b:a", "24k")
_AMR: Final = ("-c:a", "libopencore_amrnb", "-ar", "8000", "-ac", "1", "-b:a", "12.2k")
_SOUNDS: Final[Mapping[str, tuple[str, ...]]] = {
    "audio/amr": ("-vn", *_AMR, "-f", "amr"),
    "audio/mpeg": ("-vn", "-c:a", "libmp3lame", "-ac", "1", "-b:a", "32k", "-f", "mp3"),
}
_VIDEOS: Final[Mapping[str, tuple[str, ...]]] = {
    "video/3gpp": ("-c:v", "mpeg4", *_AMR, "-f", "3gp"),
    "video/mp4": (
        "-c:v",
        "mpeg4",
        "-c:a",
        "aac",
        "-ac",
        "1",
        "-b:a",
        "24k",
        "-f",
        "mp4",
    ),
}
# Nothing is left of what the file tells beside its content.
_PLAIN: Final = ("-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn")
# Bits a second: of video at the least and at the most, and of the sound beside it.
_LEAST_RATE: Final = 24_000
_MOST_RATE: Final = 400_000
_SOUND_RATE: Final = 25_000
# How much of the octets a video is to fill: no encoder keeps to its rate exactly.
_FILLED: Final = (0.85, 0.6, 0.4)
_WIDEST: Final = 320
_HIGHEST: Final = 240
_BITS: Final = 8
# Seconds of processor for each of the time that a clip may take.
_CPU: Final = 2
_FILE_SLACK: Final = 1_048_576
# Sets limits and then becomes the program that they are for (util-linux).
_LIMITER: Final = "prlimit"
# What is read of what a program says, from the beginning.
_MOST_SAID: Final = 65_536


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """What a clip has to become: its type, its octets at most.

    `ffmpeg` is the program, `timeout` the seconds that all of it may take, `memory` the
    octets that it may use.
    """

    content_type: str
    most: int
    ffmpeg: str
    timeout: float
    memory: int


class _Work(NamedTuple):
    """A clip at work: in a folder of its own, until a time."""

    clip: Clip
    program: str
    given: tuple[str, ...]
    folder: Path
    until: float


def convert(octets: bytes, content_type: str, clip: Clip) -> bytes:
    """Make the clip; CannotConvert where ffmpeg is missing, fails or takes too long."""
    until = time.monotonic() + clip.timeout
    demuxer = _DEMUXERS.get(content_type)
    program = shutil.which(clip.ffmpeg)
    if demuxer is None or program is None:
        raise CannotConvert("no ffmpeg" if demuxer else f"cannot read {content_type}")
    smallest = b""
    with tempfile.TemporaryDirectory(prefix="cpmgw-clip-") as name:
        source, target = Path(name, "in"), Path(name, "out")
        source.write_bytes(octets)
        given = (*_LOCAL, "-f", demuxer, "-i", f"file:{source}")
        work = _Work(clip, program, given, Path(name), until)
        for wanted in _ways(work):
            target.unlink(missing_ok=True)
            _run((program, *_QUIET, *given, *_PLAIN, *wanted, f"file:{target}"), work)
            made = target.read_bytes() if target.exists() else b""
            if not made:
                raise CannotConvert("ffmpeg made nothing")
            if len(made) <= clip.most:
                return made
            smallest = made
    raise CannotConvert(f"no clip of {clip.most} octets", smallest=smallest)


def _ways(work: _Work) -> Iterator[tuple[str, ...]]:
    """The arguments for what is wanted, and for less and less of it."""
    clip = work.clip
    if clip.content_type in _SOUNDS:
        yield _SOUNDS[clip.content_type]
        return
    seconds = _duration(work)
    for filled in _FILLED:
        yield _video(seconds, clip, filled)


def _video(seconds: float, clip: Clip, filled: float) -> tuple[str, ...]:
    """The arguments for a video that fills so much of its octets."""
    rate = int(clip.most * _BITS * filled / max(seconds, 0.1)) - _SOUND_RATE
    if rate < _LEAST_RATE:
        raise CannotConvert(f"{seconds:.0f} seconds of video do not fit")
    rate = min(rate, _MOST_RATE)
    scale = (
        f"scale=w='min({_WIDEST},iw)':h='min({_HIGHEST},ih)'"
        ":force_original_aspect_ratio=decrease:force_divisible_by=2"
    )
    bounded = ("-b:v", str(rate), "-maxrate", str(rate), "-bufsize", str(2 * rate))
    return ("-vf", scale, "-r", "15", *bounded, *_VIDEOS[clip.content_type])


def _duration(work: _Work) -> float:
    """The seconds of a clip, by what stands beside ffmpeg."""
    probe = str(Path(work.program).with_name("ffprobe"))
    asked = ("-show_entries", "format=duration", "-of", "csv=p=0")
    quiet = ("-hide_banner", "-loglevel", "error")
    told = _run((probe, *quiet, *work.given, *asked), work)
    try:
        return float(told.strip() or b"nan")
    except ValueError as error:
        raise CannotConvert("no duration") from error


def _run(arguments: Sequence[str], work: _Work) -> bytes:
    """Run a program within its limits; what it has said, CannotConvert if it fails.

    What it says goes to files, which are no larger than a clip may be.
    """
    said, complained = work.folder / "said", work.folder / "complained"
    limiter = shutil.which(_LIMITER)
    limits = _limits(work.clip)
    try:
        with (
            said.open("wb") as output,
            complained.open("wb") as errors,
            subprocess.Popen(
                _limited(limiter, limits, arguments) if limiter else arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env={"LC_ALL": "C"},
            ) as process,
        ):
            try:
                if limiter is None:
                    _limit(process.pid, limits)
                process.wait(max(0, work.until - time.monotonic()))
            finally:
                process.kill()
    except subprocess.TimeoutExpired as error:
        raise CannotConvert(f"longer than {work.clip.timeout} seconds") from error
    except OSError as error:
        raise CannotConvert(f"no {arguments[0]}: {error}") from error
    if process.returncode:
        words = _beginning(complained).decode("utf-8", "replace").strip()[-200:]
        raise CannotConvert(f"ffmpeg: {words or process.returncode}")
    return _beginning(said)


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST_SAID)


def _limits(clip: Clip) -> Mapping[str, int]:
    """The limits of a process, by what util-linux calls them."""
    return {
        "cpu": int(clip.timeout * _CPU) + 1,
        "as": clip.memory,
        "fsize": clip.most + _FILE_SLACK,
        "core": 0,
    }


def _limited(
    limiter: str, limits: Mapping[str, int], arguments: Sequence[str]
) -> tuple[str, ...]:
    """The arguments of a program that has its limits before it begins."""
    options = [f"--{name}={most}:{most}" for name, most in limits.items()]
    return (limiter, *options, "--", *arguments)


def _limit(process: int, limits: Mapping[str, int]) -> None:
    """Set the limits of a process that has begun, as soon as can be."""
    for name, most in limits.items():
        kind = getattr(resource, f"RLIMIT_{name.upper()}")
        try:
            resource.prlimit(process, kind, (most, most))
        except ProcessLookupError:  # it has ended
            return
