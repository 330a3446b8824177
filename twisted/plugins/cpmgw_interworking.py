"""The interworking services that the gateway finds, a line each."""

from cpmgw.iwf.mms.service import MmsInterworkingFactory
from cpmgw.iwf.sms.service import SmsInterworkingFactory

mms_interworking = MmsInterworkingFactory()
sms_interworking = SmsInterworkingFactory()
