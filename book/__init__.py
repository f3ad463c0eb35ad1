"""The set-up (`python -m book.install`) and the book (`python -m book`)."""
