"""balance-bot: a self-hosted Telegram bot that watches balances on crypto exchanges."""
