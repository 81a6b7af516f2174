"""What can be set: typed, frozen structs that hold every default once."""
