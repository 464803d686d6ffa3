"""Upper bounds, in seconds, of the histograms that the journal and the workers keep."""

from __future__ import annotations

# From an interactive command on an idle account to a migration's last row.
END_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 21600, 86400)
# From a try that may go out at once to one that has waited for a long line.
START_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600)
# Stripe answers in 0.1 to 1 s; a request is given up after 20.
REQUEST_S = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 20)
