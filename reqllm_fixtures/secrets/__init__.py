"""What must never be written: known values, telling shapes, names of places. Pure."""
