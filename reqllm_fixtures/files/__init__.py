"""A cassette as a file: its format, the writing of it, and files of others."""
