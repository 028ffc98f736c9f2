"""The wire `cohere-v2`: the second version of Cohere's chat."""
