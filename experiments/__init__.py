"""What is measured once and not tested; each module says how it is run."""
