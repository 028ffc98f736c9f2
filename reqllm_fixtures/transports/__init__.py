"""The transports that record and play, and how they get into a client."""
