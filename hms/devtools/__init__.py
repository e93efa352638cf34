"""Tools for development: an embedded PostgreSQL, a demo clinic, a drill, a mailbox, and starters of stand-ins.

Production imports none of them; :mod:`hms.development` is the only way to here.
"""
