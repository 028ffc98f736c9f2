"""What the pytest plugin does; `reqllm_fixtures.plugin` is how pytest reaches it."""
