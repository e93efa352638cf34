"""What a WSGI server and the `flask` command load."""

import sys

from hms import create_app
from hms.config import BadSettings

try:
    app = create_app()
except BadSettings as refused:
    sys.exit(refused.message)
