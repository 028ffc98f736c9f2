"""Tests of overlays: what they change, how it ends, and by whose clock."""
