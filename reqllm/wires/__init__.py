"""The wire formats: how requests are written in each, and answers read. Pure."""
