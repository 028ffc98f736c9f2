"""The wire `anthropic-messages`: Anthropic's Messages, and all who speak like them."""
