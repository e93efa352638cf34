"""gunicorn's configuration file: it goes on, and leaves its healthy processes alone, when one cannot load HMS.

gunicorn by itself ends all of them when a process exits with one of these codes; no process can have one beyond 255.
"""

from gunicorn.arbiter import Arbiter

Arbiter.WORKER_BOOT_ERROR = 256 + 3
Arbiter.APP_LOAD_ERROR = 256 + 4
