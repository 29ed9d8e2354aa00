"""An OpenAI-compatible endpoint in front of another one, which makes any chat personal."""
