"""What is done to a recorded body: cut, edited, unpacked, read as JSON. Pure."""
