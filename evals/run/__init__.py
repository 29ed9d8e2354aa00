"""Methods are asked, and every call is kept."""
