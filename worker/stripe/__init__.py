"""Stripe: the gateway, the connection to it, what its errors mean, and a fake of it."""
