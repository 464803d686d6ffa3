"""Routes of commands, tasks, cards, Stripe's webhook and health."""
