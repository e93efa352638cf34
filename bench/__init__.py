"""Measuring HMS: `make bench`. Only ratios within one run mean anything: machines vary by the minute.

The real product (web server, worker, production settings) is driven over HTTP on data that the loader makes, and each
figure is a ratio to an *anchor* that is measured in turn with it, in the same minute: for bookings the bare transaction
in pgbench, for pages a Flask application that says hello, served by the same server.

``clinic`` is the made-up clinic as arithmetic, ``load`` puts it into a database, ``ledger`` knows which of its times
are still free. ``product`` and ``servers`` start what is measured, ``wrk`` and ``anchor`` measure, ``rows`` holds one
module for each group of figures, ``report`` writes what came out.
"""
