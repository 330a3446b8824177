"""Well-formed, but to be refused or handled by what stands above (RFC 4475 3.2-3.4)."""

from __future__ import annotations

from tests.sip.torture.compose import message, response, text

BARE_COOKIE = message(
    "OPTIONS sip:user@example.org SIP/2.0", Via="SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK"
)
INSUFFICIENT = message(
    "INVITE sip:user@example.org SIP/2.0", without=("From", "To", "Call-ID")
)
UNKNOWN_SCHEME = message("OPTIONS nobodyKnowsThis:opaquecontent SIP/2.0")
ATYPICAL_SCHEME = message("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0")
SCHEMES_IN_HEADERS = message(
    "REGISTER sip:example.org SIP/2.0",
    "Contact: <name:Ada_Lovelace>",
    To="isbn:2983792873",
    From="<http://www.example.net>;tag=3234233",
)
REQUIRED_EXTENSIONS = message(
    "OPTIONS sip:user@example.org SIP/2.0",
    "Require: noOneKnowsThis, norThis",
    "Proxy-Require: noProxyKnowsThis,  norThisOne",
)
UNKNOWN_CONTENT = message(
    "INVITE sip:user@example.org SIP/2.0",
    "Content-Type: application/unknownformat",
    body=b"<anything/>",
)
UNKNOWN_AUTHORIZATION = message(
    "REGISTER sip:example.org SIP/2.0",
    "Authorization: NoOneKnowsThisScheme opaque-data=here",
)
MULTIPLE_SINGLES = message(
    "INVITE sip:user@example.org SIP/2.0",
    "CSeq: 59 INVITE",
    "Call-ID: other@example.net",
    "From: sip:other@example.net;tag=3413415",
    "To: sip:other@example.org",
    "Max-Forwards: 5",
)
MULTIPLE_LENGTHS = message(
    "MESSAGE sip:user@example.org SIP/2.0", "Content-Length: 3", body=b"hello"
)
BROADCAST_VIA = response(
    "SIP/2.0 200 OK", "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bKbcast"
)
NO_HOPS_LEFT = message("OPTIONS sip:user@example.org SIP/2.0", Max_Forwards="0")
CONTACT_HEADER_PARAMETER = message(
    "REGISTER sip:example.org SIP/2.0", "Contact: sip:+19725552222@gw.example.org;odd"
)
CONTACT_URI_PARAMETER = message(
    "REGISTER sip:example.org SIP/2.0", "Contact: <sip:+19725552222@gw.example.org;odd>"
)
CONTACT_URI_HEADERS = message(
    "REGISTER sip:example.org SIP/2.0",
    "Contact: <sip:user@example.org?Route=%3Csip:sip.example.org%3E>",
)
UNACCEPTABLE_OFFER = message(
    "INVITE sip:user@example.org SIP/2.0",
    "Accept: text/nobodyKnowsThis",
    "Content-Type: application/sdp",
    body=b"v=0\r\n",
)
RFC_2543 = text(
    "INVITE sip:UserB@example.org SIP/2.0",
    "Via: SIP/2.0/UDP old.example.net",
    "From: <sip:old@example.net>",
    "Record-Route: <sip:bar@ss1.example.org;maddr=192.0.2.7>",
    "To: sip:UserB@example.org",
    "Call-ID: 2543.1717@old.example.net",
    "CSeq: 56 INVITE",
    "Content-Type: application/sdp",
    body=b"v=0\r\ns=-\r\n",
)
