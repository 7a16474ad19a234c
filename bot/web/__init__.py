"""The small HTTP server beside the bot: health now, webhooks and metrics later."""
