"""Bytes to events: how each family of wires cuts its byte stream. Pure."""
