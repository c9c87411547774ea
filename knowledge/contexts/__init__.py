"""What the source pages show, as plain values."""
