"""Technical cues: what a stretch of a programme is."""
