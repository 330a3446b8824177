"""The tables of a configuration that are about mail: MM4."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from cpmgw.config.kinds import (
    Count,
    Host,
    MediaRange,
    Name,
    OptionalHost,
    Port,
    Prefix,
    Seconds,
    Section,
)

Pixels = Annotated[int, msgspec.Meta(ge=16, le=16_384)]
# As [policy.mms] max_size, or 0.
MostOctets = Annotated[int, msgspec.Meta(ge=0, le=104_857_600)]
# Parts of an MM4 version, "6.3.0" (3GPP TS 23.140 8.4.4).
Version = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A[0-9]{1,3}(\.[0-9]{1,3}){2}\Z",
        description='a version of MM4 ("6.3.0")',
    ),
]


class MailTlsConfig(Section, frozen=True, kw_only=True):
    """[mmsc.tls]: TLS towards a relay (RFC 3207); all files are PEM.

    "starttls" goes on without where the relay does not offer it, "require" does not.
    """

    mode: Literal["none", "starttls", "require"] = "starttls"
    authority: str = ""
    certificate: str = ""
    key: str = ""
    hostname: OptionalHost = ""


class MmscMedia(Section, frozen=True, kw_only=True):
    """[mmsc.media]: what one MMS relay takes; sizes in octets, pictures in pixels."""

    types: tuple[MediaRange, ...] = (
        "text/plain",
        "text/x-vcard",
        "text/vcard",
        "text/x-vcalendar",
        "text/calendar",
        "application/smil",
        "image/jpeg",
        "image/gif",
        "image/png",
        "image/vnd.wap.wbmp",
        "audio/amr",
        "audio/mpeg",
        "audio/mp4",
        "audio/3gpp",
        "video/3gpp",
        "video/3gpp2",
        "video/mp4",
    )
    picture: Literal["image/jpeg", "image/png", "image/gif"] = "image/jpeg"
    audio: Literal["audio/amr", "audio/mpeg"] = "audio/amr"
    video: Literal["video/3gpp", "video/mp4"] = "video/3gpp"
    widest: Pixels = 1_600
    highest: Pixels = 1_200
    smil: Literal["add", "leave"] = "add"
    adapt: bool = True

    def takes(self, content_type: str) -> bool:
        """Whether a media type, without parameters, is one of them."""
        main = content_type.partition("/")[0]
        return any(each in ("*", f"{main}/*", content_type) for each in self.types)


class MmscConfig(Section, frozen=True, kw_only=True):
    """[[mmsc]]: one MMS relay/server, by MM4 (3GPP TS 23.140 8.4).

    Without a `host` its `domain` is looked up (MX). `domain` stands in the addresses of
    its users; `peers` are the networks from which it sends to us. Sizes are octets,
    times seconds.
    """

    name: Name
    host: OptionalHost = ""
    port: Port = 25
    domain: Host
    prefixes: tuple[Prefix, ...] = ()
    peers: tuple[str, ...] = ("127.0.0.0/8",)
    username: str = ""
    password: str = ""
    password_file: str = ""
    connections: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 4
    mails_per_connection: Annotated[int, msgspec.Meta(ge=0)] = 0
    queue: Count = 1_000
    queue_octets: Count = 256 * 1024 * 1024
    queue_time: Seconds = 5.0
    max_size: MostOctets = 0
    response_timeout: Seconds = 20.0
    no_response: Literal["fail", "accept"] = "fail"
    responses_to: Literal["mail_from", "originator_system"] = "mail_from"
    connect_timeout: Seconds = 10.0
    command_timeout: Seconds = 30.0
    data_timeout: Seconds = 180.0
    end_timeout: Seconds = 600.0
    idle_timeout: Seconds = 60.0
    backoff_initial: Seconds = 1.0
    backoff_maximum: Seconds = 60.0
    media: MmscMedia = MmscMedia()
    tls: MailTlsConfig = MailTlsConfig()

    def __repr__(self) -> str:
        return f"<MmscConfig {self.name!r}>"  # no password in a log


class MailServerTls(Section, frozen=True, kw_only=True):
    """[mm4.tls]: what STARTTLS is offered with; both files are PEM."""

    certificate: str = ""
    key: str = ""
    require: bool = False


class Mm4Config(Section, frozen=True, kw_only=True):
    """[mm4]: where MMS relays send to, and what is kept of that.

    `domain` is ours in addresses of MM4. `spool` is a directory for large bodies:
    those of mail that was acknowledged outlive the process. Sizes are octets.
    """

    listen: str = ""
    domain: OptionalHost = ""
    host: OptionalHost = ""
    version: Version = "6.3.0"
    spool: str = "var/mm4"
    in_memory: Annotated[int, msgspec.Meta(ge=0, le=1_048_576)] = 262_144
    storage: Count = 2 * 1024 * 1024 * 1024
    max_size: Annotated[int, msgspec.Meta(ge=4_096)] = 10 * 1024 * 1024
    connections: Count = 100
    connections_per_peer: Count = 50
    recipients: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 100
    mails_per_connection: Annotated[int, msgspec.Meta(ge=0)] = 0
    errors_per_connection: Count = 20
    command_timeout: Seconds = 300.0
    data_timeout: Seconds = 180.0
    together: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 50
    report_timeout: Seconds = 300.0
    report_repeats: Annotated[int, msgspec.Meta(ge=0, le=20)] = 3
    bare_newlines: Literal["refuse", "accept"] = "refuse"
    tls: MailServerTls = MailServerTls()


class AdaptationConfig(Section, frozen=True, kw_only=True):
    """[adaptation]: the work on pictures, sound and video; seconds and octets."""

    threads: Annotated[int, msgspec.Meta(ge=1, le=64)] = 2
    queue: Count = 100
    pixels: Count = 25_000_000
    ffmpeg: str = "ffmpeg"
    timeout: Seconds = 15.0
    memory: Count = 512 * 1024 * 1024
