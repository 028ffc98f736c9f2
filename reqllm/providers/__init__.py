"""Wires and providers: how requests are written and answers read. Pure."""
