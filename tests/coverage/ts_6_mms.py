"""Interworking with MMS (TS 6.1.3, 6.3)."""

from __future__ import annotations

from typing import Final

from tests.coverage.item import Item

_FILES: Final = (
    Item("TS 6.1.3 step 1", "no acceptable media in a file transfer: 488"),
    Item("TS 6.1.3 step 3", "its identifiers are stored"),
    Item("TS 6.1.3 step 5a", "the 200 has a Server"),
    Item("TS 6.1.3 step 5b", "the 200 asserts the IWF's CPM address"),
    Item("TS 6.1.3 step 5c", "the answer: own path, recvonly, passive"),
    Item("TS 6.1.3 408", "by policy, 408 before the other service has answered"),
    Item("TS 6.1.3 CANCEL", "a CANCEL is handled as RFC 3261 says"),
    Item("TS 6.1.3 SEND 1", "all files are waited for"),
    Item("TS 6.1.3 SEND 2", "what came becomes a message of the other service"),
    Item("TS 6.1.3 BYE", "BYE: 200, the media resources are released"),
)

_FROM_CPM: Final = (
    Item("TS 6.3 1", "SMIL, and content without it, crosses unmodified"),
    Item("TS 6.3 1a", "only content that MMS does not take: 488"),
    Item("TS 6.3 1b", "larger than MM4 takes, even adapted: 488"),
    Item("TS 6.3 1c", "in a session, only content that MMS does not take: 415"),
    Item("TS 6.3 1d", "by MSRP, larger than MM4 takes: 413"),
    Item("TS 6.3 1e", "what MMS does not take of more is left out"),
    Item("TS 6.3 2", "SMIL, and content without it, comes unmodified"),
    Item("TS 6.3.1", "MM4: forward, delivery report, read reply, each REQ and RES"),
    Item("TS 6.3.1.1", "the MMS relay is chosen by policy"),
    Item("TS 6.3.1.1.1 step 4", "pager mode: Tables 12 and 13"),
    Item("TS 6.3.1.1.1 step 5", "its answer is that of MM4: Table 14"),
    Item("TS 6.3.1.1.2 step 2", "large mode: all SENDs are waited for"),
    Item("TS 6.3.1.1.2 step 5", "large mode: Tables 15 and 16"),
    Item("TS 6.3.1.1.2 step 6", "MM4's answer: 200 to the last SEND, or an IMDN"),
    Item("TS 6.3.1.1.3 step 1", "a delivery report that was asked for: Table 17"),
    Item("TS 6.3.1.1.3 step 2", "interworking: legacy-mms"),
    Item("TS 6.3.1.1.3 step 3a", "the IMDN goes by SEND while its session lasts"),
    Item("TS 6.3.1.1.3 step 3b", "the IMDN goes by MESSAGE otherwise"),
    Item("TS 6.3.1.1.3 step 4", "MM4_delivery_report.RES: Tables 18 and 19"),
    Item("TS 6.3.1.1.4 step 1", "a read reply becomes a display IMDN: Table 20"),
    Item("TS 6.3.1.1.4 step 3", "MM4_read_reply_report.RES: Tables 21 and 22"),
    Item("TS 6.3.1.1.5 step 1", "a file: all SENDs are waited for"),
    Item("TS 6.3.1.1.5 step 4", "a file: Tables 23 and 24"),
    Item("TS 6.3.1.1.6.1 step 2a", "two: a number of their own, or the user's"),
    Item("TS 6.3.1.1.6.1 step 2b", "a group: its number; inviter and group are told"),
    Item("TS 6.3.1.1.6.1 step 4", "asking: Tables 25 and 26"),
    Item("TS 6.3.1.1.6.1 step 5", "MM4 refuses what asks: 4xx"),
    Item("TS 6.3.1.1.6.1 forward 1", "what is no answer is a message as ever"),
    Item("TS 6.3.1.1.6.1 forward 2", "the answer: Table 27"),
    Item("TS 6.3.1.1.6.1 forward 4", "the answer is answered: MM4_forward.RES"),
    Item("TS 6.3.1.1.6.2 step 3", "a chat message: Tables 28 and 29"),
    Item("TS 6.3.1.1.6.2 step 4", "200 to its SEND once it was taken, else an error"),
    Item("TS 6.3.1.1.6.3", "MMS into a session: Table 30"),
    Item("TS 6.3.1.1.6.4", "a session is closed: Tables 31 and 32"),
    Item("TS 6.3.1.1.6.5", "the word to leave: BYE"),
    Item("TS 6.3.1.1.6.6", "participants: Tables 33 and 34"),
    Item("TS 6.3.1.1.7 A", "the answer to MESSAGE has context and correlator"),
    Item("TS 6.3.1.1.7 B", "so has the 200 to the BYE of a large message or file"),
    Item("TS 6.3.1.1.7 session", "the 200 to a session has context and IW-Number"),
)

_TO_CPM: Final = (
    Item("TS 6.3.1.2.1 step 1", "anonymity that is not allowed: unsupported message"),
    Item("TS 6.3.1.2.1 step 2", "up to 1300 octets: Tables 35 and 36"),
    Item("TS 6.3.1.2.1 step 4", "what reports need is stored"),
    Item("TS 6.3.1.2.1 step 6", "MM4_forward.RES: Tables 37 and 38"),
    Item("TS 6.3.1.2.1 NOTE", "a CPM message for each recipient"),
    Item("TS 6.3.1.2.2 step 1", "anonymity that is not allowed: unsupported message"),
    Item("TS 6.3.1.2.2 step 2", "more than 1300 octets: Tables 39 and 40"),
    Item("TS 6.3.1.2.2 step 2a", "accept-wrapped-types are those of the message"),
    Item("TS 6.3.1.2.2 step 3", "what reports need is stored"),
    Item("TS 6.3.1.2.2 step 4", "MM4_forward.RES"),
    Item("TS 6.3.1.2.2 step 5", "ACK, and the content by SEND"),
    Item("TS 6.3.1.2.2 step 6", "BYE after the last answer, media released"),
    Item("TS 6.3.1.2.3 step 1", "a delivery IMDN: Tables 41 and 42"),
    Item("TS 6.3.1.2.3 step 3", "it is answered"),
    Item("TS 6.3.1.2.4 step 1", "a display IMDN: Tables 43 and 44"),
    Item("TS 6.3.1.2.4 step 3", "it makes a delivery report as well"),
)

TS_6_MMS: Final = (*_FILES, *_FROM_CPM, *_TO_CPM)
