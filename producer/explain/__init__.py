"""Explains which card Stripe charges, and what a command waits for."""
