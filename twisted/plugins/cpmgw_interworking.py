"""The interworking services that the gateway finds, a line each."""

from cpmgw.iwf.sms.service import SmsInterworkingFactory

sms_interworking = SmsInterworkingFactory()
