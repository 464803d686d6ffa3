"""One handler for each command, and the reads."""

from worker.handlers.assign_card import AssignCardHandler
from worker.handlers.list_cards import list_cards
from worker.handlers.read_customer import read_customer
from worker.handlers.set_default_card import SetDefaultCardHandler

__all__ = ["AssignCardHandler", "SetDefaultCardHandler", "list_cards", "read_customer"]
