"""The code of `make setup` and `make up`, for one machine; the product does not import it."""
