"""Settings as typed, frozen structs, which hold every default once."""
