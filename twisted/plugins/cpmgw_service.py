"""`twistd cpmgw`."""

from twisted.application.service import ServiceMaker

cpmgw_service_maker = ServiceMaker(
    "cpmgw",
    "cpmgw.tap",
    "CPM (RCS) interworking gateway: RCS users talk with SMS users.",
    "cpmgw",
)
