"""The order of each wire's events."""
