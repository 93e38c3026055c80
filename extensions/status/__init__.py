"""What is running, and what it runs on."""
