"""News of accounts. Every signal is sent inside the transaction that makes it true, with the user as sender.

A receiver may write rows; what it raises undoes the change. Connect module-level functions only: blinker holds
receivers weakly.
"""

from blinker import Namespace

_news = Namespace()

access_ended = _news.signal("access-ended")
"""Everything that the account has granted ends: its password was reset or changed, its email was changed, or it was
closed. The account's row is locked. Whoever has given something out in its name (an address that opens something, a
connection to another service) takes it back now."""
