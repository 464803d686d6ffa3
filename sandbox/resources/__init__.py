"""The resources of Stripe's API, each with its operations."""
