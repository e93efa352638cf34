"""What a WSGI server and the `flask` command load."""

import gc
import sys

from hms import create_app
from hms.config import BadSettings
from hms.server import heartbeat

try:
    app = create_app()
except BadSettings as refused:
    sys.exit(refused.message)

heartbeat.begin()

# All this lasts as long as the process; the collector need not look through it again and again.
gc.collect()
gc.freeze()
