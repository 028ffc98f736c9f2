"""Tests of recordings that are served over HTTP."""
