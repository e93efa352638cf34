"""A strict stand-in for Google: what the product uses of it, over real HTTP, refusing what Google would refuse.

``with served(now=clock.now) as google:`` answers on the loopback; ``google.settings()`` leads HMS there. The rules of
the Calendar API come from the discovery document that google-api-python-client ships. Tests use it, and so does
``make run GOOGLE=demo``, which starts it as a program: ``python -m tests.standins.google``.
"""

from tests.standins.google.server import CLIENT_ID, CLIENT_SECRET, EVENTS, FREE_BUSY, SCOPES, Google, served

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "EVENTS", "FREE_BUSY", "SCOPES", "Google", "served"]
