"""Which recording answers a request. Pure."""
