"""What happens to requests and edits, durably; the world is reached through the ports only."""
