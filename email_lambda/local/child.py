"""The process in which the handler runs: AWS's runtime client, and a watch on the parent.

The parent holds the other end of stdin and never writes to it. When the parent is gone, however it went, reading ends
and so does this process, so that a killed server leaves nothing behind.
"""

import os
import runpy
import sys
import threading


def _die_with_parent() -> None:
    os.read(0, 1)
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_die_with_parent, daemon=True).start()
    sys.argv[0] = "awslambdaric"
    runpy.run_module("awslambdaric", run_name="__main__")
