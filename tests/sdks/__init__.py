"""The vendors' SDKs over a cassette: recorded on loopback, replayed where no socket opens.

sdk        what is said of one SDK, and how it is asked
table      SDKS: one class an SDK
frameworks those that stand upon another SDK
rendering  docs/sdks.md out of that table: python -m tests.sdks
"""
