"""The wire `bedrock-invoke`: InvokeModelWithResponseStream, each model's own events in frames."""
