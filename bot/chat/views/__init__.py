"""Views turn values into messages: text in Telegram's HTML. They know no Telegram object."""
