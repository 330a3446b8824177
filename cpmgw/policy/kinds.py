"""Kinds of values that several tables of [policy] share."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

MOST_SECONDS = 31_536_000  # a year

# Seconds for which 0 means never, none or no such time.
OptionalSeconds = Annotated[int, msgspec.Meta(ge=0, le=MOST_SECONDS)]
# A level of priority_flag (SMPP 3.4 5.2.14).
PriorityFlag = Annotated[int, msgspec.Meta(ge=0, le=3)]
# In which sessions: in none, in those with a group, in those of two as well.
WhichSessions = Literal["never", "group", "always"]
# Failure-Report of MSRP SEND (RFC 4975).
FailureReport = Literal["yes", "partial", "no"]
# RFC 5646, as far as texts are told apart by it.
LanguageTag = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}\Z",
        description='a language tag ("en", "fr-CA")',
    ),
]
# Words within a header field or an answer: no control characters.
Phrase = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A[^\x00-\x1f\x7f\"\\]{0,80}\Z",
        description="at most 80 characters on one line, no quotes or backslashes",
    ),
]
