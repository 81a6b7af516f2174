"""The page of ``davylamp dashboard``: its history, its interface, and what a browser shows."""
