"""The wire `ollama`: Ollama's own API, one JSON object a line."""
