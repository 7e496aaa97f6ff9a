"""An independent authenticator app: pyotp. It prints the account and the code as one line of JSON.

authenticator_app.py URI TIME

The time is in seconds since the Unix epoch.
"""

import json
import sys

import pyotp

uri, time = sys.argv[1:]
# pyotp refuses a URI whose label and parameter name different issuers.
totp = pyotp.parse_uri(uri)
print(json.dumps({"issuer": totp.issuer, "account": totp.name, "code": totp.at(int(time))}))
