"""The shells: what opens, reads and lets go of a stream is the same on threads and event loops."""
