"""Make a card the customer's default and wait for the outcome. Needs REDIS_URL."""

from producer import CardCommands

with CardCommands.from_env() as cards:
    handle = cards.set_default(
        customer="cus_QRs9eKZ4xUzN2TP9", card="card_1QRs9eKZ4xUzN2TPabcdefgh"
    )
    print(handle.wait(timeout=10).message)
