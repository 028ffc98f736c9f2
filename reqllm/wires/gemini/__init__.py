"""The wire `gemini`: Google's streamGenerateContent, of the Gemini API and of Vertex AI."""
