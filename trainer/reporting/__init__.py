"""What trainings and evaluations left in run folders, as one page."""
