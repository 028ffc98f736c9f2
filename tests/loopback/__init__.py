"""A provider of our own on 127.0.0.1: exact bytes, exact network writes, exact failures."""
