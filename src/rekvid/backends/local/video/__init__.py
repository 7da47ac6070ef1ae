"""Videos as pictures and sound: opening, decoding side by side, sampling."""
