"""The wire `bedrock-converse`: Amazon Bedrock's ConverseStream, one form for all its models."""
