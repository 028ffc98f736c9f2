"""Conformance: scenarios against the loopback provider, healthy and broken, live and recorded."""
