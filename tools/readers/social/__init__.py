"""What people posted, and did in social networks."""
