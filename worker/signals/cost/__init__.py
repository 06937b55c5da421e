"""What the application's answers cost: in all, a request, by what is named, this month, by prompt version."""
