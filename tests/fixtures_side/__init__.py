"""Tests of the playing side of the harness."""
