"""What `make setup` and `make up` run on one machine; the product itself imports none of it."""
