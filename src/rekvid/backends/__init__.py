"""What does the work behind a client. A backend is imported when it is made, not with the package."""
