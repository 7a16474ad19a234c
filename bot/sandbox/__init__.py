"""Stand-ins that play Telegram and WaveSpeed, for the demo and the tests. They know nothing of the bot."""
