"""What `prepare` is made of: a module per source, and what they share."""
