"""What a CPM body carries, as the lab's clients and its ladder look at it."""

from __future__ import annotations

import msgspec

from cpmgw.cpm import imdn
from cpmgw.cpm.content import text_of
from cpmgw.cpm.cpim import CpimMessage, parse_cpim
from cpmgw.cpm.errors import CannotBecomeText, CpimError, ImdnError, MimeError
from cpmgw.cpm.imdn import Imdn
from cpmgw.cpm.mime import body_of_type
from cpmgw.lab.pager import CPIM


class Body(msgspec.Struct, frozen=True):
    """What a MESSAGE or a SEND carries: a CPIM, and in it perhaps a notification."""

    cpim: CpimMessage | None = None
    imdn: Imdn | None = None


def body_of(content_type: str | None, content: bytes) -> Body:
    """Look into a body, or a CPIM beside other parts; what is unreadable is none."""
    try:
        wrapped = body_of_type(content_type or "", content, CPIM)
        if wrapped is None:
            return Body()
        cpim = parse_cpim(wrapped)
        if cpim.content_type.partition(";")[0].lower() != imdn.MEDIA_TYPE:
            return Body(cpim)
        return Body(cpim, imdn.parse_imdn(cpim.content))
    except (CpimError, ImdnError, MimeError):
        return Body()


def text_in(content_type: str, content: bytes, cpim: CpimMessage | None) -> str:
    """What a user reads of a body; nothing, where there is no text."""
    if cpim is not None:
        content_type, content = cpim.content_type, cpim.content
    try:
        return text_of(content_type, content)
    except CannotBecomeText:
        return ""
