"""Values on the command line: URIs and media types."""

from __future__ import annotations

import click
import msgspec

from cpmgw.cli.asking import uri_of
from cpmgw.config.kinds import MediaRange
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.uri import Uri


def uri(value: str) -> Uri:
    """A SIP, tel or other URI, or a number with its plus sign."""
    try:
        return uri_of(value)
    except SipSyntaxError as error:
        raise click.BadParameter(
            f"{value!r} is no URI and no number: {error.reason}"
        ) from error


def media_type(value: str) -> str:
    """A media type without its parameters, in lower case; "*" may be anything."""
    name = value.partition(";")[0].strip().lower()
    try:
        return msgspec.convert(name, MediaRange)
    except msgspec.ValidationError as error:
        raise click.BadParameter(f"{value!r} is no media type") from error
