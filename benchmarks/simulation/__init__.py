"""The rate limiter and the lanes in virtual time: no network, no clock, one seed."""
