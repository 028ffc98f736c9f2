"""Proofs of the decoders: bytes go in, and what comes out is judged."""
