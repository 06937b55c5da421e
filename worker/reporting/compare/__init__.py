"""Two slices of production traffic beside each other: is the second worse?"""
