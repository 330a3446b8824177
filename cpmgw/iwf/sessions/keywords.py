"""What a Non-CPM user says to the IWF in words: yes, no, leave.

TS 6.2.2.1.3 step 3, 6.2.2.2.4, 6.3.1.1.6.1 and 6.3.1.1.6.5.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from cpmgw.policy.keywords import plain
from cpmgw.policy.session import SessionPolicy
from cpmgw.policy.texts import SessionTexts

# Characters of a text beyond which it is no keyword, which has 32 at most.
_LONGEST: Final = 200


class Said(Enum):
    """What a message means to a session."""

    ACCEPT = "accept"
    REJECT = "reject"
    LEAVE = "leave"
    NOTHING = "nothing"


def said(text: str, texts: SessionTexts, policy: SessionPolicy) -> Said:
    """What a text says: the whole of it is a keyword, or it says nothing.

    Case, blanks and what stands around it do not count. The user's own language, that
    of `texts`, goes before the others in the order of the policy. Words to leave say
    nothing where policy has none.
    """
    if len(text) > _LONGEST:
        return Said.NOTHING
    word = plain(text)
    if not word:
        return Said.NOTHING
    for each in (texts, *policy.texts):
        for keywords, meaning in (
            (each.accept, Said.ACCEPT),
            (each.reject, Said.REJECT),
            (each.leave if policy.leave_by_text else (), Said.LEAVE),
        ):
            if any(plain(keyword) == word for keyword in keywords):
                return meaning
    return Said.NOTHING
