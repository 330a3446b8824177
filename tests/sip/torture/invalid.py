"""Malformed in one way each (RFC 4475 3.1.2)."""

from __future__ import annotations

from tests.sip.torture.compose import message, response

EXTRA_SEPARATORS = message(
    "INVITE sip:user@example.org SIP/2.0",
    'Contact: "Joe" <sip:joe@example.net>;;;;',
    Via="SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKsep;;,;,,",
)
LENGTH_TOO_LARGE = message(
    "MESSAGE sip:user@example.org SIP/2.0", body=b"short", Content_Length="9999"
)
LENGTH_NEGATIVE = message(
    "MESSAGE sip:user@example.org SIP/2.0", body=b"short", Content_Length="-999"
)
CSEQ_OVERLARGE = message(
    "REGISTER sip:example.org SIP/2.0", CSeq="36893488147419103232 REGISTER"
)
MAX_FORWARDS_OVERLARGE = message("REGISTER sip:example.org SIP/2.0", Max_Forwards="300")
EXPIRES_OVERLARGE = message(
    "MESSAGE sip:user@example.org SIP/2.0", "Expires: 1" + "0" * 60
)
RESPONSE_CSEQ_OVERLARGE = response(
    "SIP/2.0 503 Service Unavailable",
    "Retry-After: 949302838503028349304023988",
    CSeq="9292394834772304023312 MESSAGE",
)
UNTERMINATED_QUOTE = message(
    "INVITE sip:user@example.org SIP/2.0", To='"Mr. J. User <sip:j.user@example.org>'
)
BRACKETED_REQUEST_URI = message("INVITE <sip:user@example.org> SIP/2.0")
LWS_IN_REQUEST_URI = message("INVITE sip:user@example.org; lr SIP/2.0")
MANY_SPACES = message("INVITE  sip:user@example.org  SIP/2.0")
TRAILING_SPACES = message("OPTIONS sip:remote@example.org SIP/2.0  ")
HEADERS_IN_REQUEST_URI = message(
    "INVITE sip:user@example.org?Route=%3Csip:edge.example.net%3E SIP/2.0"
)
BAD_DATE = message(
    "INVITE sip:user@example.org SIP/2.0", "Date: Fri, 01 Jan 2010 16:00:00 EST"
)
UNBRACKETED_CONTACT = message(
    "REGISTER sip:example.org SIP/2.0",
    "Contact: sip:user@example.org?Route=%3Csip:sip.example.org%3E",
)
SPACES_IN_BRACKETS = message(
    "OPTIONS sip:user@example.org SIP/2.0",
    To='"Watson, Thomas" < sip:t.watson@example.org >',
)
DISPLAY_NAME_NO_TOKEN = message(
    "OPTIONS sip:user@example.org SIP/2.0",
    To="Bell, Alexander <sip:a.g.bell@example.org>;tag=43",
)
VERSION_SEVEN = message("OPTIONS sip:t.watson@example.org SIP/7.0")
METHOD_MISMATCH = message("OPTIONS sip:user@example.org SIP/2.0", CSeq="8 INVITE")
UNKNOWN_METHOD_MISMATCH = message(
    "NEWMETHOD sip:user@example.org SIP/2.0", CSeq="8 INVITE"
)
STATUS_OVERLARGE = response("SIP/2.0 4294967301 better not break the receiver")
