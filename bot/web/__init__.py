"""The small HTTP server beside the bot: health, metrics and webhooks."""
