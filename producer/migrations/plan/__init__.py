"""What a file comes to before anything is sent."""
