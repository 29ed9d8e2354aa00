"""What the stages hold: history, search, models, embeddings, weights."""
