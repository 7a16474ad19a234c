"""The only room that speaks SQL, and the one that keeps files."""
