"""What a stream event costs, beside the least it could cost and beside the vendors' SDKs."""
