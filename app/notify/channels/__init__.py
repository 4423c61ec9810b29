"""Ways to reach people: webhook, Slack, mail."""
