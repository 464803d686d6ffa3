"""Reports, and the files of rows that come with them."""
