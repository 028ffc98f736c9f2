"""The wire `openai-responses`: OpenAI's Responses, and all who speak like them."""
