"""Golden fixtures for the CLIP family, from the reference implementations."""
