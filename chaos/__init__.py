"""`python -m chaos`: kill processes of the whole system under load, then check the guarantees."""
