"""The steps of the Interworking Selection Function (TS 5)."""

from __future__ import annotations

from typing import Final

from tests.coverage.item import Item

TS_5: Final = (
    Item("TS 5.1 step 1", "services that policy rules out are eliminated"),
    Item(
        "TS 5.1 step 2",
        "terminating: services that policy rules out for this user are eliminated",
    ),
    Item("TS 5.1 step 3", "an originator without a routable address: 488"),
    Item("TS 5.1 step 4", "a notification that names its service goes there"),
    Item("TS 5.1 step 5", "the characteristics of the request count"),
    Item("TS 5.1 step 6", "the service identifier of the destination, by policy"),
    Item("TS 5.1 step 7", "terminating: the user's preferences in XDMS"),
    Item("TS 5.1 step 7a", "Long-lived Group Session: a number allocated before?"),
    Item("TS 5.1 step 7a.i", "the group session identity is taken from Contact"),
    Item("TS 5.1 step 7a.ii", "Conversation-ID and Contribution-ID are taken"),
    Item("TS 5.1 step 7a.iii", "the recipient is taken from the Request-URI"),
    Item("TS 5.1 step 7a.iv", "with these the allocated number is looked up"),
    Item("TS 5.1 step 7a.v", "a number is found"),
    Item("TS 5.1 step 7a.v.1", "the IWF is told it in IW-Number"),
    Item("TS 5.1 step 7a.vi", "no number is found"),
    Item("TS 5.1 step 7a.vi.1", "one is allocated, kept and told in IW-Number"),
    Item("TS 5.1 step 7a.vii", "P-Asserted-Identity has the number"),
    Item("TS 5.1 step 8", "Long-lived Group Session: a number allocated before?"),
    Item("TS 5.1 step 8a", "the group session identity is taken from From"),
    Item("TS 5.1 step 8b", "Conversation-ID and Contribution-ID are taken"),
    Item("TS 5.1 step 8c", "the recipient is taken from the Request-URI"),
    Item("TS 5.1 step 8d", "with these the allocated number is looked up"),
    Item("TS 5.1 step 8e", "found: the IWF is told it in IW-Number"),
    Item("TS 5.1 step 8f", "not found: one is allocated, kept and told in IW-Number"),
    Item("TS 5.1 step 8g", "P-Asserted-Identity has the number"),
    Item("TS 5.1 step 9", "of what is left the most appropriate is selected"),
    Item("TS 5.1 step 10", "the request is handed to the IWF, with a Record-Route"),
    Item("TS 5.1 step 11", "an error of the IWF is treated as policy says"),
    Item("TS 5.1 step 11a", "without re-selection the error is the answer"),
    Item("TS 5.1 step 11b", "services that were tried are left out"),
    Item("TS 5.1 step 11c", "selection and attempt are done again"),
    Item("TS 5.1 step 11d", "no other service is left: 488"),
    Item("TS 5.1 NOTE 4", "a notification is not tried by another service"),
    Item("TS 5.1 step 12", "the IWF's 200 is handed back, with its IW-Number"),
    Item("TS 5.1 step 13", "408 to a Long-lived Group Chat releases the number"),
    Item("TS 5.1 step 14", "requests within a dialog: a to c", needs_test=False),
    Item("TS 5.1 step 14a", "ACK is forwarded to the IWF"),
    Item("TS 5.1 step 14b", "BYE of the inviting side is forwarded to the IWF"),
    Item("TS 5.1 step 14c", "BYE of the IWF is forwarded to the inviting side"),
    Item("TS 5.2", "the number of a Long-lived Group Session is kept by four values"),
    Item("TS 5.2 a", "the CPM User's authenticated address"),
    Item("TS 5.2 b", "the Conversation-ID"),
    Item("TS 5.2 c", "the Contribution-ID"),
    Item("TS 5.2 d", "the group session identity"),
)
