"""What can be read from a text in any language: its sentences, language, words and size."""
