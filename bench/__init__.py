"""Measuring HMS: `make bench`. Only ratios within one run mean anything: machines vary by the minute."""
