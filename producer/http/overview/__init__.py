"""What is happening now, sampled once for all who look: for the API and the page at `/`."""
