"""Stripe: the gateway, how it is reached, what its errors mean, and a fake of it."""
