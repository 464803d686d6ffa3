"""`python -m producer.cli`, the same as `cards`."""

from producer.cli import main

main()
