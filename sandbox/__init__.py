"""An in-memory stand-in for the part of Stripe's API that this project uses (docs/sandbox.md)."""
