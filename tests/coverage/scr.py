"""The static conformance requirements (TS Appendix B), in its order.

CPM-TS-Int-S-005-O is named SCR Int-S-005-O. The TS has no Int-S-028.
"""

from __future__ import annotations

from typing import Final

from tests.coverage.item import Item

SCR: Final = (
    Item("SCR Isf-S-001-M", "procedures of the selection function (5)"),
    Item("SCR Int-S-001-M", "procedures of the IWF (6): SMS, MMS or e-mail"),
    Item("SCR Int-S-002-O", "SMS (6.2): by IP-SM-GW or ESME"),
    Item("SCR Int-S-003-O", "SMS by IP-SM-GW (6.2.1)"),
    Item("SCR Int-S-004-O", "SMS by ESME (6.2.2), whole"),
    Item("SCR Int-S-031-O", "CPM to SMS, general (6.2.2.1)"),
    Item("SCR Int-S-005-O", "pager mode message to submit_sm (Tables 1 and 2)"),
    Item("SCR Int-S-006-O", "status report to notification (6.2.2.1.2, Table 3)"),
    Item("SCR Int-S-032-O", "chat message to SMS (6.2.2.1.5, Table 7)"),
    Item("SCR Int-S-033-O", "session invitation to SMS (6.2.2.1.3, Tables 4 and 5)"),
    Item("SCR Int-S-007-O", "SMS to CPM, general (6.2.2.2)"),
    Item("SCR Int-S-008-O", "SMS to pager mode (6.2.2.2.1, Tables 9 and 10)"),
    Item("SCR Int-S-009-O", "SMS to chat message (6.2.2.2.2)"),
    Item("SCR Int-S-029-O", "SMS to large message mode (6.2.2.2.3, Table 11)"),
    Item("SCR Int-S-010-O", "MMS (6.3)"),
    Item("SCR Int-S-011-O", "MMS by MM4 (6.3.1)"),
    Item("SCR Int-S-012-O", "MM4, messages, whole (6.3.1)"),
    Item("SCR Int-S-013-O", "MM4, delivery notifications, whole (6.3.1)"),
    Item("SCR Int-S-014-O", "MM4, read reports, whole (6.3.1)"),
    Item("SCR Int-S-034-O", "MM4, sessions, whole (6.3.1)"),
    Item("SCR Int-S-015-O", "pager mode to MMS (6.3.1.1.1, Tables 12 to 14)"),
    Item("SCR Int-S-016-O", "MMS delivery report to notification (Tables 17 to 19)"),
    Item("SCR Int-S-017-O", "MMS read reply to notification (Tables 20 to 22)"),
    Item("SCR Int-S-018-O", "large message mode to MMS (Tables 15 and 16)"),
    Item("SCR Int-S-037-O", "file transfer to MMS (6.3.1.1.5, Tables 23 and 24)"),
    Item("SCR Int-S-019-O", "MMS to pager mode (6.3.1.2.1, Tables 35 to 38)"),
    Item("SCR Int-S-020-O", "delivery notification to MMS (Tables 41 and 42)"),
    Item("SCR Int-S-021-O", "read report to MMS read reply (Tables 43 and 44)"),
    Item("SCR Int-S-022-O", "MMS to large message mode (Tables 39 and 40)"),
    Item("SCR Int-S-039-O", "session invitation to MMS (Tables 25 to 27)"),
    Item("SCR Int-S-040-O", "chat message to MMS (Tables 28 and 29)"),
    Item("SCR Int-S-041-O", "CPM leaves a session with MMS (Tables 31 and 32)"),
    Item("SCR Int-S-042-O", "participant information to MMS (Tables 33 and 34)"),
    Item("SCR Int-S-035-O", "MMS to chat message (6.3.1.2.5, Table 46)"),
    Item("SCR Int-S-036-O", "MMS user leaves a session (6.3.1.1.6.5)"),
    Item("SCR Int-S-023-O", "e-mail (6.4)"),
    Item("SCR Int-S-024-O", "e-mail by SMTP, whole (6.4.1)"),
    Item("SCR Int-S-025-O", "pager mode to e-mail (6.4.2.1, Tables 45 to 47)"),
    Item("SCR Int-S-026-O", "large message mode to e-mail (Tables 48 and 49)"),
    Item("SCR Int-S-038-O", "file transfer to e-mail (Tables 50 and 51)"),
    Item("SCR Int-S-043-O", "session invitation to e-mail (Tables 52 to 54)"),
    Item("SCR Int-S-044-O", "chat message to e-mail (Tables 55 and 56)"),
    Item("SCR Int-S-045-O", "CPM leaves a session with e-mail (Tables 57 and 58)"),
    Item("SCR Int-S-046-O", "participant information to e-mail (Tables 59 and 60)"),
    Item("SCR Int-S-030-O", "e-mail to pager mode (6.4.3.1, Tables 61 and 62)"),
    Item("SCR Int-S-027-O", "e-mail to large message mode (Tables 63 to 65)"),
    Item("SCR Int-S-047-O", "e-mail to chat message (6.4.3.3, Table 66)"),
    Item("SCR Int-S-048-O", "e-mail user leaves a session (6.4.3.4)"),
)
