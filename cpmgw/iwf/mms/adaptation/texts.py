"""Text of any kind made plain text, which every relay takes."""

from __future__ import annotations

from cpmgw.cpm.content import text_of
from cpmgw.cpm.errors import CpmError
from cpmgw.cpm.mime import MimeLimits
from cpmgw.iwf.mms.adaptation.errors import CannotConvert
from cpmgw.mm4.entity import Entity

PLAIN = "text/plain"


def plain(entity: Entity, limits: MimeLimits) -> bytes:
    """The text of a part in UTF-8; CannotConvert where there is none to be read."""
    try:
        return text_of(entity.content_type, entity.body, limits).encode()
    except CpmError as error:
        raise CannotConvert(str(error)) from error
