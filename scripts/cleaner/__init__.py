"""Making the network that takes noise and rooms out of what PocketSphinx hears: ``scripts/train_cleaner.py``."""
