"""What is in a record before anything is trained: numbers first, then one page."""
