"""What was made from what, and what is wrong because something is."""
