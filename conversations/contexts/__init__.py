"""What the chat pages show, as plain values."""
