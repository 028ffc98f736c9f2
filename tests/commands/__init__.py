"""The commands `reqllm` and `reqllm-fixtures`: what they print, and how they exit."""
