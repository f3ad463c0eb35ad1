"""How messages and warping are made fast. Nobody needs this folder to understand the rest."""
