"""Where shots begin and end."""
