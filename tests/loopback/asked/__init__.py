"""What a request asks, whatever its vendor's words for it: a reader a wire.

ask       Ask: what the brain gets to hear
reading   Fields: a request's JSON, member by member; Malformed: what its vendor refuses
readers   the wires by name: read("openai-chat", body, model)
"""
