"""Files: what they are called, what they are, whether they are safe, and what they say."""
