"""Upper bounds, in seconds, of the histograms that the journal and the workers keep."""

from __future__ import annotations

# Time to the end, from an interactive command on an idle account to a migration's last row.
END_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 21600, 86400)
# Time to the start, from an immediate attempt to one that waited in a long line.
START_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600)
# Stripe answers in 0.1 to 1 s; a request times out after 20 s.
REQUEST_S = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 20)
