"""Example configurations, and a trial of several machines' worth of HMS on one."""
