"""What tests ask about the processes of a program."""

import psutil


def is_gone(process: psutil.Process) -> bool:
    """Whether it has ended, or is only waiting to be reaped; it may end between two looks."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
