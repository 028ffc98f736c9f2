"""The wire `gemini-interactions`: Google's Interactions, the second protocol of its models."""
