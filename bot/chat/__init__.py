"""Everything Telegram: what comes in, what is said, what is sent."""
