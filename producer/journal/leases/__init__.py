"""Leases in the journal: claim a command, complete an attempt, renew, sweep."""
