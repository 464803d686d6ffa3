"""Reports for people, and the files that come with them."""
