"""docs/endings.md: how streams end here, and what vendors' SDKs make of the same bytes."""
