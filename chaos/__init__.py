"""`python -m chaos`: the whole system under load, killed at random, its promises checked after."""
