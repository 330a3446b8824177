"""Character sets of text parts (RFC 2046 4.1.2): octets to text, or a refusal."""

from __future__ import annotations

from encodings.aliases import aliases
from types import MappingProxyType
from typing import Final

from cpmgw.cpm.errors import CannotBecomeText

# Names are set out in lines as a text, for they are many.
_names: Final = str.split

# Codecs of Python's that have no alias, and charset names that Python does not know.
_UNALIASED: Final = _names(
    "cp720 cp737 cp856 cp874 cp875 cp1006 koi8_t koi8_u mac_arabic mac_croatian "
    "mac_farsi mac_romanian utf_8_sig"
)
_MORE: Final = {
    **{name: name for name in _UNALIASED},
    "": "utf_8",
    "ansi_x3.4_1968": "utf_8",
    "iso_8859_8_i": "iso8859_8",
    "iso_10646_ucs_2": "utf_16_be",
    "ucs_2": "utf_16_be",
    "ucs2": "utf_16_be",
    "unicode_1_1_utf_7": "utf_7",
    "windows_874": "cp874",
    "x_gbk": "gbk",
    "x_sjis": "shift_jis",
}
_NOT_CHARSETS: Final = frozenset(
    _names(
        "base64_codec bz2_codec hex_codec quopri_codec rot_13 uu_codec zlib_codec mbcs "
        "tactis"
    )
)

# Only names from here are looked up: the codec registry remembers every name it is
# asked for, and peers choose the names. ASCII is read as UTF-8, of which it is a part.
CHARSETS: Final = MappingProxyType(
    {
        **{
            name: "utf_8" if codec == "ascii" else codec
            for name, codec in (
                *((codec, codec) for codec in aliases.values()),
                *aliases.items(),
            )
            if codec not in _NOT_CHARSETS
        },
        **_MORE,
    }
)


def decoded(octets: bytes, charset: str) -> str:
    """Decode octets of a charset; without one they are UTF-8 (RFC 3261 7.4.1).

    Octets that the charset cannot explain are refused (CannotBecomeText) rather than
    guessed at. A byte order mark is left out.
    """
    name = charset.strip().lower().replace("-", "_").replace(" ", "_")
    codec = CHARSETS.get(name)
    if codec is None:
        raise CannotBecomeText(f"unknown charset {charset[:40]!r}")
    # RFC 2781 4.3: big endian unless a byte order mark says otherwise.
    if codec == "utf_16" and octets[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        codec = "utf_16_be"
    try:
        text = octets.decode(codec).removeprefix("\ufeff")
        text.encode()  # some codecs let halves of a surrogate pair through
        return text
    except ValueError as error:
        raise CannotBecomeText(f"octets that are no {codec}") from error
