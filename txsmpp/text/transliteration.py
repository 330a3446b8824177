"""Near-equivalents in the GSM default alphabet of what word processors write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_EQUIVALENTS: Final = {
    "'": "\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4`",
    '"': "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212",
    " ": "\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000\t",
    "...": "\u2026",
    "<": "\u2039",
    ">": "\u203a",
    "*": "\u2022\u00b7",
    "/": "\u2044",
    "\n": "\u2028\u2029",
    "": "\u00ad\u200b\u2060\ufeff",
    "(C)": "\u00a9",
    "(R)": "\u00ae",
    "TM": "\u2122",
    "1/2": "\u00bd",
    "1/4": "\u00bc",
    "3/4": "\u00be",
}

# For str.translate.
NEAR_EQUIVALENTS: Final[Mapping[int, str]] = {
    ord(character): equivalent
    for equivalent, characters in _EQUIVALENTS.items()
    for character in characters
}
