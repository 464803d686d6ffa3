"""Send a CSV of customers and cards as one batch. Needs REDIS_URL.

python examples/send_many.py cards.csv, with the columns customer,card.
The keys make it safe to run again after an interruption: accepted orders are not sent twice.
"""

import csv
import sys
from collections.abc import Iterator

from producer import CardCommands, SetDefaultCard


def rows(path: str) -> Iterator[tuple[SetDefaultCard, str]]:
    """Orders with their keys; a line that is no order is reported and skipped."""
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        for row in reader:
            try:
                order = SetDefaultCard(customer=row["customer"], card=row["card"])
            except ValueError:
                print("not an order: line", reader.line_num, file=sys.stderr)
                continue
            yield order, f"migration-1/{row['customer']}"


with CardCommands.from_env() as cards:
    for handle in cards.send_many(
        rows(sys.argv[1]),
        on_refused=lambda item, refusal: print("refused", item, refusal, file=sys.stderr),
    ):
        print(handle.id, handle.order.customer, "known" if handle.known else "accepted")
