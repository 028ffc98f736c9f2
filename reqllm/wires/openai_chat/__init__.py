"""The wire `openai-chat`: OpenAI's chat completions, and all who speak like it."""
