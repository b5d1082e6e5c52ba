"""What is searched and what is asked."""
