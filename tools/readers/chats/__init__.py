"""What people wrote to each other, and to models."""
