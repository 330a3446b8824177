"""IPv6 addresses in places where they are easily misread (RFC 5118 4)."""

from __future__ import annotations

from tests.sip.torture.compose import message

GOOD = message(
    "REGISTER sip:[2001:db8::20] SIP/2.0",
    'Contact: "Caller" <sip:caller@[2001:db8::2]>',
    Via="SIP/2.0/UDP [2001:db8::9:2];branch=z9hG4bKv6-111",
)
UNBRACKETED = message("REGISTER sip:2001:db8::20 SIP/2.0")
PORT_AMBIGUOUS = message("REGISTER sip:[2001:db8::20:5070] SIP/2.0")
PORT_UNAMBIGUOUS = message("REGISTER sip:[2001:db8::20]:5070 SIP/2.0")
RECEIVED_BRACKETED = message(
    "BYE sip:[2001:db8::20] SIP/2.0",
    Via="SIP/2.0/UDP [2001:db8::9:2];received=[2001:db8::9:255];branch=z9hG4bKv6-1",
)
RECEIVED_BARE = message(
    "OPTIONS sip:[2001:db8::20] SIP/2.0",
    Via="SIP/2.0/UDP [2001:db8::9:2];received=2001:db8::9:255;branch=z9hG4bKv6-1",
)
SDP = (
    b"v=0\r\no=assist 97 97 IN IP6 2001:db8::30\r\ns=-\r\nc=IN IP6 2001:db8::30\r\n"
    b"t=0 0\r\nm=message 2855 TCP/MSRP *\r\n"
)
IN_SDP = message(
    "INVITE sip:user@[2001:db8::20] SIP/2.0",
    "Content-Type: application/sdp",
    body=SDP,
)
MIXED_VIAS = message(
    "BYE sip:user@host.example.org SIP/2.0",
    "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKv4",
    "Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bKv6;received=192.0.2.200",
    Via="SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKtop",
)
MIXED_SDP = message(
    "INVITE sip:user@[2001:db8::20] SIP/2.0",
    "Content-Type: application/sdp",
    body=b"c=IN IP4 192.0.2.1\r\nm=audio 2 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n",
)
MAPPED = message(
    "INVITE sip:user@example.org SIP/2.0",
    "Via: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111",
    'Contact: "T. desk phone" <sip:ted@[::ffff:192.0.2.2]>',
    Via="SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19",
)
THREE_COLONS = message("OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0")
TWO_COLONS = message("OPTIONS sip:user@[2001:db8::192.0.2.1] SIP/2.0")
